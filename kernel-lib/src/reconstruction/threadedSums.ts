import path from "node:path";
import type { Volume } from "../maps/volume";
import { Arena } from "../wasm/arena";
import { kernelModule, newMemory } from "../wasm/wasmMemory";
import { WorkerClient } from "../workerCalls";
import {
  type BackprojectionRequest,
  type BatchGroup,
  imageNumbers,
  mostViews,
  type PartMemory,
  type SharedBackprojection,
  type Slab,
  statisticsNumbers,
  viewWords,
} from "./backprojectionMemory";
import { BackprojectionThread } from "./backprojectionThread";
import { type GridLayout, gridLayout, sampleLength } from "./gridLayout";
import { minWeight } from "./paddedGrid";
import { columnsLength } from "./paddedInverse";

/** Bytes of the samples of a batch: enough that a slab of the grid, once in the cache, is used many times. */
const batchBytes = 48 * 2 ** 20;
/** Most bytes of the planes that a thread adds to at a time. */
const slabBytes = 16 * 2 ** 20;
/** Slabs per thread, at least: near the origin there are more samples. */
const slabsPerThread = 4;
/** Fewest planes of a slab: samples at its edge are computed for both sides. */
const fewestPlanes = 4;

/** One image in one orientation, added to one sum. */
export interface BatchView {
  /** Number of the image in the batch. */
  image: number;
  /** Number of the sum. */
  sum: number;
  /** Factor of its samples and their weights. */
  weight: number;
  /** Grid points per Fourier pixel of the image, along kx and ky, [6]. */
  axes: ArrayLike<number>;
}

/** Options of {@link ThreadedSums}. */
export interface ThreadedSumsOptions {
  /** S, voxels along each edge of the maps. */
  boxSize: number;
  /** Å per voxel. */
  apix: number;
  /** Number of sums. */
  sums: number;
  /** Worker threads; 0 to work in the calling thread. */
  threads: number;
  /** Most bytes of a part of the grid. Default: 3 GiB. */
  partBytes?: number;
}

/** Images of a batch: the most that are added together. */
export function batchLength(size: number, rings: number): number {
  return Math.max(1, Math.floor(batchBytes / (4 * Math.max(sampleLength(rings), size * size))));
}

/**
 * Sums of back-projected images on all cores. Every point of the grid receives its samples in the order of the images, by whatever
 * thread: the sums do not depend on their number. Memory is that of the grids, 12 bytes a point, and some 200 MB for a batch of images.
 */
export class ThreadedSums {
  private readonly layout: GridLayout;
  private readonly shared: SharedBackprojection;
  private readonly slabs: Slab[];
  private readonly clients: WorkerClient<BackprojectionRequest, void>[];
  private readonly own: BackprojectionThread | undefined;
  /** Weight of a sum in every padded shell, made when it is needed. */
  private readonly shells = new Map<number, Float64Array>();
  /** Grid points in every padded shell. */
  private points: Float64Array | undefined;
  private columns: Float32Array | undefined;

  /** @param largest numbers of pixels and of samples of the largest batch */
  constructor(
    private readonly given: ThreadedSumsOptions,
    largest: { pixels: number; samples: number; images: number },
  ) {
    const { boxSize, sums, threads, partBytes } = given;
    this.layout = gridLayout(boxSize, sums, partBytes);
    const shared = (bytes: number) => new SharedArrayBuffer(bytes);
    this.shared = {
      module: kernelModule(),
      layout: this.layout,
      parts: this.layout.parts.map((_, p) => this.partMemory(p, largest.samples)),
      counter: new Int32Array(shared(4)),
      pixels: new Float32Array(shared(4 * largest.pixels)),
      images: new Float64Array(shared(8 * imageNumbers * largest.images)),
      statistics: new Float64Array(shared(8 * statisticsNumbers * largest.images)),
    };
    this.slabs = this.dividePlanes();
    this.own = threads === 0 ? new BackprojectionThread(this.shared) : undefined;
    this.clients = Array.from(
      { length: threads },
      () =>
        new WorkerClient(path.join(__dirname, "backprojectionWorker.js"), {
          workerData: this.shared,
          onDeath: (reason) => new Error(`reconstruction: a worker thread ended, ${reason}`),
        }),
    );
  }

  private partMemory(p: number, samples: number): PartMemory {
    const { layout, given } = this;
    const { first, end } = layout.parts[p]!;
    const arena = new Arena();
    const memory = newMemory();
    const part = {
      memory,
      jobs: arena.take(64 * Math.max(1, given.threads)),
      extent: arena.take(4 * layout.boxSize),
      views: arena.take(4 * viewWords * mostViews),
      samples: arena.take(4 * samples),
      grid: arena.take(4 * layout.strideZ * (end - first) * layout.sums + 64),
    };
    arena.fit(memory, "sums of a reconstruction");
    return part;
  }

  private dividePlanes(): Slab[] {
    const { strideZ, reach } = this.layout;
    const shared = Math.ceil((2 * reach + 1) / (slabsPerThread * Math.max(1, this.given.threads)));
    const each = Math.max(fewestPlanes, Math.min(shared, Math.round(slabBytes / (4 * strideZ))));
    return this.layout.parts.flatMap(({ first, end }, part) => {
      const slabs: Slab[] = [];
      for (let lo = first; lo < end; lo += each) slabs.push({ part, lo, hi: Math.min(end, lo + each) });
      return slabs;
    });
  }

