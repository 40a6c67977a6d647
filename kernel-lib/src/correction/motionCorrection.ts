import { createHash } from "node:crypto";
import { InputError } from "../errors";
import { checkIntegers } from "../latent/points";
import { applyMask, sphericalMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import type { GaussianModel } from "../model/gaussianModel";
import type { LeftOutImage } from "../particles/images/imageOutliers";
import { beginTask, type TaskOptions } from "../progress";
import { type FscCurve, fourierShellCorrelation } from "../reconstruction/fsc";
import type { ImageSource } from "../reconstruction/imageSource";
import { checkPart, type Part } from "../reconstruction/keptSums";
import {
  checkBoxSize,
  checkIndices,
  halfChooser,
  type ReconstructOptions,
  unusedParticles,
} from "../reconstruction/reconstruct";
import { packageVersion } from "../version";
import { carriedHalves } from "./carriedHalves";
import {
  backprojectCells,
  isComplete,
  kept,
  keptMap,
  type PartStep,
  type SharesTask,
  shareKey,
} from "./cellShares";
import { cellCount, latentCells } from "./cells";
import { centredBlobs, type Motion } from "./motion";
import { type ShareProgress, ShareStore } from "./shareStore";
import { stateFsc } from "./stateFsc";
import { type StateHalf, type StateTask, stateGroups } from "./stateGroups";
import { type HalvesAndBoth, stateMaps } from "./stateMaps";
import { overUnits } from "./units";

/** Options of {@link prepareCorrection}. */
export interface CorrectOptions
  extends TaskOptions,
    Pick<ReconstructOptions, "indices" | "boxSize" | "maskDiameter" | "keepOutliers" | "threads"> {
  /** Assignment of particles to half maps, as in `reconstruct`. Default: the source's `randomSubset`, else alternate. */
  halves?: "alternate" | Uint8Array;
  /**
   * Cells that the latent space is divided into, for each half. Default: one per 15 particles of the half, at most 32 on one axis and 96
   * on more.
   */
  cells?: number;
  /** Seed of the division. Default 1. */
  seed?: number;
  /**
   * Folder for the maps of the cells, four bytes per voxel and cell. A pass over the images that was stopped goes on there, and one that is
   * complete is not repeated for other states of the same particles. Default: a temporary folder.
   */
  folder?: string | undefined;
  /**
   * Do only one of several parts of the work and keep it in `folder`, such as in one of several jobs: sums of a part of the images, and once
   * all parts have those, a part of the cells. A call without it does what is missing. Default: all.
   */
  part?: Part | undefined;
  /**
   * With `part`, do only one of the two steps: the sums, or the cells, which need the sums of all parts. Default: the sums, and the cells if
   * those of all parts are there by then.
   */
  step?: PartStep | undefined;
  /**
   * Places and decoder for the particles of half 2, and where a state is in their space, from a training that saw only those. Default:
   * the same for both halves, which are then not independent.
   */
  secondHalf?: { motion: Motion; placeOf: (state: ArrayLike<number>) => ArrayLike<number> };
}

/** A map with its halves and their FSC. */
export interface MapWithHalves {
  /** From all particles. */
  map: Volume;
  /** From the first half of them. */
  half1: Volume;
  /** From the second half of them. */
  half2: Volume;
  /** Between the half maps. */
  fsc: FscCurve;
}

/** A motion-corrected map of a state. */
export interface CorrectedReconstruction {
  /** The map of the state. */
  corrected: MapWithHalves;
  /** From the same particles and halves without correction. */
  plain: MapWithHalves;
  /** The state as Gaussians; that of half 1. */
  state: GaussianModel;
  /** RMS displacement that was undone, over particles and mass, in Å; changes of density count as in the order of particles. */
  motion: number;
  /**
   * Correlation of a half map with the state itself in each shell 0 … ⌊S/2⌋, as the particles nearest to it tell; NaN where they
   * tell nothing, and everywhere if these are more than half of the particles. Where its square is below `maskedFsc`, both
   * err alike.
   */
  stateFsc: Float64Array;
  /**
   * FSC of the half maps in the same mask, in each shell. If the halves erred independently of each other it were the square of `stateFsc`; see
   * `fsc_in_mask` of `e2gmm correct`.
   */
  maskedFsc: Float64Array;
  /**
   * For each part of the molecule, from still to mobile, and each shell the fraction of the particles that it is made from: the sum of their
   * weights, which are 1 for the nearest and fall with the distance from the state.
   */
  fractions: Float64Array[];
  /** Where the molecule is in the state, from 0 to 1, [S · S · S]. */
  mask: Volume;
  /** Number of cells of half 1. */
  cells: number;
  /** Number of particles, outlier images included. */
  particles: number;
  /** Number of particles of which an image was used. */
  used: number;
  /** Outlier images that were not used; of tilt series each with the index of its particle. */
  leftOut: LeftOutImage[];
}

/** Nearest particles that are more than this part of all tell nothing of their own. */
const mostOfNearest = 0.5;

/** What is done with the maps, and what ends with them. @internal */
export interface CorrectionHooks {
  /** @throws InputError for a state that cannot be made */
  check?(state: ArrayLike<number>): void;
  finished?(found: CorrectedReconstruction): CorrectedReconstruction;
  closed?(): Promise<void>;
}

/**
 * Particles that have been back-projected by cells of their places: the maps of any state can be made of them.
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const cells = await e2.correction.prepareRunCorrection(run, { cells: 4 });
 * const { corrected, plain } = await cells.state([0.5, 0]);
 * console.log(corrected.fsc.fsc[3], plain.fsc.fsc[3]);
 * await cells.close();
 * run.close();
 * ```
 */
export class MotionCorrection {
  /** @internal */
  constructor(
    private readonly given: SharesTask & Pick<CorrectOptions, "maskDiameter">,
    private readonly store: ShareStore,
    private readonly progress: ShareProgress | undefined,
    private readonly motions: readonly [Motion, Motion],
    private readonly placeInSecond: (state: ArrayLike<number>) => ArrayLike<number>,
    private readonly hooks: CorrectionHooks,
  ) {
    this.key = given.key;
  }

  /** A fingerprint of the particles, their images and poses, division and box: the same for the same maps. */
  readonly key: string;

  /**
   * A fingerprint of everything that the map of a state is made from: as {@link key}, and what the decoder makes of the places of the cells
   * and of the state.
   * @param place of the state, [latent]
   */
  stateKey(place: ArrayLike<number>): string {
    const { given, motions, placeInSecond } = this;
    const hash = createHash("sha256").update(JSON.stringify([packageVersion, this.key, given.maskDiameter]));
    for (const [half, { bodies, unit, decode }] of motions.entries()) {
      const target = decode(half === 0 ? place : placeInSecond(place));
      hash.update(JSON.stringify([target.boxSize, target.apix, unit && [unit.group.name, unit.gaussians]]));
      if (bodies) hash.update(bodies);
      for (const { params } of [target, ...given.cells[half]!.map(({ model }) => model)])
        hash.update(Float64Array.from(params));
    }
    return hash.digest("hex");
  }

  /** What other parts have to do before there are maps: sums of images, or cells; undefined if nothing is missing. */
  get missing(): PartStep | undefined {
    if (this.progress === undefined) return "sums";
    return isComplete(this.progress, this.given) ? undefined : "cells";
  }

  /**
   * The motion-corrected map of a state.
   * @param place of the state, [latent]
   * @throws InputError for a place that cannot be decoded, or kept maps that are damaged; StoppedError
   */
  async state(place: ArrayLike<number>, options: TaskOptions = {}): Promise<CorrectedReconstruction> {
    const task = beginTask(options);
    const { given, progress, motions } = this;
    if (!progress || this.missing)
      throw new InputError("correction", "all parts", `no ${this.missing} of some`);
    this.hooks.check?.(place);
    const targets = [motions[0].decode(place), motions[1].decode(this.placeInSecond(place))] as const;
    const halves = await carriedHalves([this.taskOf(0, targets[0]), this.taskOf(1, targets[1])], task);
    const plain = await this.plain();
    const { corrected, near, fractions } = stateMaps(halves, plain, progress);
    const { size, apix } = plain.half1;
    const box = { boxSize: given.boxSize, apix };
    const { unit } = motions[0];
    const symmetric = unit ? overUnits(unit, centredBlobs(targets[0]), box) : (map: Volume) => map;
    const withHalves = this.finisher(plain.both);
    const state = withHalves(corrected, symmetric);
    const particles = halves[0].particles + halves[1].particles;
    const nearest = halves[0].groups[0]!.particles + halves[1].groups[0]!.particles;
    const { mask } = halves[0];
    const asMap = (data: Float32Array): Volume => ({ data, size, apix });
    const agreement = stateFsc([corrected.half1, corrected.half2], [asMap(near[0]), asMap(near[1])], mask);
    const found: CorrectedReconstruction = {
      corrected: state,
      plain: withHalves(plain),
      state: targets[0],
      motion: Math.sqrt((halves[0].distances + halves[1].distances) / particles),
      ...(nearest > mostOfNearest * particles
        ? { ...agreement, stateFsc: agreement.stateFsc.map(() => Number.NaN) }
        : agreement),
      fractions,
      mask: symmetric(asMap(mask)),
      ...{
        cells: given.cells[0].length,
        particles,
        used: particles - unusedParticles(given.source, progress.leftOut).size,
        leftOut: [...progress.leftOut].sort((a, b) => a.index - b.index),
      },
    };
    return this.hooks.finished?.(found) ?? found;
  }

  /** The cells of one half in the frame of a state. @internal */
  half(half: 0 | 1, target: GaussianModel, task: TaskOptions = {}): Promise<StateHalf> {
    return stateGroups(this.taskOf(half, target), task);
  }

  private taskOf(half: 0 | 1, target: GaussianModel): StateTask {
    const { given, store, motions } = this;
    const { cellMeans, means } = this.progress!;
    const { bodies, unit } = motions[half];
    return {
      ...{ folder: store.folder, half, boxSize: given.boxSize, apix: this.apix, target },
      cells: given.cells[half].map(({ model, particles }, c) => ({
        ...{ model, particles: particles.length, means: cellMeans[half][c]! },
      })),
      means: means[half],
      bodies,
      unit: unit && { gaussians: unit.gaussians },
    };
  }

  /** Å per voxel of the maps. */
  private get apix(): number {
    const { source, boxSize } = this.given;
    return (source.boxSize * source.apix) / boxSize;
  }

  private async plain(): Promise<HalvesAndBoth> {
    const { boxSize } = this.given;
    const read = (which: "half1" | "half2" | "both") =>
      keptMap(this.store, kept.plain(which), { boxSize, apix: this.apix });
    return { half1: await read("half1"), half2: await read("half2"), both: await read("both") };
  }

  /** Masks maps, and adds their FSC. */
  private finisher({ size, apix }: Volume) {
    const { maskDiameter, source } = this.given;
    const diameter = maskDiameter ?? source.boxSize * source.apix;
    const mask = sphericalMask({ size, apix }, { diameter, softEdge: 3 });
    return (maps: HalvesAndBoth, change: (map: Volume) => Volume = (map) => map): MapWithHalves => {
      const [half1, half2, map] = [maps.half1, maps.half2, maps.both].map((one) =>
        applyMask(change(one), mask, { outside: "mean" }),
      ) as [Volume, Volume, Volume];
      return { map, half1, half2, fsc: fourierShellCorrelation(half1, half2) };
    };
  }

  /** Removes temporary files. Those in a folder that was given stay, for other states. */
  async close(): Promise<void> {
    await this.hooks.closed?.();
    await this.store.close();
  }

  /** Removes the kept maps, in a folder that was given, too. */
  async remove(): Promise<void> {
    await this.store.remove();
    await this.close();
  }
}

/**
 * Back-projects particles once, by cells of their places, for motion-corrected maps of any number of states; see `correctMotion`.
 *
 * Takes the time of two plain reconstructions on all cores and a 3-D transform of twice the box for each cell and half; each state then takes
 * that of a spline interpolation of the map for each cell. Memory is about 180 bytes per voxel of the map, whatever the number of particles
 * and states; kept are four bytes per voxel and cell in `folder`, and until all cells are done the sums of both halves, 96 bytes per voxel.
 * @throws InputError as `correctMotion`, and for a folder with other files
 * @throws StoppedError; with a folder the next call goes on
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const run = await e2.openRun("RUN");
 * const { refined: places, latent } = await run.latents();
 * const motion = { latent, places, decode: (z: ArrayLike<number>) => run.decode(z) };
 * const cells = await e2.correction.prepareCorrection(particles, motion, { cells: 4 });
 * for (const state of [[-1, 0], [1, 0]]) console.log((await cells.state(state)).motion);
 * await cells.close();
 * await particles.close();
 * run.close();
 * ```
 */
export function prepareCorrection(
  source: ImageSource,
  motion: Motion,
  options: CorrectOptions = {},
): Promise<MotionCorrection> {
  return prepareWithHooks(source, motion, options, {});
}

/** {@link prepareCorrection} with something done to its maps, or ended with it. @internal */
export async function prepareWithHooks(
  source: ImageSource,
  motion: Motion,
  options: CorrectOptions,
  hooks: CorrectionHooks,
): Promise<MotionCorrection> {
  const task = beginTask(options);
  if (task.part) checkPart(task.part);
  if (task.step && !task.part) throw new InputError("step", "a part, whose step it is", "none");
  if (task.part && task.folder === undefined) throw new InputError("part", "a folder for the parts", "none");
  const indices = checkIndices(source, task.indices);
  const second = task.secondHalf ?? { motion, placeOf: (state: ArrayLike<number>) => state };
  const motions = [motion, second.motion] as const;
  for (const one of motions) checkPlaces(source, one);
  const boxSize = checkBoxSize(source, task.boxSize);
  const halfOf = halfChooser(source, indices, task.halves ?? source.randomSubset ?? "alternate")!;
  const { seed = 1 } = task;
  checkIntegers({ ...(task.cells !== undefined && { cells: task.cells }) }, 1);
  checkIntegers({ seed }, 0);
  const divided = async (half: 0 | 1) => {
    const members = indices.filter((i) => halfOf(i) === half);
    if (members.length === 0) throw new InputError(`half ${half + 1}`, "at least one particle", "none");
    const own = motions[half];
    const cells = Math.min(task.cells ?? cellCount(members.length, own.latent), members.length);
    return latentCells(own, members, { cells, seed }, task);
  };
  const cells = [await divided(0), await divided(1)] as const;
  const { maskDiameter } = task;
  const shares = { source, boxSize, cells, keepOutliers: task.keepOutliers === true };
  const given = {
    ...shares,
    key: await shareKey(shares),
    threads: task.threads,
    part: task.part,
    step: task.step,
    ...(maskDiameter && { maskDiameter }),
  };
  const store = await ShareStore.open(task.folder);
  try {
    const progress = await backprojectCells(given, store, task);
    return new MotionCorrection(given, store, progress, motions, second.placeOf, hooks);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** @throws InputError unless there is a place for every particle */
function checkPlaces({ count }: ImageSource, { latent, places }: Motion): void {
  if (places.length === count * latent) return;
  throw new InputError("places", `${count} of ${latent} numbers`, `${places.length} numbers`);
}
