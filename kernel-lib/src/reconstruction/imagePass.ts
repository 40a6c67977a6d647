import { InputError, throwIfStopped } from "../errors";
import { isMagnified, largestMagnification } from "../optics/aberrations";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import { type PointGroup, product } from "../optics/symmetry";
import type { ImageScreen, LeftOutImage } from "../particles/images/imageOutliers";
import type { TaskOptions } from "../progress";
import { threadCount } from "../wasm/threadCount";
import { aberrationTables, magnifiedAxes, magnifiedTerms } from "./aberrationTables";
import { type BatchGroup, imageNumber, imageNumbers, statisticsNumbers } from "./backprojectionMemory";
import { sampleLength } from "./gridLayout";
import { imageScreens } from "./imageScreens";
import { type ImageChunk, type ImageGroup, type ImageSource, imageChunks, readAhead } from "./imageSource";
import { padding } from "./paddedGrid";
import { type BatchView, batchLength, ThreadedSums } from "./threadedSums";

/** A sum that an image is added to, and the factor of its samples and weights. */
export interface SumShare {
  sum: number;
  weight: number;
}

/** What images are added to. */
export interface PassTask extends TaskOptions {
  /** The particles that may be added. */
  indices: Int32Array;
  /** S, voxels along each edge of the maps. */
  boxSize: number;
  /** Number of sums. */
  sums: number;
  /** Every image is added once for each operator. Default: once. */
  group?: PointGroup | undefined;
  /** Whether to use outlier images, too. */
  keepOutliers?: boolean | undefined;
  /** Worker threads. Default: one per core; small tasks are done without. */
  threads?: number | undefined;
  /** Most images of a chunk, for tests. Default: those of 48 MiB */
  mostImages?: number;
}

/** Images that are added. */
export interface AddTask {
  chunks: readonly ImageChunk[];
  /** The sums that a particle is added to. */
  sharesOf: (index: number) => readonly SumShare[];
  /** Called after each chunk, with the images and the chunks that were added so far; then the signal is checked. */
  added?: (images: number, chunks: number) => Promise<void> | void;
}

/** Smallest image that the kernel transforms. */
const smallestImage = 8;
/** Pixels of all images, and box size, up to which no threads are started. */
const smallTask = { pixels: 1 << 21, boxSize: 64 };

/** Adds images to sums on all cores. */
export class ImagePass {
  /** Images in each sum. */
  readonly counts: Float64Array;
  /** Outlier images that were not used. */
  leftOut: LeftOutImage[] = [];
  /** Images that were read to be added. */
  read = 0;
  private readonly writer: BatchWriter;

  private constructor(
    private readonly source: ImageSource,
    private readonly task: PassTask,
    private readonly groups: ImageGroups,
    private readonly screens: Map<ImageGroup, ImageScreen> | undefined,
    readonly sums: ThreadedSums,
  ) {
    this.counts = new Float64Array(task.sums);
    this.writer = new BatchWriter(source, task, groups, sums);
  }

  /**
   * Starts threads, and sums of 0. The pass has to be closed.
   * @throws InputError for images of less than 8 pixels along an edge, and those of the source; StoppedError
   */
  static async open(source: ImageSource, task: PassTask): Promise<ImagePass> {
    const { indices, signal } = task;
    const groups = new ImageGroups(source, indices, task);
    const chunks = imageChunks(source, indices, (group) => groups.batchLength(group));
    const screens = task.keepOutliers ? undefined : await imageScreens(source, indices, signal);
    return new ImagePass(source, task, groups, screens, startSums(source, task, { groups, chunks }));
  }

  /** Particles in chunks, as they are added. */
  chunks(indices: Int32Array): ImageChunk[] {
    return imageChunks(this.source, indices, (group) => this.groups.batchLength(group));
  }

  /** Adds images, chunk by chunk. @throws StoppedError between chunks, and errors of the source */
  async add({ chunks, sharesOf, added }: AddTask): Promise<void> {
    const { source, task, writer, sums, screens } = this;
    if (chunks.length === 0) return;
    let [images, done] = [0, 0];
    for await (const read of readAhead(source, chunks, undefined)) {
      const { chunk } = read;
      const group = writer.write(chunk, read.images);
      const statistics = await sums.sample(group, chunk.indices.length);
      const screen = screens?.get(chunk.group);
      const views: BatchView[] = [];
      for (const [n, index] of chunk.indices.entries()) {
        const [mean, standardDeviation, farthest] = statistics.subarray(statisticsNumbers * n);
        const image = { mean: mean!, standardDeviation: standardDeviation!, farthest: farthest! };
        const reason = screen?.judge(image);
        if (reason !== undefined) {
          this.leftOut.push({ index, reason });
          continue;
        }
        const shares = sharesOf(index);
        for (const { sum } of shares) this.counts[sum]!++;
        writer.addViews(views, n, index, shares);
      }
      await sums.add(group, views);
      images += chunk.indices.length;
      this.read += chunk.indices.length;
      await added?.(images, ++done);
      throwIfStopped(task.signal);
    }
  }

  /** Ends the threads; the sums are gone. */
  close(): Promise<void> {
    return this.sums.close();
  }
}

function startSums(
  source: ImageSource,
  { boxSize, sums, threads, indices }: PassTask,
  { groups, chunks }: { groups: ImageGroups; chunks: readonly ImageChunk[] },
): ThreadedSums {
  const largest = { pixels: 0, samples: 0, images: 0 };
  for (const { group, indices: members } of chunks) {
    largest.pixels = Math.max(largest.pixels, members.length * group.boxSize ** 2);
    largest.samples = Math.max(largest.samples, members.length * sampleLength(groups.batch(group).rings));
    largest.images = Math.max(largest.images, members.length);
  }
  const small =
    boxSize <= smallTask.boxSize && indices.length * largestArea(chunks) * sums <= smallTask.pixels;
  const apix = (source.boxSize * source.apix) / boxSize;
  const started = threads === undefined ? (small ? 0 : threadCount()) : threadCount(threads);
  return new ThreadedSums({ boxSize, apix, sums, threads: started }, largest);
}

