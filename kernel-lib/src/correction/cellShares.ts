import { InputError, throwIfStopped } from "../errors";
import type { Volume } from "../maps/volume";
import type { TaskOptions } from "../progress";
import { backproject, imagesOfParticles, sourceHash } from "../reconstruction/backproject";
import type { ImagePass } from "../reconstruction/imagePass";
import type { ImageSource } from "../reconstruction/imageSource";
import type { Part } from "../reconstruction/keptSums";
import { packageVersion } from "../version";
import type { LatentCell } from "./cells";
import { type ShareProgress, type ShareStore, sumsName } from "./shareStore";

/** What is back-projected. */
export interface SharesTask {
  /** See {@link shareKey}. */
  key: string;
  source: ImageSource;
  boxSize: number;
  /** The cells of each half. */
  cells: readonly [readonly LatentCell[], readonly LatentCell[]];
  keepOutliers: boolean;
  /** Worker threads; the result does not depend on their number. Default: one per core. */
  threads?: number | undefined;
  /** Only this part of the images and of the cells. Default: all */
  part?: Part | undefined;
  /** Of a part only this. Default: its sums, and its cells if those of all parts are there. */
  step?: PartStep | undefined;
}

/** What a part of a correction does: sums of its images, or its cells, which need the sums of all parts. */
export type PartStep = "sums" | "cells";

/** Names of what is kept. */
export const kept = {
  cell: (half: 0 | 1, cell: number) => `cell_${half + 1}_${cell + 1}`,
  plain: (which: "half1" | "half2" | "both") => `plain_${which}`,
} as const;

/**
 * Weights are kept above a tenth of the mean of their shell where a share is divided by the weights of the whole: what is hardly seen
 * would be noise that is spread over others when the share is moved.
 */
const minShareWeight = 0.1;
/** The sum of a cell; 0 and 1 are those of the halves. */
const own = 2;

/** What the shares of cells depend on: if it is the same, they need not be made again. */
export async function shareKey({
  source,
  boxSize,
  cells,
  keepOutliers,
}: Omit<SharesTask, "key" | "threads" | "part" | "step">): Promise<string> {
  const hash = (await sourceHash(source)).update(JSON.stringify({ packageVersion, boxSize, keepOutliers }));
  for (const half of cells) for (const { particles } of half) hash.update(`${particles.join()};`);
  return hash.digest("hex");
}

/**
 * Two passes over the images, on all cores: sums of both halves, whose maps are those of `reconstruct`; then cell by cell its share of the
 * map of its half, divided by the weights of all particles of that half, so that views that many particles have count no more than others.
 * A stop keeps what is done; called again with the same particles it goes on.
 * @returns what is done; undefined for a part if other parts of the sums are missing
 * @throws InputError for a half whose images are all left out, and for cells alone without the sums of all parts; StoppedError
 */
export async function backprojectCells(
  given: SharesTask,
  store: ShareStore,
  task: TaskOptions,
): Promise<ShareProgress | undefined> {
  const { key } = given;
  const known = await store.progress(key);
  if (known && isComplete(known, given)) return known;
  const { source, boxSize, cells, keepOutliers, threads, part, step } = given;
  const halfOf = new Uint8Array(source.count);
  for (const { particles } of cells[1]) for (const index of particles) halfOf[index] = 1;
  const shares = [0, 1].map((sum) => [{ sum, weight: 1 }]);
  const indices = Int32Array.from(cells.flat().flatMap(({ particles }) => [...particles])).sort();
  const keep = { folder: store.folder, name: sumsName, key, sums: 2, always: true };
  const openSums = (part?: Part) =>
    backproject(source, {
      ...task,
      ...{ name: "back-projecting halves", indices, boxSize, keepOutliers, threads, sums: 3 },
      sharesOf: (index) => shares[halfOf[index]!]!,
      ...(store.lasts && { keep: { ...keep, part } }),
    });
  if (part && !known && !(await store.hasSums(key))) {
    if (step === "cells" && !(await store.hasParts(key, part)))
      throw new InputError(
        store.folder,
        `the sums of all ${part.of} parts, which cells need`,
        "not all of them",
      );
    if (step !== "cells") await (await openSums(part)).close();
    if (!(await store.hasParts(key, part))) return undefined;
  }
  if (step === "sums") return known;
  const pass = await openSums();
  try {
    return await new CellShares(given, store, task, pass).run(key, known);
  } finally {
    await pass.close();
  }
}

