import { InputError, throwIfStopped } from "../errors";
import { applyMask, sphericalMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import type { GaussianModel } from "../model/gaussianModel";
import type { LeftOutImage } from "../particles/images/imageOutliers";
import { beginTask, type TaskOptions } from "../progress";
import { type FscCurve, fourierShellCorrelation } from "../reconstruction/fsc";
import type { ImageSource } from "../reconstruction/imageSource";
import {
  checkBoxSize,
  checkIndices,
  halfChooser,
  type ReconstructOptions,
} from "../reconstruction/reconstruct";
import { cellCount, type LatentCell, latentCells } from "./cells";
import { CorrectedSums } from "./correctedSums";
import { mobilityClasses } from "./mobilityClasses";
import type { Motion } from "./motion";
import { chooseShells, joinParts, type NestedMaps } from "./shellChoice";
import { stateFsc } from "./stateFsc";

/** Options of {@link correctMotion}. */
export interface CorrectOptions
  extends TaskOptions,
    Pick<ReconstructOptions, "indices" | "boxSize" | "maskDiameter" | "keepOutliers"> {
  /** Assignment of particles to half maps, as in `reconstruct`. Default: the source's `randomSubset`, else alternate. */
  halves?: "alternate" | Uint8Array;
  /** Cells that the latent space is divided into. Default: one per 30 particles, at most 32 on one axis and 96 on more. */
  cells?: number;
  /** Seed of the division. Default 1. */
  seed?: number;
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

/** The result of {@link correctMotion}. */
export interface CorrectedReconstruction {
  /** The map of the state. */
  corrected: MapWithHalves;
  /** From the same particles and halves without correction. */
  plain: MapWithHalves;
  /** The state as Gaussians. */
  state: GaussianModel;
  /** RMS displacement that was undone, over particles and mass, in Å; changes of density count as in the order of particles. */
  motion: number;
  /**
   * Correlation of a half map with the state itself in each shell 0 … ⌊S/2⌋, as the particles nearest to it tell; NaN where they
   * tell nothing. Where it is well below the FSC of the halves, both err alike.
   */
  stateFsc: Float64Array;
  /**
   * For each part of the molecule, from still to mobile, and each shell the fraction of the particles that it is made from, those
   * nearest to the state.
   */
  fractions: Float64Array[];
  /** Number of cells. */
  cells: number;
  /** Number of particles, outlier images included. */
  particles: number;
  /** Outlier images that were not used. */
  leftOut: LeftOutImage[];
}

/** Fractions of the particles, nearest to the state first, of which maps are made. */
const fractionsOfNested = [0.05, 0.1, 0.2, 0.4, 0.7, 1];
/** Fewest particles of the smallest. */
const fewest = 100;

/**
 * Reconstructs one state from all particles: each is back-projected into the frame of the state, its motion away from it undone by the
 * displacements of the Gaussians. Particles are divided into cells by their places; the sums of a cell are back-projected as
 * usual and warped once (displacements interpolated between Gaussians by rigid motions, tapered around the molecule, with the volume
 * element). In each shell as many particles are used, the nearest to the state first, as make the best map by
 * cross-validation between halves. Where nothing moves the result is that of `reconstruct`, which is returned beside it.
 *
 * Time is that of a plain reconstruction and three 3-D transforms of twice the box for each cell and half. Memory is about 300 bytes per
 * voxel of the map.
 * @param motion places and decoder, of a run. Both halves are corrected by it: a training that saw both may make them
 *   agree a little too well; give two, of trainings on either half, for halves that never met
 * @param state the place of the state, [latent] in the space of the (first) motion
 * @throws InputError as `reconstruct`, if places are not those of the source, and for halves without particles
 * @throws StoppedError
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const run = await e2.openRun("RUN");
 * const { refined: places, latent } = await run.latents();
 * const motion = { latent, places, decode: (z: ArrayLike<number>) => run.decode(z) };
 * const { corrected, stateFsc } = await e2.correction.correctMotion(particles, motion, [0, 0], { cells: 4 });
 * console.log(corrected.map.size, stateFsc.length);
 * await particles.close();
 * run.close();
 * ```
 */
export async function correctMotion(
  source: ImageSource,
  motion: Motion,
  state: ArrayLike<number>,
  options: CorrectOptions = {},
): Promise<CorrectedReconstruction> {
  const task = beginTask(options);
  const indices = checkIndices(source, task.indices);
  if (motion.places.length !== source.count * motion.latent) {
    throw new InputError(
      "places",
      `${source.count} of ${motion.latent} numbers`,
      `${motion.places.length} numbers`,
    );
  }
  const boxSize = checkBoxSize(source, task.boxSize);
  const halfOf = halfChooser(source, indices, task.halves ?? source.randomSubset ?? "alternate")!;
  for (const half of [0, 1])
    if (!indices.some((i) => halfOf(i) === half))
      throw new InputError(`half ${half + 1}`, "at least one particle", "none");
  const target = motion.decode(state);
  const { seed = 1, cells = cellCount(indices.length, motion.latent) } = task;
  const ordered = await latentCells(motion, indices, { target, cells, seed }, task);
  const sums = await CorrectedSums.begin({ source, indices, boxSize, target, halfOf }, task);
  const nested: NestedMaps[] = [];
  for (const group of nestedCells(ordered, indices.length)) {
    for (const cell of group) await sums.add(cell);
    throwIfStopped(task.signal);
    nested.push(sums.corrected());
  }
  const plain = sums.plain();
  const parts = mobilityClasses(sums.mobility());
  const chosen = parts.map((part) =>
    chooseShells(
      nested,
      part.map((x, i) => x * sums.mask[i]!),
    ),
  );
  const mask = sphericalMask(
    { size: [boxSize, boxSize, boxSize], apix: plain.both.apix },
    { diameter: task.maskDiameter ?? source.boxSize * source.apix, softEdge: 3 },
  );
  const withHalves = (finish: (pick: (maps: NestedMaps) => Volume) => Volume): MapWithHalves => {
    const [half1, half2, map] = [
      finish(({ half1: one }) => one),
      finish(({ half2: one }) => one),
      finish(({ both }) => both),
    ].map((one) => applyMask(one, mask, { outside: "mean" })) as [Volume, Volume, Volume];
    return { map, half1, half2, fsc: fourierShellCorrelation(half1, half2) };
  };
  const corrected = withHalves((pick) => joinParts(nested.map(pick), parts, chosen));
  const sizes = nestedSizes(ordered, indices.length);
  const { half1, half2 } = nested[0]!;
  return {
    corrected,
    plain: withHalves((pick) => pick(plain)),
    stateFsc: stateFsc([corrected.half1, corrected.half2], [half1, half2], sums.mask),
    state: target,
    motion: rmsDistance(ordered),
    fractions: chosen.map((sets) => Float64Array.from(sets, (set) => sizes[set]! / indices.length)),
    cells: ordered.length,
    particles: indices.length,
    leftOut: sums.leftOut,
  };
}

function rmsDistance(cells: readonly LatentCell[]): number {
  let [sum, count] = [0, 0];
  for (const { particles, distance } of cells) {
    sum += particles.length * distance ** 2;
    count += particles.length;
  }
  return Math.sqrt(sum / count);
}

/** Cells in groups, each of which completes the next of the nested sets. */
function nestedCells(cells: readonly LatentCell[], total: number): LatentCell[][] {
  const groups: LatentCell[][] = [];
  let group: LatentCell[] = [];
  let [taken, next] = [0, 0];
  for (const cell of cells) {
    group.push(cell);
    taken += cell.particles.length;
    if (taken < Math.max(fractionsOfNested[next]! * total, Math.min(fewest, total))) continue;
    groups.push(group);
    group = [];
    while (next < fractionsOfNested.length - 1 && taken >= fractionsOfNested[next]! * total) next++;
  }
  return groups;
}

/** Particles of each of the nested sets. */
function nestedSizes(cells: readonly LatentCell[], total: number): number[] {
  let sum = 0;
  return nestedCells(cells, total).map((group) => {
    for (const { particles } of group) sum += particles.length;
    return sum;
  });
}
