import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { beginTask, type TaskOptions } from "../progress";
import { PassingFile } from "../writeBeside";
import {
  bytesPerValue,
  formatHeader,
  headerBytes,
  type MrcHeader,
  type NewHeader,
  parseHeader,
} from "./mrcHeader";
import { type ByteSource, openSource } from "./mrcSource";
import { decodeValues, findNotFinite } from "./mrcValues";
import type { Volume } from "./volume";

export type { MrcHeader } from "./mrcHeader";

/**
 * An open MRC, MRCS, MAP or CCP4 file, of which sections (the images of a stack, the XY planes of a volume) are read
 * when asked for. Compressed files (gzip, bzip2) are unpacked when opened.
 */
export interface MrcFile {
  /** The path as it was given. */
  readonly file: string;
  readonly header: MrcHeader;
  /** Columns along X, rows along Y, sections along Z, whatever the order of axes in the file. */
  readonly size: readonly [number, number, number];
  /** Å per pixel along X, or undefined where the header does not say. */
  readonly apix: number | undefined;
  /**
   * Sections `first` to `first + count − 1`, counted from 0, as [count · ny · nx] with x fastest.
   * @param space  at least 4 bytes for each value, in which the result may then lie: to read often without taking new memory
   * @throws InputError where the file ends early or holds a value that is NaN or infinite
   */
  readSections(first: number, count: number, space?: ArrayBuffer): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens an MRC file and checks that it holds as many values as its header promises. Whether its sections are images
 * or planes of a volume is for the caller to know: the space group (word 23) tells, but many programs write it wrong.
 *
 * @throws InputError when the file is missing, no MRC file, of a mode that cannot be read, or too short
 */
export async function openMrc(file: string): Promise<MrcFile> {
  const source = await openSource(file);
  try {
    const header = parseHeader(await source.read(0, headerBytes), file);
    const bytes = bytesPerValue(header.mode, file);
    const section = header.nc * header.nr * bytes;
    const expected = headerBytes + header.extendedBytes + section * header.ns;
    if (source.size < expected) {
      const whole = Math.max(0, Math.floor((source.size - headerBytes - header.extendedBytes) / section));
      throw new InputError(
        file,
        `${expected} bytes for ${header.ns} sections of ${header.nc}×${header.nr} in mode ${header.mode}`,
        `${source.size} bytes, which hold ${whole} whole sections`,
      );
    }
    const inOrder = header.axes.join() === "1,2,3";
    return inOrder
      ? new OrderedFile(file, source, header, bytes)
      : await readPermuted(file, source, header, bytes);
  } catch (error) {
    await source.close();
    throw error;
  }
}

function pixelSize(header: MrcHeader, size: readonly number[]): number | undefined {
  const apix = header.cell[0] / (header.sampling[0] || size[0]!);
  return apix > 0 && Number.isFinite(apix) ? apix : undefined;
}

class OrderedFile implements MrcFile {
  readonly size: readonly [number, number, number];
  readonly apix: number | undefined;

  constructor(
    readonly file: string,
    private readonly source: ByteSource,
    readonly header: MrcHeader,
    private readonly bytes: number,
  ) {
    this.size = [header.nc, header.nr, header.ns];
    this.apix = pixelSize(header, this.size);
  }

  async readSections(first: number, count: number, space?: ArrayBuffer): Promise<Float32Array> {
    checkRange(this, first, count);
    const { nc, nr, extendedBytes } = this.header;
    const section = nc * nr * this.bytes;
    const start = headerBytes + extendedBytes + first * section;
    const raw = await this.source.read(start, count * section, space);
    if (raw.length < count * section) {
      const place = `${this.file}: section ${first + Math.floor(raw.length / section) + 1}`;
      throw new InputError(place, `${section} bytes`, `only ${raw.length % section}`);
    }
    const values = decodeValues(raw, this.header);
    // Only floating point can hold what is no number.
    if (this.header.mode === 2 || this.header.mode === 12) checkFinite(values, this, first);
    return values;
  }

