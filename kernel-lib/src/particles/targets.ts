import { throwIfStopped } from "../errors";
import { ringsOfBox, type TrainingBox } from "../fourier/trainingBox";
import { availableMemory } from "../memoryLimit";
import { inParallel } from "../parallel";
import { beginTask, type TaskOptions } from "../progress";
import { ParticleTransforms } from "./images/particleTransforms";
import { placesOfRows, valuesOfRows } from "./particleRows";
import type { ParticleSet } from "./particleSet";

/** Particles as training reads them: poses, and transforms whose rings have norm 1. */
export interface ParticleTargets extends TrainingBox {
  /** Number of images: of particles, and of tilt series of their tilts. */
  readonly count: number;
  /** The particle of each image, ascending, where particles have several images; see `ParticleSet.tilts`. */
  readonly particleOf?: Int32Array | undefined;
  /** A number for the image of each particle, equal for particles that share an image; undefined if none do. */
  readonly images?: Int32Array | undefined;
  /** Rotation matrices reference → image, [count · 9]. */
  readonly rotations: Float32Array;
  /** Shifts in box units, [count · 2]. */
  readonly shifts: Float32Array;
  /** Mean of CTF² over each ring, [count · (K + 1)]; 1 without a CTF. */
  readonly ctfPower: Float32Array;
  /** Whether all transforms are in memory; otherwise {@link batch} reads images. */
  readonly inMemory: boolean;
  /**
   * Transforms of some particles, [n · samples · 2] in the layout of `Disc`: phase flipped, origin at pixel ⌊S/2⌋, each ring
   * divided by its norm (rings of zeros stay zero). The array belongs to the caller.
   *
   * @param indices particles from 0
   * @param space   receives the transforms if it is long enough, which saves allocating megabytes in each training step
   * @throws InputError for broken images; Error if a worker thread died
   */
  batch(indices: ArrayLike<number>, space?: Float32Array): Promise<Float32Array>;
  /** Ends worker threads. Transforms that are not in memory are no longer available. */
  dispose(): Promise<void>;
}

/** Options of {@link prepareTargets}. */
export interface TargetOptions extends TaskOptions {
  /** S of the training box in pixels. */
  boxSize: number;
  /** K, the outermost ring, at most ⌊(S − 1)/2⌋. */
  rings: number;
  /** Bytes of transforms kept in memory. Default: a quarter of the memory available to the process. */
  memoryBudget?: number;
  /** Whether images are already phase flipped. Default: as in the particle file. */
  phaseFlipped?: boolean;
  /** Worker threads that transform images; few particles need none. Default: one per core, at most 8. */
  threads?: number;
}

/** Limits of the particles, and of their bytes of pixels, that one thread is given in the first pass. */
const maxChunkParticles = 256;
const maxChunkBytes = 2 ** 23;
/** Batches are divided evenly among the threads, but not into smaller parts than this. */
const minPartParticles = 8;

/**
 * Reads, transforms and phase flips particles. Transforms are kept in memory if they fit the budget; otherwise each batch is
 * made from the images again. The calling thread reads, worker threads transform; results do not depend on their number.
 *
 * Images need no normalisation: each ring is divided by its norm, and the origin (the mean) is not used. Images that were
 * multiplied by their CTF are not flipped. Of tilt series, each image is one of the targets. The symmetry copies of a particle share one transform.
 *
 * @throws InputError for broken images and stacks, and for a file without angles; RangeError for impossible rings
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const box = e2.fourier.trainingBox(particles, 20);
 * const targets = await e2.particles.prepareTargets(particles, box);
 * const transforms = await targets.batch([0, 1, 2]);
 * await targets.dispose();
 * ```
 */
export async function prepareTargets(particles: ParticleSet, given: TargetOptions): Promise<ParticleTargets> {
  const set = particles.tilts();
  const options = beginTask(given);
  const { boxSize, rings, memoryBudget = availableMemory() / 4, phaseFlipped, threads } = options;
  checkRings(rings, boxSize);
  const boxLength = set.boxSize * set.apix;
  const rotations = set.rotations();
  const shifts = set.shifts().map((t) => t / boxLength);
  const { count } = set;
  const { originals, originalOf } = sharedTransforms(set);
  const stored = originals.count;
  const transforms = new ParticleTransforms({ rings, boxLength, count: stored, phaseFlipped, threads });
  const source: TransformSource = { set: originals, rings, transforms, chunk: chunkSize(set) };
  const inMemory = 4 * stored * transforms.width <= memoryBudget;
  const { ctfPower, chunks } = await readAll(source, inMemory, options).catch(async (error) => {
    await transforms.dispose();
    throw error;
  });
  if (inMemory) await transforms.dispose();
  return {
    count,
    ...(set.particleOf && { particleOf: set.particleOf }),
    images: set.images,
    boxSize,
    apix: boxLength / boxSize,
    rings,
    rotations,
    shifts,
    ctfPower: originalOf ? valuesOfRows(ctfPower, rings + 1, originalOf) : ctfPower,
    inMemory,
    batch: (copies, space) => {
      const indices = originalOf ? Int32Array.from(copies, (copy) => originalOf[copy] ?? -1) : copies;
      return inMemory ? gather(source, chunks, indices, space) : stream(source, indices, space);
    },
    dispose: () => transforms.dispose(),
  };
}