const largestArea = (chunks: readonly ImageChunk[]) =>
  Math.max(...chunks.map(({ group }) => group.boxSize ** 2));

/** How the images of each group are sampled. */
class ImageGroups {
  private readonly known = new Map<ImageGroup, BatchGroup>();
  private readonly mapLength: number;

  constructor(
    private readonly source: ImageSource,
    private readonly indices: Int32Array,
    private readonly task: Pick<PassTask, "boxSize" | "mostImages">,
  ) {
    this.mapLength = source.boxSize * source.apix;
  }

  batchLength(group: ImageGroup): number {
    return Math.min(
      batchLength(group.boxSize, this.batch(group).rings),
      this.task.mostImages ?? Number.POSITIVE_INFINITY,
    );
  }

  batch(group: ImageGroup): BatchGroup {
    let batch = this.known.get(group);
    if (!batch) {
      batch = this.made(group);
      this.known.set(group, batch);
    }
    return batch;
  }

  /** Grid points per Fourier pixel of an image. */
  scale(group: ImageGroup): number {
    return (padding * this.mapLength) / (group.boxSize * group.apix);
  }

  private made(group: ImageGroup): BatchGroup {
    const { boxSize: size, apix } = group;
    if (size < smallestImage)
      throw new InputError("images", `at least ${smallestImage} pixels along an edge`, `${size}`);
    const { aberrations } = group;
    const stretch = aberrations ? Math.max(1, largestMagnification(aberrations.magnification)) : 1;
    const limit = Math.min(size, (this.task.boxSize * size * apix) / (this.mapLength * stretch)) / 2;
    const rings = Math.ceil(limit) - 1;
    const extent = Int32Array.from(
      { length: rings + 1 },
      (_, kx) => Math.ceil(Math.sqrt(limit * limit - kx * kx)) - 1,
    );
    const state = group.ctfPremultiplied ? 2 : group.phaseFlipped ? 1 : 0;
    const tables = aberrationTables(aberrations, { rings, extent }, size * apix, this.ctfOf(group));
    const { voltage = Number.NaN } = this.ctfOf(group) ?? {};
    const made = { key: this.known.size, size, rings, extent, state, boxLength: size * apix, voltage };
    return { ...made, ...(tables && { aberrations: tables }) };
  }

  /** The CTF of some image of a group. */
  private ctfOf(group: ImageGroup): Ctf | undefined {
    const index = this.indices.find((i) => this.source.opticsGroup(i) === group);
    return index === undefined ? undefined : this.source.ctf(index);
  }
}

/** Writes images, their numbers and their orientations for the threads. */
class BatchWriter {
  private readonly rotations: Float32Array;
  private readonly shifts: Float32Array;
  private readonly apix: number;

  constructor(
    private readonly source: ImageSource,
    private readonly task: PassTask,
    private readonly groups: ImageGroups,
    private readonly sums: ThreadedSums,
  ) {
    this.rotations = source.rotations();
    this.shifts = source.shifts();
    this.apix = (source.boxSize * source.apix) / task.boxSize;
  }

  write({ group, indices }: ImageChunk, images: Float32Array): BatchGroup {
    const { source, sums, shifts } = this;
    const boxLength = group.boxSize * group.apix;
    const gain = (group.apix ** 2 * source.apix) / this.apix ** 3;
    sums.pixels.set(images);
    for (const [n, index] of indices.entries()) {
      const numbers = sums.images.subarray(imageNumbers * n, imageNumbers * (n + 1));
      const ctf = source.ctf(index);
      numbers[imageNumber.ctf] = ctf ? 1 : 0;
      if (ctf) {
        const { fourth, constant, decay, ...terms } = new CtfEvaluator(ctf).inTurns(boxLength);
        const { aberrations } = group;
        const { xx, yy, xy } = aberrations ? magnifiedTerms(terms, aberrations.magnification) : terms;
        numbers.set([xx, yy, xy, fourth, constant, decay], imageNumber.turns);
      }
      numbers[imageNumber.scale] = ctf ? ctf.scale : 1;
      numbers[imageNumber.dose] = ctf?.dose ?? 0;
      numbers[imageNumber.gain] = gain;
      numbers[imageNumber.shift] = shifts[2 * index]! / boxLength;
      numbers[imageNumber.shift + 1] = shifts[2 * index + 1]! / boxLength;
    }
    return this.groups.batch(group);
  }

  /** Adds the orientations of image n of a batch, one for each operator and sum. */
  addViews(views: BatchView[], n: number, index: number, shares: readonly SumShare[]): void {
    const rotation = this.rotations.subarray(9 * index, 9 * index + 9);
    const group = this.source.opticsGroup(index);
    const scale = this.groups.scale(group);
    const { aberrations } = group;
    const magnification = aberrations && isMagnified(aberrations) ? aberrations.magnification : undefined;
    const operators = this.task.group?.operators;
    const rotations = operators ? operators.map((operator) => product(rotation, operator)) : [rotation];
    for (const one of rotations) {
      const rows = magnification ? magnifiedAxes(one, magnification) : one;
      const axes = Float64Array.from({ length: 6 }, (_, i) => scale * rows[i]!);
      for (const { sum, weight } of shares) views.push({ image: n, sum, weight, axes });
    }
  }
}
