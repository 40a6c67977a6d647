import { InputError } from "e2gmm/errors";
import { numpyHeaderBytes, numpyStartBytes, parseNumpyHeader } from "e2gmm/formats/numpyHeader";
import { starOfCs } from "./csText.js";
import { formatBytes, type RemoteFile, readRange, type TakePiece } from "./remoteFile.js";
import { Slices } from "./slices.js";
import { StarViewer } from "./starViewer.js";

/** A particle file of cryoSPARC as a table: the same as that of a STAR file, into whose form it is brought. */
export class CsViewer extends StarViewer {
  protected override async load(file: RemoteFile, signal: AbortSignal): Promise<void> {
    const start = await readRange(file, 0, Math.min(numpyStartBytes, file.size), signal);
    const headerBytes = numpyHeaderBytes(start);
    if (headerBytes === undefined || headerBytes > file.size) {
      throw new InputError(
        file.name,
        "a particle file of cryoSPARC, which is a NumPy array",
        `${whatItIs(start)}; “Open With” in the menu of the file has other views`,
      );
    }
    const header = parseNumpyHeader(await readRange(file, 0, headerBytes, signal), file.name);
    const limit = Math.min(file.size, this.input.settings.starMegabytes * 1e6);
    const rows = Math.min(
      header.count,
      Math.max(0, Math.floor((limit - header.dataStart) / header.rowBytes)),
    );
    const end = header.dataStart + rows * header.rowBytes;
    const data = await readRange(file, header.dataStart, end, signal);
    const bytes = await starOfCs(header, data, rows, new Slices(signal));
    const fields = `${header.fields.length} fields of cryoSPARC, ${formatBytes(file.size)}`;
    await super.load(new StarForm(file.name, bytes, fields), signal);
    if (rows === header.count) return;
    const whole = header.dataStart + header.count * header.rowBytes;
    this.showProblem(
      file.size < whole
        ? `The file ends early: ${rows} of the ${header.count} rows that its header promises are there.`
        : `Only the first ${rows} of ${header.count} rows are shown (a setting).`,
    );
  }
}

/** The first bytes in words. */
function whatItIs(start: Uint8Array): string {
  const text = String.fromCharCode(...start);
  if (/CSDAT/.test(text))
    return "one that cryoSPARC has compressed (CSDAT), which can be exported uncompressed";
  return start.every((byte) => byte >= 9 && byte < 127) ? "text, such as a program in C#" : "something else";
}

/** Text that was made of a file, as a file. */
class StarForm implements RemoteFile {
  readonly size: number;

  constructor(
    readonly name: string,
    private readonly bytes: Uint8Array,
    readonly about: string,
  ) {
    this.size = bytes.length;
  }

  async stream(from: number, to: number, take: TakePiece, signal?: AbortSignal): Promise<void> {
    const step = 2 ** 20;
    for (let at = from; at < to; at += step) {
      signal?.throwIfAborted();
      await take(this.bytes.subarray(at, Math.min(to, at + step)));
    }
  }
}
