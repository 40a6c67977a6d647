import { disc } from "../../fourier/disc";
import type { ParticleSet } from "../particleSet";
import { type ImageChunk, type ImageRecord, ImageTransformer, sharedFloats } from "./imageTransformer";
import { defaultTransformThreads, TransformThreads } from "./transformThreads";

/** Fewer particles than this are done before threads are up. */
const WORTH_THREADS = 64;

export interface ParticleTransformOptions {
  /** K of the disc on which transforms are taken. */
  rings: number;
  /** Edge in Å of the box that the disc belongs to. */
  edge: number;
  /** Particles that will be asked for, altogether; a few are done in the calling thread. */
  count: number;
  /** Whether images have been phase flipped already. Default: as the particle file says. */
  phaseFlipped?: boolean | undefined;
  /** Worker threads. Default: one per core, at most 8. */
  threads?: number | undefined;
}

/**
 * Reads particles' images, and has worker threads make transforms of them. Threads start when they are needed, and keep no
 * process alive that has nothing else to do.
 */
export class ParticleTransforms {
  /** Worker threads, or 0 where the calling thread does it all. */
  readonly threads: number;
  private readonly run: (chunk: ImageChunk) => Promise<void>;
  private readonly pool: TransformThreads;
  /** Arrays that are not in use, for pixels and for transforms of which the caller has a copy. */
  private readonly spare = { pixels: [] as Float32Array[], transforms: [] as Float32Array[] };

  /** @throws RangeError for a number of threads that is none */
  constructor(private readonly options: ParticleTransformOptions) {
    const { rings, edge, count, threads = defaultTransformThreads() } = options;
    this.pool = new TransformThreads(rings, edge, threads);
    if (count >= WORTH_THREADS) {
      this.threads = threads;
      this.run = (chunk) => this.pool.run(chunk);
    } else {
      const transformer = new ImageTransformer(rings, edge);
      this.threads = 0;
      this.run = async (chunk) => transformer.run(chunk);
    }
  }

  /** The mean CTF² of the rings of all particles of a set, [particles · (K + 1)]; 1 without a CTF. */
  async power(set: ParticleSet): Promise<Float32Array> {
    const power = this.newPower(set);
    await this.run({ images: this.records(set, true), power });
    return power;
  }

  /**
   * Transforms of all particles of a set, and the mean CTF² of their rings.
   * @throws InputError for broken images; Error when a worker thread died, or after {@link dispose}
   */
  async transformsAndPower(set: ParticleSet): Promise<{ transforms: Float32Array; power: Float32Array }> {
    const power = this.newPower(set);
    const transforms = sharedFloats(set.count * this.width);
    await this.transform(set, { transforms, power });
    return { transforms, power };
  }

  /** Writes the transforms of all particles of a set to `out` from `to` on. @throws as {@link transformsAndPower} */
  async write(set: ParticleSet, out: Float32Array, to: number): Promise<void> {
    const needed = set.count * this.width;
    const transforms = take(this.spare.transforms, needed);
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
    const pixels = take(this.spare.pixels, starts[set.count]!);
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

  /** Numbers of one transform. */
  private get width(): number {
    return 2 * disc(this.options.rings).samples;
  }

  private newPower(set: ParticleSet): Float32Array {
    return sharedFloats(set.count * (this.options.rings + 1));
  }

  /** @param power  whether the CTF is needed for its power, even where it is not for its sign */
  private records(set: ParticleSet, power: boolean): ImageRecord[] {
    return Array.from({ length: set.count }, (_, i) => {
      const group = set.opticsGroup(i);
      const flipped = this.options.phaseFlipped ?? (group.phaseFlipped || group.ctfPremultiplied);
      return {
        size: group.boxSize,
        ratio: (group.boxSize * group.apix) / this.options.edge,
        flip: !flipped,
        ctf: flipped && !power ? undefined : set.ctf(i),
      };
    });
  }
}

/** One of these arrays that is long enough, or a new one. Memory that is fresh from the system costs more than transforms do. */
function take(spare: Float32Array[], length: number): Float32Array {
  const last = spare.pop();
  return last && last.length >= length ? last : sharedFloats(length);
}
