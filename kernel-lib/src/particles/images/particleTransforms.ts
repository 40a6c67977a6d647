import { disc } from "../../fourier/disc";
import type { ParticleSet } from "../particleSet";
import { type ImageChunk, type ImageRecord, ImageTransformer, sharedFloats } from "./imageTransformer";
import { defaultTransformThreads, TransformThreads } from "./transformThreads";

/** Fewer particles than this are transformed before threads have started. */
const minThreadedParticles = 64;

/** Options of {@link ParticleTransforms}. */
export interface ParticleTransformOptions {
  /** K of the disc. */
  rings: number;
  /** Length in Å of the box that the disc belongs to. */
  boxLength: number;
  /** Particles that will be requested in total; few are transformed in the calling thread. */
  count: number;
  /** Whether images are already phase flipped. Default: as in the particle file. */
  phaseFlipped?: boolean | undefined;
  /** Worker threads. Default: one per core, at most 8. */
  threads?: number | undefined;
}

/** Reads particle images and transforms them in worker threads, which start when they are first needed. */
export class ParticleTransforms {
  /** Worker threads; 0 if the calling thread transforms. */
  readonly threads: number;
  private readonly run: (chunk: ImageChunk) => Promise<void>;
  private readonly pool: TransformThreads;
  /** Unused arrays for pixels and transforms: freshly allocated memory costs more than the transforms. */
  private readonly spare = { pixels: [] as Float32Array[], transforms: [] as Float32Array[] };

  /** @throws RangeError for an invalid number of threads */
  constructor(private readonly options: ParticleTransformOptions) {
    const { rings, boxLength, count, threads = defaultTransformThreads() } = options;
    this.pool = new TransformThreads(rings, boxLength, threads);
    if (count >= minThreadedParticles) {
      this.threads = threads;
      this.run = (chunk) => this.pool.run(chunk);
    } else {
      const transformer = new ImageTransformer(rings, boxLength);
      this.threads = 0;
      this.run = async (chunk) => transformer.run(chunk);
    }
  }

  /** Numbers of one transform, 2 · samples. */
  get width(): number {
    return 2 * disc(this.options.rings).samples;
  }

  /** Mean CTF² of the rings of all particles of a set, [particles · (K + 1)]; 1 without a CTF. */
  async power(set: ParticleSet): Promise<Float32Array> {
    const power = this.newPower(set);
    await this.run({ images: this.records(set, true), power });
    return power;
  }

  /**
   * Transforms of all particles of a set, [particles · width], and the mean CTF² of their rings.
   * @throws InputError for broken images; Error if a worker thread died, or after {@link dispose}
   */
  async transformsAndPower(set: ParticleSet): Promise<{ transforms: Float32Array; power: Float32Array }> {
    const power = this.newPower(set);
    const transforms = sharedFloats(set.count * this.width);
    await this.transform(set, { transforms, power });
    return { transforms, power };
  }

  /** Writes the transforms of all particles of a set to `out` from index `to`. @throws as {@link transformsAndPower} */
  async write(set: ParticleSet, out: Float32Array, to: number): Promise<void> {
    const needed = set.count * this.width;
    const transforms = reuse(this.spare.transforms, needed);
    await this.transform(set, { transforms });
    out.set(transforms.subarray(0, needed), to);
    this.spare.transforms.push(transforms);
  }

  private async transform(
    set: ParticleSet,
    results: Pick<ImageChunk, "transforms" | "power">,
  ): Promise<void> {
    const images = this.records(set, results.power !== undefined);
    const starts = new Float64Array(set.count + 1);
    for (const [i, { size }] of images.entries()) starts[i + 1] = starts[i]! + size * size;
    const pixels = reuse(this.spare.pixels, starts[set.count]!);
    const all = Int32Array.from(images, (_, i) => i);
    await set.visitImages(all, (i, values, from, size) => {
      pixels.set(values.subarray(from, from + size * size), starts[i]!);
    });
    await this.run({ ...results, images, pixels });
    this.spare.pixels.push(pixels);
  }

  /** Ends the threads. Nothing can be transformed afterwards. */
  dispose(): Promise<void> {
    this.spare.pixels = [];
    this.spare.transforms = [];
    return this.pool.dispose();
  }

  private newPower(set: ParticleSet): Float32Array {
    return sharedFloats(set.count * (this.options.rings + 1));
  }

  /** @param power whether the power of the CTF is needed, for which phase-flipped images keep their CTF */
  private records(set: ParticleSet, power: boolean): ImageRecord[] {
    return Array.from({ length: set.count }, (_, i) => {
      const group = set.opticsGroup(i);
      const flipped = this.options.phaseFlipped ?? (group.phaseFlipped || group.ctfPremultiplied);
      return {
        size: group.boxSize,
        ratio: (group.boxSize * group.apix) / this.options.boxLength,
        flip: !flipped,
        ctf: flipped && !power ? undefined : set.ctf(i),
      };
    });
  }
}

/** One of the arrays if it is long enough, or a new one. */
function reuse(spare: Float32Array[], length: number): Float32Array {
  const last = spare.pop();
  return last && last.length >= length ? last : sharedFloats(length);
}
