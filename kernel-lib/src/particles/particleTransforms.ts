import {
  type ImageChunk,
  type ImageRecord,
  ImageTransformer,
  type TransformedChunk,
} from "./imageTransformer";
import type { ParticleSet } from "./particleSet";
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
  private readonly run: (chunk: ImageChunk) => Promise<TransformedChunk>;
  private readonly pool: TransformThreads;
  /** Arrays for pixels that are not in use. */
  private readonly spare: Float32Array[] = [];

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

  /**
   * Transforms of all particles of a set, and the mean CTF² of their rings, each where it is wanted.
   * @throws InputError for broken images; Error when a worker thread died, or after {@link dispose}
   */
  async of(set: ParticleSet, wanted: { transforms: boolean; power: boolean }): Promise<TransformedChunk> {
    const images = Array.from({ length: set.count }, (_, i) => this.record(set, i, wanted.power));
    const { power } = wanted;
    if (!wanted.transforms) return this.run({ images, power });
    const starts = new Float64Array(set.count + 1);
    for (const [i, { size }] of images.entries()) starts[i + 1] = starts[i]! + size * size;
    const needed = starts[set.count]!;
    const spare = this.spare.pop();
    const pixels = spare && spare.length >= needed ? spare : new Float32Array(needed);
    const all = Int32Array.from(images, (_, i) => i);
    await set.visitImages(all, (i, values, from, size) => {
      pixels.set(values.subarray(from, from + size * size), starts[i]!);
    });
    const result = await this.run({ images, pixels, power });
    this.spare.push(result.pixels!);
    return result;
  }

  /** Ends the threads. Nothing can be transformed afterwards. */
  dispose(): Promise<void> {
    return this.pool.dispose();
  }

  private record(set: ParticleSet, i: number, power: boolean): ImageRecord {
    const group = set.opticsGroup(i);
    const flipped = this.options.phaseFlipped ?? (group.phaseFlipped || group.ctfPremultiplied);
    return {
      size: group.boxSize,
      ratio: (group.boxSize * group.apix) / this.options.edge,
      flip: !flipped,
      ctf: flipped && !power ? undefined : set.ctf(i),
    };
  }
}
