import { InputError, throwIfStopped } from "../errors";
import { checkIntegers } from "../latent/points";
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
  /**
   * Cells that the latent space is divided into, for each half. Default: one per 15 particles of the half, at most 32 on one axis and 96
   * on more.
   */
  cells?: number;
  /** Seed of the division. Default 1. */
  seed?: number;
  /**
   * Places and decoder for the particles of half 2, and where the state is in their space, from a training that saw only those. Default:
   * the same for both halves, which are then not independent.
   */
  secondHalf?: { motion: Motion; state: ArrayLike<number> };
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
  /** The state as Gaussians; that of half 1. */
  state: GaussianModel;
  /** RMS displacement that was undone, over particles and mass, in Å; changes of density count as in the order of particles. */
  motion: number;
  /**
   * Correlation of a half map with the state itself in each shell 0 … ⌊S/2⌋, as the particles nearest to it tell; NaN where they
   * tell nothing, and everywhere if these are more than half of the particles. Where it is well below the square root of the FSC of the halves, both
   * err alike.
   */
  stateFsc: Float64Array;
  /**
   * For each part of the molecule, from still to mobile, and each shell the fraction of the particles that it is made from, those
   * nearest to the state.
   */
  fractions: Float64Array[];
  /** Number of cells of half 1. */
  cells: number;
  /** Number of particles, outlier images included. */
  particles: number;
  /** Outlier images that were not used. */
  leftOut: LeftOutImage[];
}

/** Fractions of the particles, nearest to the state first, of which maps are made. */
const nestedFractions = [0.05, 0.1, 0.2, 0.4, 0.7, 1];
/** Nearest particles that are more than this part of all tell nothing of their own. */
const mostOfNearest = 0.5;
/** Fewest particles of a half in the smallest. */
const fewest = 50;

/**
 * Reconstructs one state from all particles: each is back-projected into the frame of the state, its motion away from it undone by the
 * displacements of the Gaussians. Particles are divided into cells by their places; the sums of a cell are back-projected as
 * usual and warped once (displacements interpolated between Gaussians by rigid motions, tapered around the molecule, with the volume
 * element). In each shell as many particles are used, the nearest to the state first, as make the best map by
 * cross-validation between halves. Where nothing moves the result is that of `reconstruct`, which is returned beside it.
 *
 * Time is that of two plain reconstructions and a 3-D transform of twice the box for each cell and half. Memory is about 450 bytes per
 * voxel of the map.
 * @param motion places and decoder, of a run; of half 1 with `secondHalf`. Places of particles of the other half do not count then
 * @param state the place of the state, [latent]
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
  const second = task.secondHalf ?? { motion, state };
  for (const one of [motion, second.motion]) checkPlaces(source, one);
  const boxSize = checkBoxSize(source, task.boxSize);
  const halfOf = halfChooser(source, indices, task.halves ?? source.randomSubset ?? "alternate")!;
  const { seed = 1 } = task;
  checkIntegers({ ...(task.cells !== undefined && { cells: task.cells }) }, 1);
  checkIntegers({ seed }, 0);
  const divided = async (half: 0 | 1, own: Motion, place: ArrayLike<number>) => {
    const members = indices.filter((i) => halfOf(i) === half);
    if (members.length === 0) throw new InputError(`half ${half + 1}`, "at least one particle", "none");
    const cells = Math.min(task.cells ?? cellCount(members.length, own.latent), members.length);
    const target = own.decode(place);
    return { target, members, cells: await latentCells(own, members, { target, cells, seed }, task) };
  };
  const [first, other] = [await divided(0, motion, state), await divided(1, second.motion, second.state)];
  const ordered = [first.cells, other.cells] as const;
  const targets = [first.target, other.target] as const;
  const members = [first.members, other.members] as const;
  const sums = await CorrectedSums.begin({ source, members, boxSize, targets }, task);
  const { nested, sizes } = await nestedMaps(sums, ordered, task);
  sums.requireImages();
  const plain = sums.plain();
  const parts = mobilityClasses(sums.mobility());
  const chosen = parts.map((part) =>
    chooseShells(
      nested,
      part.map((x, i) => x * sums.mask[i]!),
    ),
  );
  const withHalves = finisher(plain.both, task.maskDiameter ?? source.boxSize * source.apix);
  const corrected = withHalves((pick) => joinParts(nested.map(pick), parts, chosen));
  const { half1, half2 } = nested[0]!;
  return {
    corrected,
    plain: withHalves((pick) => pick(plain)),
    stateFsc:
      sizes[0]! > mostOfNearest * indices.length
        ? corrected.fsc.fsc.map(() => Number.NaN)
        : stateFsc([corrected.half1, corrected.half2], [half1, half2], sums.mask),
    state: first.target,
    motion: rmsDistance(ordered.flat()),
    fractions: chosen.map((sets) => Float64Array.from(sets, (set) => sizes[set]! / indices.length)),
    cells: first.cells.length,
    particles: indices.length,
    leftOut: sums.leftOut,
  };
}

/** Makes a map and its halves from what a function picks of nested maps: masked, with their FSC. */
function finisher({ size, apix }: Volume, diameter: number) {
  const mask = sphericalMask({ size, apix }, { diameter, softEdge: 3 });
  return (finish: (pick: (maps: NestedMaps) => Volume) => Volume): MapWithHalves => {
    const [half1, half2, map] = [
      finish(({ half1: one }) => one),
      finish(({ half2: one }) => one),
      finish(({ both }) => both),
    ].map((one) => applyMask(one, mask, { outside: "mean" })) as [Volume, Volume, Volume];
    return { map, half1, half2, fsc: fourierShellCorrelation(half1, half2) };
  };
}

