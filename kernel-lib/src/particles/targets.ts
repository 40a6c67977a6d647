import { throwIfStopped } from "../errors";
import { disc } from "../fourier/disc";
import { ringsOfBox, type TrainingBox } from "../fourier/trainingBox";
import { availableMemory } from "../memoryLimit";
import { inParallel } from "../parallel";
import { beginTask, type TaskOptions } from "../progress";
import { ParticleTransforms } from "./images/particleTransforms";
import type { ParticleSet } from "./particleSet";

/** Particles as the training reads them: poses, and transforms whose rings have norm 1. */
export interface ParticleTargets extends TrainingBox {
  readonly count: number;
  /** A number for the image of each particle, the same for those that show the same image; undefined where none do. */
  readonly images?: Int32Array | undefined;
  /** Rotation matrices reference → image, [count · 9]. */
  readonly rotations: Float32Array;
  /** Shifts in box units, [count · 2]. */
  readonly shifts: Float32Array;
  /** Mean of CTF² over each ring, [count · (K + 1)]; 1 without a CTF. */
  readonly ctfPower: Float32Array;
  /** Whether all transforms are in memory; if not, {@link batch} reads images. */
  readonly inMemory: boolean;
  /**
   * Transforms of some particles, [n · samples · 2] in the layout of `Disc`: phases flipped, origin at pixel S/2,
   * each ring divided by its norm (a ring of zeros stays zero). The array belongs to the caller.
   *
   * @param space where given and long enough, they are put there: an array of megabytes for each step of a training
   *   keeps the garbage collector busier than the step is worth
   * @throws InputError for broken images; Error when a worker thread died
   */
  batch(indices: ArrayLike<number>, space?: Float32Array): Promise<Float32Array>;
  /** Ends worker threads. Transforms that are not in memory cannot be had afterwards. */
  dispose(): Promise<void>;
}

export interface TargetOptions extends TaskOptions {
  /** S of the training box. */
  boxSize: number;
  /** K ≤ ⌊(S − 1)/2⌋. */
  rings: number;
  /** Bytes of transforms that may be held in memory. Default: a quarter of the memory that the process may have. */
  memoryBudget?: number;
  /** Whether images have been phase flipped already. Default: as the particle file says. */
  phaseFlipped?: boolean;
  /** Worker threads that transform images; few particles need none. Default: one per core, at most 8. */
  threads?: number;
}

/** In the first pass, particles that go to a thread together: so many, but not more bytes of pixels than this. */
const CHUNK = 256;
const CHUNK_BYTES = 2 ** 23;
/** A batch is divided evenly among the threads, but not into smaller parts than this. */
const SMALLEST_PART = 8;

/**
 * Reads, transforms and phase flips the particles. Transforms are held in memory where they fit the budget; otherwise
 * each batch is made anew from the images. The calling thread reads, worker threads transform; results do not depend on
 * their number.
 *
 * Images need no normalisation: every ring is divided by its norm, and the origin (the mean) is not used. Images that
 * were multiplied by their CTF already have the right signs and are left as they are.
 *
 * @throws InputError for broken images and stacks, and where the file has no angles
 */
export async function prepareTargets(set: ParticleSet, given: TargetOptions): Promise<ParticleTargets> {
  const options = beginTask(given);
  const { boxSize, rings, memoryBudget = availableMemory() / 4, signal, onProgress } = options;
  if (!(rings >= 1 && rings <= ringsOfBox(boxSize))) {
    throw new RangeError(
      `rings: expected 1 to ${ringsOfBox(boxSize)} for a box of ${boxSize}, found ${rings}`,
    );
  }
  const edge = set.boxSize * set.apix;
  const rotations = set.rotations();
  const shifts = set.shifts().map((t) => t / edge);
  const { count } = set;
  const width = 2 * disc(rings).samples;
  const inMemory = count * width * 4 <= memoryBudget;
  const { phaseFlipped, threads } = options;
  const source = new ParticleTransforms({ rings, edge, count, phaseFlipped, threads });
  const ctfPower = new Float32Array(count * (rings + 1)).fill(1);
  const widest = Math.max(...set.opticsGroups.map((group) => group.boxSize));
  const chunk = Math.max(1, Math.min(CHUNK, Math.floor(CHUNK_BYTES / (4 * widest * widest))));
  const held: Float32Array[] = [];
  let done = 0;
  try {
    await set.checkStacks({ ...(signal && { signal }) });
    const starts = Array.from({ length: Math.ceil(count / chunk) }, (_, i) => i * chunk);
    await inParallel(starts, source.threads + 1, async (from, i) => {
      throwIfStopped(signal);
      const indices = Int32Array.from({ length: Math.min(chunk, count - from) }, (_, j) => from + j);
      const part = set.select(indices);
      if (inMemory) {
        const { transforms, power } = await source.transformsAndPower(part);
        held[i] = transforms;
        ctfPower.set(power, from * (rings + 1));
      } else {
        ctfPower.set(await source.power(part), from * (rings + 1));
      }
      done += indices.length;
      onProgress?.({ task: "reading particles", done, total: count });
    });
  } catch (error) {
    await source.dispose();
    throw error;
  }
  if (inMemory) await source.dispose();

  const roomFor = (particles: number, space: Float32Array | undefined) =>
    space && space.length >= particles * width
      ? space.subarray(0, particles * width)
      : new Float32Array(particles * width);

  async function gathered(indices: ArrayLike<number>, space?: Float32Array): Promise<Float32Array> {
    const out = roomFor(indices.length, space);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!;
      if (!(index >= 0 && index < count)) {
        throw new RangeError(`index: expected 0 to ${count - 1}, found ${index}`);
      }
      const part = held[Math.floor(index / chunk)]!;
      const at = (index % chunk) * width;
      out.set(part.subarray(at, at + width), i * width);
    }
    return out;
  }

  async function streamed(indices: ArrayLike<number>, space?: Float32Array): Promise<Float32Array> {
    const out = roomFor(indices.length, space);
    if (indices.length === 0) return out;
    const all = set.select(indices);
    const even = Math.ceil(all.count / Math.max(1, source.threads));
    const size = Math.min(chunk, Math.max(SMALLEST_PART, even));
    const starts = Array.from({ length: Math.ceil(all.count / size) }, (_, i) => i * size);
    await inParallel(starts, source.threads + 1, async (from) => {
      const part = Int32Array.from({ length: Math.min(size, all.count - from) }, (_, i) => from + i);
      await source.write(all.select(part), out, from * width);
    });
    return out;
  }

  return {
    count,
    images: set.images,
    boxSize,
    apix: edge / boxSize,
    rings,
    rotations,
    shifts,
    ctfPower,
    inMemory,
    batch: inMemory ? gathered : streamed,
    dispose: () => source.dispose(),
  };
}
