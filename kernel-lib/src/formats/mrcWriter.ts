import { AtomicFile } from "../atomicWrite";
import { notFinite } from "../finite";
import { packageVersion } from "../version";
import { formatHeader, headerBytes, type NewHeader } from "./mrcHeader";
import { findNotFinite } from "./mrcValues";

/** Writes a stack of images. */
export interface StackWriter {
  /** Appends images, [n · ny · nx]. @throws InputError for values that are not finite */
  append(images: Float32Array): Promise<void>;
  /** Completes the file and renames it to its final name. */
  close(): Promise<void>;
  /** Deletes the unfinished file. Does nothing after {@link close}. */
  abort(): Promise<void>;
}

/**
 * Creates a stack of float32 images, written atomically: it gets its name when closed.
 *
 * @param options.size nx and ny of an image
 * @param options.apix Å per pixel
 */
export async function createStack(
  file: string,
  options: { size: readonly [number, number]; apix: number },
): Promise<StackWriter> {
  const [nx, ny] = options.size;
  const writer = await MrcWriter.create(file, [nx, ny]);
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

/** Writes an MRC file atomically: first the values, then the header with the number of sections and the statistics. */
export class MrcWriter {
  private count = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sum = 0;
  private squares = 0;

  private constructor(
    private readonly file: AtomicFile,
    private readonly target: string,
    private readonly size: readonly number[],
  ) {}

  /** @param size nx and ny, for messages about values */
  static async create(target: string, size: readonly number[]): Promise<MrcWriter> {
    const file = await AtomicFile.create(target);
    try {
      await file.append(new Uint8Array(headerBytes));
    } catch (error) {
      await file.discard();
      throw error;
    }
    return new MrcWriter(file, target, size);
  }

  private place(index: number): string {
    const [nx, ny] = this.size as [number, number];
    return `the pixel ${index % nx}, ${Math.floor(index / nx) % ny} of section ${Math.floor(index / (nx * ny)) + 1}`;
  }

  /** Appends values. @throws InputError for the first that is not finite */
  async write(values: Float32Array): Promise<void> {
    const bad = findNotFinite(values);
    if (bad >= 0) throw notFinite(this.target, this.place(this.count + bad), values[bad]!);
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

  /** Writes the header and renames the file to its target. */
  async finish(header: Omit<NewHeader, "statistics">): Promise<void> {
    const { apix, origin = [0, 0, 0] } = header;
    for (const value of [apix, ...origin]) {
      if (!Number.isFinite(value)) throw notFinite(this.target, "the pixel size or the origin", value);
    }
    const n = Math.max(1, this.count);
    const mean = this.sum / n;
    const rms = Math.sqrt(Math.max(0, this.squares / n - mean * mean));
    const empty = this.count === 0;
    const statistics = { min: empty ? 0 : this.min, max: empty ? 0 : this.max, mean, rms };
    // The version first, so that every file says what wrote it
    const labels = [`e2gmm ${packageVersion}`, ...(header.labels ?? [])];
    await this.file.writeAt(formatHeader({ ...header, labels, statistics }), 0);
    await this.file.commit();
  }

  /** Deletes the unfinished file. Does nothing after {@link finish}. */
  abort(): Promise<void> {
    return this.file.discard();
  }
}