  close(): Promise<void> {
    return this.source.close();
  }
}

/** A file whose axes are in another order: read whole, since a section of its array is no section along Z. */
async function readPermuted(
  file: string,
  source: ByteSource,
  header: MrcHeader,
  bytes: number,
): Promise<MrcFile> {
  const inFile = new OrderedFile(file, source, header, bytes);
  const values = await inFile.readSections(0, header.ns);
  const extent = [header.nc, header.nr, header.ns];
  // Place in the file's order of each of X, Y, Z, and how far apart its neighbours are there.
  const place = [1, 2, 3].map((axis) => header.axes.indexOf(axis));
  const [nx, ny, nz] = place.map((i) => extent[i]!) as [number, number, number];
  const fileStride = [1, header.nc, header.nc * header.nr];
  const [sx, sy, sz] = place.map((i) => fileStride[i]!) as [number, number, number];
  const data = new Float32Array(values.length);
  let to = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) data[to++] = values[x * sx + y * sy + z * sz]!;
    }
  }
  const size = [nx, ny, nz] as const;
  const permuted: MrcFile = {
    file,
    header,
    size,
    apix: pixelSize(header, size),
    readSections: async (first, count) => {
      checkRange(permuted, first, count);
      return data.slice(first * nx * ny, (first + count) * nx * ny);
    },
    close: () => source.close(),
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

/**
 * Reads one volume of any size; axes are brought into the order X, Y, Z.
 *
 * @param options.apix  Å per voxel, to be used instead of what the header says; needed where the header says nothing
 * @throws InputError for what {@link openMrc} refuses, a stack of images or of volumes, voxels that are no cubes
 */
export async function readMap(file: string, options: { apix?: number } = {}): Promise<Volume> {
  const mrc = await openMrc(file);
  try {
    const { header, size } = mrc;
    checkIsOneVolume(mrc);
    const apix = options.apix ?? cubicVoxel(mrc);
    const data = await mrc.readSections(0, size[2]);
    // Words 50–52 where somebody set them, else the place of the first voxel in the cell (CCP4, EMDB).
    const startOf = (axis: number) => header.start[header.axes.indexOf(axis)]! * apix;
    const origin = header.origin.some((x) => x !== 0 && Number.isFinite(x))
      ? header.origin
      : ([startOf(1), startOf(2), startOf(3)] as [number, number, number]);
    return { data, size: [...size], apix, origin };
  } finally {
    await mrc.close();
  }
}

function checkIsOneVolume({ file, header, size }: MrcFile): void {
  if (path.extname(file).toLowerCase() === ".mrcs") {
    throw new InputError(file, "a map", `a stack of ${size[2]} images, as its extension says`);
  }
  if (header.spaceGroup >= 401 && header.sampling[2] > 0 && header.sampling[2] < size[2]) {
    const volumes = size[2] / header.sampling[2];
    throw new InputError(file, "one map", `a stack of ${volumes} volumes (space group ${header.spaceGroup})`);
  }
}

/** Å per voxel. @throws InputError when the header does not say, or voxels are no cubes (to 0.1 %) */
function cubicVoxel({ file, header, size, apix }: MrcFile): number {
  if (apix === undefined) {
    throw new InputError(`${file}: words 11–13`, "a cell size, or a pixel size given beside the file", "0");
  }
  const edges = header.cell.map((cell, i) => cell / (header.sampling[i] || size[i]!));
  // A stack of one image has no depth, and writers put anything there.
  const compared = size[2] > 1 ? edges : edges.slice(0, 2);
  if (compared.some((edge) => !(Math.abs(edge - apix) <= 1e-3 * apix))) {
    const found = `${edges.map((edge) => edge.toFixed(4)).join(" × ")} Å`;
    throw new InputError(`${file}: words 8–13`, "cubic voxels", found);
  }
  if (header.angles.some((angle) => angle !== 0 && Math.abs(angle - 90) > 0.01)) {
    const found = header.angles.map((angle) => angle.toFixed(2)).join(", ");
    throw new InputError(`${file}: words 14–16`, "a cell with right angles", `${found} degrees`);
  }
  return apix;
}

/** A stack of images that is written one after the other. */
export interface StackWriter {
  /** Adds the images in `images`, [n · ny · nx]. */
  append(images: Float32Array): Promise<void>;
  /** Completes the file and gives it its name. */
  close(): Promise<void>;
  /** Removes what was written. Does nothing after {@link close}. */
  abort(): Promise<void>;
}

/**
 * Begins a stack of float32 images. It is written beside its place and takes the name `file` when closed, so that
 * nothing unfinished ever has that name.
 *
 * @param options.size  nx, ny of an image
 * @param options.apix  Å per pixel
 */
export async function createStack(
  file: string,
  options: { size: readonly [number, number]; apix: number },
): Promise<StackWriter> {
  const [nx, ny] = options.size;
  const writer = await MrcWriter.create(file);
  let images = 0;
  return {
    async append(values) {
      if (values.length % (nx * ny) !== 0) {
        throw new RangeError(`images: expected a multiple of ${nx}×${ny} values, found ${values.length}`);
      }
      images += values.length / (nx * ny);
      await writer.write(values);
    },
    close: () => writer.finish({ size: [nx, ny, images], apix: options.apix, spaceGroup: 0 }),
    abort: () => writer.abort(),
  };
}

/** Writes a volume as float32, with its pixel size, origin and statistics. The file appears when complete. */
export async function writeMap(
  file: string,
  volume: Volume,
  given: Pick<TaskOptions, "signal"> = {},
): Promise<void> {
  const options = beginTask(given);
  const { data, size, apix, origin } = volume;
  if (data.length !== size[0] * size[1] * size[2]) {
    throw new RangeError(`volume: expected ${size.join("×")} values, found ${data.length}`);
  }
  const writer = await MrcWriter.create(file);
  try {
    // In parts, so that an abort does not wait for the whole of a large map.
    const part = 1 << 24;
    for (let from = 0; from < data.length; from += part) {
      throwIfStopped(options.signal);
      await writer.write(data.subarray(from, Math.min(data.length, from + part)));
    }
    throwIfStopped(options.signal);
    await writer.finish({ size, apix, spaceGroup: 1, ...(origin && { origin }) });
  } finally {
    await writer.abort();
  }
}

/** Writes the values first and the header last, when the number of sections and the statistics are known. */
class MrcWriter {
  private count = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sum = 0;
  private squares = 0;

  private constructor(private readonly file: PassingFile) {}

  static async create(target: string): Promise<MrcWriter> {
    const file = await PassingFile.create(target);
    await file.append(new Uint8Array(headerBytes));
    return new MrcWriter(file);
  }

  async write(values: Float32Array): Promise<void> {
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      if (v < this.min) this.min = v;
      if (v > this.max) this.max = v;
      this.sum += v;
      this.squares += v * v;
    }
    this.count += values.length;
    await this.file.append(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  async finish(header: Omit<NewHeader, "statistics">): Promise<void> {
    const n = Math.max(1, this.count);
    const mean = this.sum / n;
    const rms = Math.sqrt(Math.max(0, this.squares / n - mean * mean));
    const empty = this.count === 0;
    const statistics = { min: empty ? 0 : this.min, max: empty ? 0 : this.max, mean, rms };
    await this.file.writeAt(formatHeader({ ...header, statistics }), 0);
    await this.file.keep();
  }

  abort(): Promise<void> {
    return this.file.drop();
  }
}
