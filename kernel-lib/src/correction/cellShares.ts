import { createHash } from "node:crypto";
import { InputError, throwIfStopped } from "../errors";
import type { Volume } from "../maps/volume";
import type { ImageScreen } from "../particles/images/imageOutliers";
import type { TaskOptions } from "../progress";
import { Backprojector } from "../reconstruction/backprojector";
import { ImageAdder } from "../reconstruction/imageAdder";
import { imageScreens } from "../reconstruction/imageScreens";
import { type ImageGroup, type ImageSource, imageChunks, readAhead } from "../reconstruction/imageSource";
import { shareOfMap, shellMeans } from "../reconstruction/sampleSums";
import type { LatentCell } from "./cells";
import type { ShareProgress, ShareStore } from "./shareStore";

/** What is back-projected. */
export interface SharesTask {
  source: ImageSource;
  boxSize: number;
  /** The cells of each half. */
  cells: readonly [readonly LatentCell[], readonly LatentCell[]];
  keepOutliers: boolean;
}

/** Particles whose weights are added before the event loop turns. */
const weightChunk = 256;
/** Sums are kept at least so often, in ms; a stop keeps them, too. */
const keepEvery = 5 * 60_000;

/** Names of what is kept. */
export const kept = {
  cell: (half: 0 | 1, cell: number) => `cell_${half + 1}_${cell + 1}`,
  plain: (which: "half1" | "half2" | "both") => `plain_${which}`,
  sums: (half: 0 | 1) => `sums_${half + 1}`,
} as const;

/** What the shares of cells depend on: if it is the same, they need not be made again. */
export function shareKey({ source, boxSize, cells, keepOutliers }: SharesTask): string {
  const hash = createHash("sha256");
  const { count, boxSize: size, apix } = source;
  hash.update(JSON.stringify({ count, size, apix, boxSize, keepOutliers }));
  for (const values of [source.rotations(), source.shifts()])
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  for (let i = 0; i < count; i++) hash.update(JSON.stringify(source.ctf(i) ?? null));
  for (const half of cells) for (const { particles } of half) hash.update(`${particles.join()};`);
  return hash.digest("hex");
}

/**
 * One pass over the images: back-projects each cell, and keeps its share of the map of its half, divided by the weights of all particles
 * of that half, so that views that many particles have count no more than others; and the maps of the halves and of all as in
 * `reconstruct`. A stop keeps what is done; called again with the same particles it goes on.
 * @throws InputError for a half whose images are all left out; StoppedError
 */
export async function backprojectCells(
  given: SharesTask,
  store: ShareStore,
  task: TaskOptions,
): Promise<ShareProgress> {
  const pass = await CellPass.begin(given, store, task);
  await pass.run();
  return pass.progress;
}

class CellPass {
  private readonly adder: ImageAdder;
  /** The sums of each half, of the cells that are done. */
  private readonly halves: [Backprojector, Backprojector | undefined];
  private lastKept = Date.now();

  private constructor(
    private readonly given: SharesTask,
    private readonly store: ShareStore,
    private readonly task: TaskOptions,
    private readonly screens: Map<ImageGroup, ImageScreen> | undefined,
    readonly progress: ShareProgress,
    private readonly isDone: boolean,
  ) {
    this.adder = new ImageAdder(given.source, this.apix);
    this.halves = [this.empty(), undefined];
  }

  static async begin(given: SharesTask, store: ShareStore, task: TaskOptions): Promise<CellPass> {
    const key = shareKey(given);
    const progress: ShareProgress = (await store.progress(key)) ?? {
      ...{ key, done: [0, 0], counts: [0, 0], leftOut: [], means: [[], []], cellMeans: [[], []] },
    };
    const isDone = ([0, 1] as const).every((half) => progress.done[half] === given.cells[half].length);
    const screens = isDone || given.keepOutliers ? undefined : await screensOf(given, task);
    return new CellPass(given, store, task, screens, progress, isDone);
  }

  private get apix(): number {
    const { source, boxSize } = this.given;
    return (source.boxSize * source.apix) / boxSize;
  }

  private empty(): Backprojector {
    return new Backprojector(this.given.boxSize, this.apix);
  }

  async run(): Promise<void> {
    if (this.isDone) return;
    await this.readSums();
    for (const half of [0, 1] as const) await this.addHalf(half);
    const { store, halves, progress } = this;
    const [first, second] = halves as [Backprojector, Backprojector];
    first.merge(second);
    await store.write(kept.plain("both"), first.map().data);
    await store.keepProgress(progress, {});
  }