function checkRings(rings: number, boxSize: number): void {
  const most = ringsOfBox(boxSize);
  if (rings >= 1 && rings <= most) return;
  throw new RangeError(`rings: expected 1 to ${most} for a box of ${boxSize}, found ${rings}`);
}

/**
 * The particles whose transforms are stored: symmetry copies share that of their original.
 * @returns `originalOf`: index of the original of each particle; undefined if there are no copies
 */
function sharedTransforms(set: ParticleSet): { originals: ParticleSet; originalOf: Int32Array | undefined } {
  const originals = set.originals();
  if (originals === set) return { originals, originalOf: undefined };
  return { originals, originalOf: placesOfRows(originals, { rows: set.rows }, set.metadata.count) };
}

/** The particles of a set and how they are transformed. */
interface TransformSource {
  set: ParticleSet;
  rings: number;
  transforms: ParticleTransforms;
  /** Particles that are transformed together. */
  chunk: number;
}

function chunkSize(set: ParticleSet): number {
  const widest = Math.max(...set.opticsGroups.map((group) => group.boxSize));
  return Math.max(1, Math.min(maxChunkParticles, Math.floor(maxChunkBytes / (4 * widest * widest))));
}

/** The first pass: the power of every CTF and, if they are kept, the transforms, one array for each chunk. */
async function readAll(
  { set, rings, transforms, chunk }: TransformSource,
  keep: boolean,
  { signal, onProgress }: TaskOptions,
): Promise<{ ctfPower: Float32Array; chunks: Float32Array[] }> {
  const { count } = set;
  const ctfPower = new Float32Array(count * (rings + 1));
  const chunks: Float32Array[] = [];
  let done = 0;
  await set.checkStacks({ ...(signal && { signal }) });
  await inParallel(startsOf(count, chunk), transforms.threads + 1, async (from, i) => {
    throwIfStopped(signal);
    const part = set.select(range(from, Math.min(from + chunk, count)));
    if (keep) {
      const made = await transforms.transformsAndPower(part);
      chunks[i] = made.transforms;
      ctfPower.set(made.power, from * (rings + 1));
    } else {
      ctfPower.set(await transforms.power(part), from * (rings + 1));
    }
    done += part.count;
    onProgress?.({ task: "reading particles", done, total: count });
  });
  return { ctfPower, chunks };
}

/** A batch copied from memory. */
async function gather(
  { set, transforms, chunk }: TransformSource,
  chunks: readonly Float32Array[],
  indices: ArrayLike<number>,
  space: Float32Array | undefined,
): Promise<Float32Array> {
  const { width } = transforms;
  const out = arrayFor(indices.length * width, space);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!(index >= 0 && index < set.count)) {
      throw new RangeError(`index: expected 0 to ${set.count - 1}, found ${index}`);
    }
    const part = chunks[Math.floor(index / chunk)]!;
    const at = (index % chunk) * width;
    out.set(part.subarray(at, at + width), i * width);
  }
  return out;
}

/** A batch made from the images. */
async function stream(
  { set, transforms, chunk }: TransformSource,
  indices: ArrayLike<number>,
  space: Float32Array | undefined,
): Promise<Float32Array> {
  const { width, threads } = transforms;
  const out = arrayFor(indices.length * width, space);
  if (indices.length === 0) return out;
  const chosen = set.select(indices);
  const even = Math.ceil(chosen.count / Math.max(1, threads));
  const size = Math.min(chunk, Math.max(minPartParticles, even));
  await inParallel(startsOf(chosen.count, size), threads + 1, async (from) => {
    const part = chosen.select(range(from, Math.min(from + size, chosen.count)));
    await transforms.write(part, out, from * width);
  });
  return out;
}

/** `length` numbers of `space` if it is long enough, or a new array. */
function arrayFor(length: number, space: Float32Array | undefined): Float32Array {
  return space && space.length >= length ? space.subarray(0, length) : new Float32Array(length);
}

function startsOf(count: number, size: number): number[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => i * size);
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i);
}