/** Maps of the nested sets of particles, and the particles in each. */
async function nestedMaps(
  sums: CorrectedSums,
  ordered: readonly [LatentCell[], LatentCell[]],
  { signal }: TaskOptions,
): Promise<{ nested: NestedMaps[]; sizes: number[] }> {
  const groups = ordered.map(nestedCells);
  const nested: NestedMaps[] = [];
  const sizes: number[] = [];
  for (let r = 0; r < nestedFractions.length; r++) {
    const added = [0, 1].map((half) => groups[half]![r]!);
    for (const half of [0, 1] as const) for (const cell of added[half]!) await sums.add(cell, half);
    throwIfStopped(signal);
    // The cells of the set before may have sufficed for this one.
    nested.push(r > 0 && added.every((cells) => cells.length === 0) ? nested[r - 1]! : sums.corrected());
    sizes.push((sizes[r - 1] ?? 0) + particlesOf(added.flat()));
  }
  return { nested, sizes };
}

/** @throws InputError unless there is a place for every particle */
function checkPlaces({ count }: ImageSource, { latent, places }: Motion): void {
  if (places.length === count * latent) return;
  throw new InputError("places", `${count} of ${latent} numbers`, `${places.length} numbers`);
}

const particlesOf = (cells: readonly LatentCell[]) =>
  cells.reduce((sum, { particles }) => sum + particles.length, 0);

function rmsDistance(cells: readonly LatentCell[]): number {
  const sum = cells.reduce((total, { particles, distance }) => total + particles.length * distance ** 2, 0);
  return Math.sqrt(sum / particlesOf(cells));
}

/** Cells of a half in groups, each of which completes the next of the nested sets; a group may be empty. */
function nestedCells(cells: readonly LatentCell[]): LatentCell[][] {
  const total = particlesOf(cells);
  let [taken, next] = [0, 0];
  return nestedFractions.map((fraction) => {
    const group: LatentCell[] = [];
    const wanted = Math.max(fraction * total, Math.min(fewest, total));
    while (next < cells.length && taken < wanted) {
      const cell = cells[next++]!;
      group.push(cell);
      taken += cell.particles.length;
    }
    return group;
  });
}