/** Whether the shares of all cells are there. */
export const isComplete = ({ cellMeans }: ShareProgress, { cells }: SharesTask): boolean =>
  cells.every((half, h) => half.every((_, c) => cellMeans[h]![c] !== undefined));

class CellShares {
  constructor(
    private readonly given: SharesTask,
    private readonly store: ShareStore,
    private readonly task: TaskOptions,
    private readonly pass: ImagePass,
  ) {}

  async run(key: string, known: ShareProgress | undefined): Promise<ShareProgress> {
    const { given, store, task } = this;
    const progress = known ?? (await this.halves(key));
    const all = given.cells.flatMap((half, h) => half.map((_, c) => ({ half: h as 0 | 1, c })));
    const { part } = given;
    const mine = all.filter((_, i) => !part || i % part.of === part.number - 1);
    const sizeOf = ({ half, c }: { half: 0 | 1; c: number }) => given.cells[half][c]!.particles.length;
    const total = mine.reduce((sum, one) => sum + sizeOf(one), 0);
    let done = 0;
    for (const one of mine) {
      throwIfStopped(task.signal);
      progress.cellMeans[one.half][one.c] ??= await this.cell(key, one.half, one.c);
      done += sizeOf(one);
      task.onProgress?.({ task: "back-projecting cells", done, total });
    }
    if (isComplete(progress, given)) await store.removeSums();
    return progress;
  }

  /** The maps of the halves and of all, and the weights of each half. */
  private async halves(key: string): Promise<ShareProgress> {
    const { given, store, pass } = this;
    const { sums, leftOut } = pass;
    const counts = [pass.counts[0]!, pass.counts[1]!] as [number, number];
    for (const [half, count] of counts.entries()) {
      if (count > 0) continue;
      const all = given.cells[half]!.reduce((sum, { particles }) => sum + particles.length, 0);
      throw new InputError(`half ${half + 1}`, "images that vary", `${all} outliers or constant ones`);
    }
    for (const [which, numbers] of [
      ["half1", [0]],
      ["half2", [1]],
      ["both", [0, 1]],
    ] as const)
      await store.write(kept.plain(which), (await sums.map(numbers)).data);
    const means = [[...(await sums.shellMeans([0]))], [...(await sums.shellMeans([1]))]] as [
      number[],
      number[],
    ];
    const progress: ShareProgress = { key, counts, leftOut: [...leftOut], means, cellMeans: [[], []] };
    await store.keepProgress(progress);
    return progress;
  }

  /** Keeps the share of a cell. @returns mean weight in each padded shell */
  private async cell(key: string, half: 0 | 1, c: number): Promise<number[]> {
    const { given, store, pass } = this;
    const { sums } = pass;
    await sums.clear(own);
    const share = [{ sum: own, weight: 1 }];
    const images = imagesOfParticles(given.source, given.cells[half][c]!.particles);
    await pass.add({ chunks: pass.chunks(images), sharesOf: () => share });
    await store.write(kept.cell(half, c), (await sums.map([own], [half], minShareWeight)).data);
    const means = [...(await sums.shellMeans([own]))];
    await store.keepCell(kept.cell(half, c), { key, means });
    return means;
  }
}

/** A kept map. */
export async function keptMap(
  store: ShareStore,
  name: string,
  { boxSize, apix }: { boxSize: number; apix: number },
): Promise<Volume> {
  const data = await store.read(name, boxSize ** 3);
  return { data, size: [boxSize, boxSize, boxSize], apix };
}
