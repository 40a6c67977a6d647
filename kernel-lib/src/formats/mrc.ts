import { InputError, throwIfStopped } from "../errors";
import { beginTask } from "../progress";
import { type ByteSource, memoryFor, openSource } from "./fileSource";
import { headerBytes, type MrcHeader, parseHeader } from "./mrcHeader";
import { type ByteSign, declaredLayout, type FoundValues, findValues } from "./mrcLayout";
import { decodeValues, findNotFinite } from "./mrcValues";

export type { MrcHeader } from "./mrcHeader";
export type { ByteSign } from "./mrcLayout";
export { createStack, type StackWriter } from "./mrcWriter";

/**
 * An open MRC, MRCS, MAP or CCP4 file. Sections (images of a stack, XY planes of a volume) are read on demand; compressed
 * files (gzip, bzip2) are decompressed on opening.
 */
export interface MrcFile {
  /** The path, as given. */
  readonly file: string;
  /** The header, in the order of axes of the file. */
  readonly header: MrcHeader;
  /** Number of values along X, Y and Z, independent of the order of axes in the file. */
  readonly size: readonly [number, number, number];
  /** Å per pixel along X; undefined if the header does not say. */
  readonly apix: number | undefined;
  /** Assumptions that were made and data that is ignored; each names the file. */
  readonly warnings: readonly string[];
  /**
   * Reads sections `first` to `first + count − 1`, counted from 0, as [count · ny · nx] with x fastest.
   * @param space memory of at least 4 bytes per value, which the result may share; avoids allocations in repeated reads
   * @throws InputError if sections are out of range, the file ends early, or a value is NaN or infinite
   */
  readSections(first: number, count: number, space?: ArrayBuffer): Promise<Float32Array>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** Options of {@link openMrc}. */
export interface OpenMrcOptions {
  /**
   * How bytes of mode 0 are read. Default: as IMOD's stamp says; without a stamp as unsigned, with a warning, if the values
   * only make sense so, otherwise as signed.
   */
  bytes?: ByteSign | undefined;
  /** Stops the opening. Default: in a notebook, set when the cell is interrupted. */
  signal?: AbortSignal | undefined;
}

/**
 * Opens an MRC file and checks its length against the header. Whether sections are images or planes of a volume is not
 * checked: the space group (word 23) should tell, but many programs write it wrong.
 *
 * @throws InputError if the file is missing, not an MRC file, of an unsupported mode, too short, or longer than its header says
 *   so that the start of its values is unclear
 * @example
 * ```ts
 * const stack = await e2.formats.openMrc("particles.mrcs");
 * const [nx, ny, images] = stack.size;
 * const first = await stack.readSections(0, 1);
 * console.log(`${images} images of ${nx} × ${ny} pixels; the first pixel is ${first[0]}`);
 * await stack.close();
 * ```
 */
export async function openMrc(file: string, given: OpenMrcOptions = {}): Promise<MrcFile> {
  const options = beginTask(given);
  const { signal } = options;
  const expectedBytes = (start: Uint8Array) => declaredLayout(parseHeader(start, file), file).fileBytes;
  const source = await openSource(file, { signal, expectedBytes });
  try {
    const header = parseHeader(await source.read(0, headerBytes), file);
    const read = (from: number, to: number) => source.read(from, to - from);
    const found = await findValues({ file, header, size: source.size, read, bytes: options.bytes });
    const opened = new OrderedFile({ file, source, header, ...found });
    return header.axes.join() === "1,2,3" ? opened : await readPermuted(opened, signal);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Whether a number from a header is plausible as Å per pixel; uninitialised headers may contain anything. */
export const isPixelSize = (apix: number) => apix >= 0.01 && apix <= 10_000;

/** Å per pixel along X, Y and Z; undefined if the header does not say. */
function pixelSizes(header: MrcHeader): (number | undefined)[] {
  // Words 8–13 are in the order X, Y, Z, independent of the order of axes.
  const size = sizeAlongAxes(header);
  const pixels = header.cell.map((cell, i) => cell / (header.sampling[i] || size[i]!));
  return pixels.map((pixel) => (isPixelSize(pixel) ? pixel : undefined));
}

/** Å per pixel of images; undefined if the header does not say, or differs by more than 1 % between X and Y. */
export function squarePixelSize({ header }: MrcFile): number | undefined {
  const [x, y] = pixelSizes(header);
  return x !== undefined && y !== undefined && Math.abs(y / x - 1) > 0.01 ? undefined : x;
}

interface OpenedFile extends FoundValues {
  file: string;
  source: ByteSource;
  header: MrcHeader;
}

class OrderedFile implements MrcFile {
  readonly size: readonly [number, number, number];
  readonly apix: number | undefined;
  readonly file: string;
  readonly header: MrcHeader;
  readonly warnings: readonly string[];

  constructor(private readonly opened: OpenedFile) {
    const { file, header, warnings } = opened;
    this.file = file;
    this.header = header;
    this.warnings = warnings;
    this.size = [header.nc, header.nr, header.ns];
    this.apix = pixelSizes(header)[0];
  }

  async readSections(first: number, count: number, space?: ArrayBuffer): Promise<Float32Array> {
    checkRange(this, first, count);
    const { source, layout } = this.opened;
    const bytes = count * layout.sectionBytes;
    const start = layout.dataStart + first * layout.sectionBytes;
    const raw = await source.read(start, bytes, space ?? memoryFor(bytes, this.file));
    if (raw.length < bytes) {
      const place = `${this.file}: section ${first + Math.floor(raw.length / layout.sectionBytes) + 1}`;
      throw new InputError(place, `${layout.sectionBytes} bytes`, `only ${raw.length % layout.sectionBytes}`);
    }
    const values = decodeValues(raw, this.header, layout.signed);
    // Only floating-point modes can hold NaN.
    if (this.header.mode === 2 || this.header.mode === 12) checkFinite(values, this, first);
    return values;
  }

  close(): Promise<void> {
    return this.opened.source.close();
  }
}

/** Number of values along X, Y and Z. */
function sizeAlongAxes(header: MrcHeader): [number, number, number] {
  const extent = [header.nc, header.nr, header.ns];
  return [1, 2, 3].map((axis) => extent[header.axes.indexOf(axis)]!) as [number, number, number];
}

/** A file with permuted axes: read at once, since sections of its array are not sections along Z. */
async function readPermuted(inFile: OrderedFile, signal: AbortSignal | undefined): Promise<MrcFile> {
  const { file, header, warnings, apix } = inFile;
  throwIfStopped(signal);
  const values = await inFile.readSections(0, header.ns);
  // Strides of X, Y and Z in the file.
  const place = [1, 2, 3].map((axis) => header.axes.indexOf(axis));
  const size = sizeAlongAxes(header);
  const [nx, ny, nz] = size;
  const fileStride = [1, header.nc, header.nc * header.nr];
  const [sx, sy, sz] = place.map((i) => fileStride[i]!) as [number, number, number];
  const data = new Float32Array(values.length);
  let to = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) data[to++] = values[x * sx + y * sy + z * sz]!;
    }
  }
  const permuted: MrcFile = {
    file,
    header,
    size,
    apix,
    warnings,
    readSections: async (first, count) => {
      checkRange(permuted, first, count);
      return data.slice(first * nx * ny, (first + count) * nx * ny);
    },
    close: () => inFile.close(),
  };
  return permuted;
}

function checkRange(file: MrcFile, first: number, count: number): void {
  const sections = file.size[2];
  if (
    !(Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count >= 0) ||
    first + count > sections
  ) {
    throw new InputError(
      file.file,
      `sections 1 to ${sections}`,
      `${first + 1} to ${first + count} asked for`,
    );
  }
}

function checkFinite(values: Float32Array, file: MrcFile, first: number): void {
  const bad = findNotFinite(values);
  if (bad < 0) return;
  const { nc, nr } = file.header;
  const section = Math.floor(bad / (nc * nr));
  const inSection = bad - section * nc * nr;
  const pixel = `x ${inSection % nc}, y ${Math.floor(inSection / nc)}`;
  throw new InputError(
    `${file.file}: section ${first + section + 1}`,
    "finite values",
    `${values[bad]} at pixel ${pixel} (counted from 0)`,
  );
}
