import { InputError } from "e2gmm/errors";
import { numpyHeaderBytes, numpyStartBytes, parseNumpyHeader } from "e2gmm/formats/numpyHeader";
import { starOfCs } from "./csText.js";
import { formatBytes, MemoryFile, type RemoteFile, readRange } from "./remoteFile.js";
import { StarModel } from "./starModel.js";
import { TimeSlices } from "./timeSlices.js";

/** A particle file of cryoSPARC, converted to the text of a STAR file. */
export class CsModel extends StarModel {
  protected override async load(file: RemoteFile, signal: AbortSignal): Promise<void> {
    const start = await readRange(file, 0, Math.min(numpyStartBytes, file.size), { signal });
    const headerBytes = numpyHeaderBytes(start);
    if (headerBytes === undefined || headerBytes > file.size) {
      throw new InputError(
        file.name,
        "a cryoSPARC particle file (NumPy array)",
        `${describeStart(start)}; use “Open With” in the file's menu for other views`,
      );
    }
    const header = parseNumpyHeader(await readRange(file, 0, headerBytes, { signal }), file.name);
    const limit = Math.min(file.size, this.input.settings.starMegabytes * 1e6);
    const fitting = Math.floor((limit - header.dataStart) / header.rowBytes);
    const rows = Math.min(header.count, Math.max(0, fitting));
    const end = header.dataStart + rows * header.rowBytes;
    const data = await readRange(file, header.dataStart, end, { signal });
    const bytes = await starOfCs(header, data, rows, new TimeSlices(signal));
    const about = `${header.fields.length} fields of cryoSPARC, ${formatBytes(file.size)}`;
    await super.load(new MemoryFile(file.name, bytes, about), signal);
    if (rows === header.count) return;
    const whole = header.dataStart + header.count * header.rowBytes;
    this.setProblem(
      file.size < whole
        ? `The file is truncated: it has ${rows} of the ${header.count} rows declared in its header.`
        : `Only the first ${rows} of ${header.count} rows are shown (a setting).`,
    );
  }
}

/** The first bytes in words. */
function describeStart(start: Uint8Array): string {
  const text = String.fromCharCode(...start);
  if (/CSDAT/.test(text)) {
    return "a file compressed by cryoSPARC (CSDAT); export it uncompressed";
  }
  return start.every((byte) => byte >= 9 && byte < 127) ? "text, such as a C# program" : "something else";
}