  /** Pixels of the batch, to be filled before {@link sample}. */
  get pixels(): Float32Array {
    return this.shared.pixels;
  }

  /** Numbers of each image of the batch, see `imageNumber`; to be filled before {@link sample}. */
  get images(): Float64Array {
    return this.shared.images;
  }

  /** Computes the samples of a batch. @returns statistics of each image: mean, standard deviation, farthest pixel, valid until the next batch */
  async sample(group: BatchGroup, count: number): Promise<Float64Array> {
    await this.all({ task: "samples", group, count });
    return this.shared.statistics;
  }

  /** Adds views of the sampled batch, in order. */
  async add(group: BatchGroup, views: readonly BatchView[]): Promise<void> {
    for (const { sum } of views) this.shells.delete(sum);
    for (let from = 0; from < views.length; from += mostViews) {
      const some = views.slice(from, from + mostViews);
      for (const part of this.shared.parts) this.writeViews(part, group, some);
      const request = { task: "planes" as const, rings: group.rings, count: some.length, slabs: this.slabs };
      await this.all({ ...request, thread: 0 });
    }
  }

  private writeViews(part: PartMemory, { rings, extent }: BatchGroup, views: readonly BatchView[]): void {
    const { buffer } = part.memory;
    new Int32Array(buffer, part.extent, extent.length).set(extent);
    const words = new Int32Array(buffer, part.views, viewWords * views.length);
    const floats = new Float32Array(buffer, part.views, words.length);
    for (const [v, { image, sum, weight, axes }] of views.entries()) {
      const at = viewWords * v;
      words[at] = (part.samples + 4 * image * sampleLength(rings)) | 0;
      words[at + 1] = sum;
      floats[at + 2] = weight;
      for (let i = 0; i < 6; i++) floats[at + 3 + i] = axes[i]!;
    }
  }

  /** The grids of the first sums, part by part; valid until the sums are closed. */
  grids(sums: number): Float32Array[] {
    const { strideZ, parts } = this.layout;
    return this.shared.parts.map(({ memory, grid }, p) => {
      const { first, end } = parts[p]!;
      return new Float32Array(memory.buffer, grid, strideZ * (end - first) * sums);
    });
  }

  /** To be called after the grids were changed. */
  changed(): void {
    this.shells.clear();
  }

  /** Sets a sum to 0. */
  async clear(sum: number): Promise<void> {
    this.shells.delete(sum);
    await this.all({ task: "clear", sum });
  }

  /**
   * The map of some sums together.
   * @param whole the sums whose weights divide. Default: the same
   * @param least fraction of the mean of their shell that weights are kept above
   */
  async map(sums: readonly number[], whole: readonly number[] = sums, least = minWeight): Promise<Volume> {
    const { boxSize, apix } = this.given;
    this.columns ??= new Float32Array(new SharedArrayBuffer(4 * columnsLength(boxSize)));
    const map = {
      sums,
      whole,
      least: (await this.shellMeans(whole)).map((mean) => least * mean),
      columns: this.columns,
      data: new Float32Array(new SharedArrayBuffer(4 * boxSize ** 3)),
    };
    await this.all({ task: "columns", map });
    await this.all({ task: "sections", map });
    return { data: map.data, size: [boxSize, boxSize, boxSize], apix };
  }

  /** Mean weight of some sums together in each padded shell, [S + 1]. */
  async shellMeans(sums: readonly number[]): Promise<Float64Array> {
    const missing = sums.filter((sum) => !this.shells.has(sum));
    if (missing.length > 0) await this.weigh(missing);
    return this.points!.map((points, shell) => {
      const weight = sums.reduce((total, sum) => total + this.shells.get(sum)![shell]!, 0);
      return points > 0 ? weight / points : 0;
    });
  }

  private async weigh(sums: readonly number[]): Promise<void> {
    const { boxSize } = this.layout;
    const planes = 2 * boxSize - 1;
    const length = boxSize + 1;
    const weights = new Float64Array(new SharedArrayBuffer(8 * planes * (sums.length + 1) * length));
    await this.all({ task: "weights", weights, sums });
    const totals = Array.from({ length: sums.length + 1 }, (_, n) => {
      const total = new Float64Array(length);
      for (let plane = 0; plane < planes; plane++) {
        const from = (plane * (sums.length + 1) + n) * length;
        for (let shell = 0; shell < length; shell++) total[shell]! += weights[from + shell]!;
      }
      return total;
    });
    this.points = totals.pop()!;
    for (const [n, sum] of sums.entries()) this.shells.set(sum, totals[n]!);
  }

  /** Lets all threads work on a task. */
  private async all(request: BackprojectionRequest): Promise<void> {
    this.shared.counter[0] = 0;
    this.own?.run(request);
    await Promise.all(
      this.clients.map((client, thread) =>
        client.call(request.task === "planes" ? { ...request, thread } : request),
      ),
    );
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    const reason = new Error("reconstruction: the threads were ended");
    await Promise.all(this.clients.map((client) => client.close(reason)));
  }
}
