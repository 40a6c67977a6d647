import path from "node:path";
import { InputError, throwIfStopped } from "../../errors";
import type { ImageStack } from "../../formats/imageStack";
import { type Resampler, resampler } from "../../fourier/resample";
import { inParallel } from "../../parallel";
import type { TaskOptions } from "../../progress";
import type { OpticsGroup } from "../metadata/metadata";
import type { ParticleFile } from "../particleFile";
import { readSections } from "./stackReader";

/** Image stacks that are read at the same time. */
const maxParallelStacks = 8;

/**
 * Receives an image: its index in the requested rows, an array that holds its pixels from index `from` (valid during the call
 * only), and its size in pixels.
 */
export type VisitImage = (i: number, values: Float32Array, from: number, size: number) => void;

/** Reads the images of rows of a particle file. */
export class ImageReader {
  constructor(private readonly source: ParticleFile) {}

  /**
   * Images in the box of the reference group, [n · S · S]; see `ParticleSet.readImages`.
   * @param reference the optics group whose box and pixel size are used
   */
  async readResampled(rows: ArrayLike<number>, reference: OpticsGroup): Promise<Float32Array> {
    const { boxSize, apix } = reference;
    const pixels = boxSize * boxSize;
    const out = new Float32Array(rows.length * pixels);
    const resamplers = new Map<OpticsGroup, Resampler>();
    await this.visit(rows, (i, values, from, size) => {
      const group = this.groupOf(rows[i]!);
      if (size === boxSize && Math.abs(group.apix / apix - 1) <= 1e-3) {
        out.set(values.subarray(from, from + pixels), i * pixels);
        return;
      }
      let resample = resamplers.get(group);
      if (!resample) {
        resample = resampler({ boxSize: size, apix: group.apix }, reference);
        resamplers.set(group, resample);
      }
      resample(values, from, out, i * pixels);
    });
    return out;
  }

  /** Images in the pixels of their optics group, which must be `group` for all of them, [n · S · S]. */
  async readOfGroup(rows: ArrayLike<number>, group: OpticsGroup): Promise<Float32Array> {
    const pixels = group.boxSize ** 2;
    const out = new Float32Array(rows.length * pixels);
    await this.visit(rows, (i, values, from, size) => {
      out.set(values.subarray(from, from + size * size), i * pixels);
    });
    return out;
  }

  /**
   * Reads images stack by stack, in their order in the stack, and passes each on.
   * @throws InputError if a stack is missing or broken, an image is missing or not finite, or a size differs from the file's
   */
  async visit(rows: ArrayLike<number>, visit: VisitImage): Promise<void> {
    const { stacks, section, contrast } = this.source.metadata;
    const { invertContrast, reader } = this.source;
    await inParallel([...this.byStack(rows)], maxParallelStacks, ([index, places]) =>
      reader.use(stacks[index]!, async (file) => {
        const size = file.size[0];
        for (const place of places) this.checkImage(rows[place]!, file);
        const sections = places.map((place) => section[rows[place]!]!);
        await readSections(file, sections, (i, values, from) => {
          const place = places[i]!;
          if ((contrast?.[rows[place]!] === -1) !== invertContrast) {
            const image = values.slice(from, from + size * size).map((v) => -v);
            visit(place, image, 0, size);
          } else {
            visit(place, values, from, size);
          }
        });
      }),
    );
  }

  /**
   * Opens every stack once, and checks that it holds the image of each row in the expected size.
   * @throws InputError for the first that is missing, broken or different; StoppedError
   */
  async checkStacks(rows: ArrayLike<number>, { signal, onProgress }: TaskOptions): Promise<void> {
    const groups = this.byStack(rows);
    let done = 0;
    await inParallel([...groups], maxParallelStacks, async ([index, places]) => {
      throwIfStopped(signal);
      const check = async (file: ImageStack) => {
        for (const place of places) this.checkImage(rows[place]!, file);
      };
      await this.source.reader.use(this.source.metadata.stacks[index]!, check, signal);
      onProgress?.({ task: "checking image stacks", done: ++done, total: groups.size });
    });
  }

  private groupOf(row: number): OpticsGroup {
    const { opticsGroups, opticsGroup } = this.source.metadata;
    return opticsGroups[opticsGroup[row]!]!;
  }

  /** Indices of the rows of each stack, stacks in the order of their first row. */
  private byStack(rows: ArrayLike<number>): Map<number, number[]> {
    const { stack } = this.source.metadata;
    const groups = new Map<number, number[]>();
    for (let i = 0; i < rows.length; i++) {
      const index = stack[rows[i]!]!;
      const places = groups.get(index);
      if (places) places.push(i);
      else groups.set(index, [i]);
    }
    return groups;
  }

  /** @throws InputError unless the stack holds the image of a row in the size of its optics group */
  private checkImage(row: number, stack: ImageStack): void {
    const { metadata, reader } = this.source;
    const [size, , images] = stack.size;
    if (metadata.unnumbered?.[row] === 1 && images > 1) {
      throw new InputError(
        `${metadata.where(row)}, column _rlnImageName`,
        `an image number before @, since ${path.basename(stack.file)} holds ${images} images`,
        `a name alone${images === size ? " (subtomograms, which are volumes, are not read)" : ""}`,
      );
    }
    if (metadata.section[row]! >= images) {
      const found = `number ${metadata.section[row]! + 1}`;
      const expected = `an image from 1 to ${images} of ${path.basename(stack.file)}`;
      throw new InputError(metadata.where(row), expected, found);
    }
    const group = this.groupOf(row);
    if (group.boxSize !== size) {
      const expected = `images of ${group.boxSize}×${group.boxSize} pixels, the size of ${group.name} in ${metadata.file}`;
      throw new InputError(stack.file, expected, `${size}×${size}`);
    }
    if (this.source.apix === undefined) reader.checkPixelSize(stack, group.apix);
  }
}