  /** The sums of an earlier pass. */
  private async readSums(): Promise<void> {
    const { store, progress, halves } = this;
    for (const half of [0, 1] as const) {
      if (progress.done[half] === 0) continue;
      const sums = half === 0 ? halves[0] : this.empty();
      sums.grid.set(await store.readSums(kept.sums(half), progress, sums.grid.length));
      halves[half] = sums;
    }
  }

  private async addHalf(half: 0 | 1): Promise<void> {
    const { given, progress, halves, store } = this;
    const cells = given.cells[half];
    halves[half] ??= this.empty();
    const sums = halves[half]!;
    if (progress.done[half] < cells.length) {
      const totals = await this.totals(half);
      progress.means[half] = [...shellMeans(totals)];
      const own = this.empty();
      while (progress.done[half] < cells.length) {
        await this.addCell(half, { own, totals, sums });
        const last = half === 1 && progress.done[1] === cells.length;
        if (!last && Date.now() - this.lastKept > keepEvery) await this.keep();
      }
    }
    if (progress.counts[half] === 0) {
      const found = `${cells.reduce((sum, { particles }) => sum + particles.length, 0)} outliers or constant ones`;
      throw new InputError(`half ${half + 1}`, "images that vary", found);
    }
    await store.write(kept.plain(half === 0 ? "half1" : "half2"), sums.map().data);
  }

  /** The weights of all particles of a half, without their images. */
  private async totals(half: 0 | 1): Promise<Backprojector> {
    const { given, adder, task } = this;
    const totals = this.empty();
    for (const { particles } of given.cells[half]) {
      for (let from = 0; from < particles.length; from += weightChunk) {
        await this.stopIfAsked();
        adder.addWeights(particles.subarray(from, from + weightChunk), totals);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    }
    throwIfStopped(task.signal);
    return totals;
  }

  private async addCell(
    half: 0 | 1,
    { own, totals, sums }: { own: Backprojector; totals: Backprojector; sums: Backprojector },
  ): Promise<void> {
    const { given, adder, screens, task, progress, store } = this;
    const { cells } = given;
    const number = progress.done[half];
    const { particles } = cells[half][number]!;
    own.clear();
    let count = 0;
    let done = this.particlesDone();
    const total = cells.flat().reduce((sum, cell) => sum + cell.particles.length, 0);
    const known = adder.leftOut.length;
    for await (const { chunk, images } of this.chunks(particles)) {
      adder.add(chunk, images, screens?.get(chunk.group), () => {
        count++;
        return own;
      });
      done += chunk.indices.length;
      task.onProgress?.({ task: "back-projecting", done, total });
    }
    await store.write(kept.cell(half, number), shareOfMap(own, totals).data);
    sums.merge(own);
    progress.cellMeans[half].push([...shellMeans(own)]);
    progress.leftOut.push(...adder.leftOut.slice(known));
    progress.counts[half] += count;
    progress.done[half]++;
  }

  /** The images of a cell; a stop between them keeps what was done before. */
  private async *chunks(particles: Int32Array) {
    const { source } = this.given;
    for await (const read of readAhead(source, imageChunks(source, particles), undefined)) {
      await this.stopIfAsked();
      yield read;
    }
  }

  private particlesDone(): number {
    const { given, progress } = this;
    return given.cells
      .flatMap((cells, half) => cells.slice(0, progress.done[half as 0 | 1]))
      .reduce((sum, { particles }) => sum + particles.length, 0);
  }

  /** @throws StoppedError after the sums were kept */
  private async stopIfAsked(): Promise<void> {
    if (!this.task.signal?.aborted) return;
    await this.keep();
    throwIfStopped(this.task.signal);
  }

  private async keep(): Promise<void> {
    const { store, progress, halves } = this;
    if (!store.lasts) return;
    const sums: Record<string, Float32Array> = {};
    for (const half of [0, 1] as const)
      if (progress.done[half] > 0) sums[kept.sums(half)] = halves[half]!.grid;
    await store.keepProgress(progress, sums);
    this.lastKept = Date.now();
  }
}

function screensOf({ source, cells }: SharesTask, { signal }: TaskOptions) {
  const all = Int32Array.from(cells.flat().flatMap(({ particles }) => [...particles])).sort();
  return imageScreens(source, all, signal);
}

/** A kept map. */
export async function keptMap(
  store: ShareStore,
  name: string,
  { boxSize, source }: SharesTask,
): Promise<Volume> {
  const data = await store.read(name, boxSize ** 3);
  return { data, size: [boxSize, boxSize, boxSize], apix: (source.boxSize * source.apix) / boxSize };
}
