import { kMeansAsync } from "../latent/kmeans";
import { gatherPoints } from "../latent/points";
import type { GaussianModel } from "../model/gaussianModel";
import { displacements } from "../model/rigidMotion";
import type { TaskOptions } from "../progress";
import { type Motion, massOf } from "./motion";

/** Particles that are corrected together: their places differ little. */
export interface LatentCell {
  /** Indices of the particles, ascending. */
  particles: Int32Array;
  /** The state at their mean place. */
  model: GaussianModel;
}

/** Particles of a half in a cell on the average: more would be blurred by the motion within the cell. */
const perCell = 15;
/** Most cells in one dimension, and in more. */
const mostCells = [32, 96] as const;

/** Cells that the particles of a half are divided into. */
export function cellCount(particles: number, latent: number): number {
  return Math.max(1, Math.min(mostCells[latent === 1 ? 0 : 1], Math.floor(particles / perCell)));
}

/**
 * Divides particles into cells by k-means of their places.
 * @param indices the particles, ascending
 */
export async function latentCells(
  motion: Motion,
  indices: Int32Array,
  { cells, seed }: { cells: number; seed: number },
  task: TaskOptions,
): Promise<LatentCell[]> {
  const { latent, places } = motion;
  const own = gatherPoints(places, latent, indices);
  const { labels, centres } = await kMeansAsync(own, latent, cells, { seed, restarts: 2, ...task });
  const members = Array.from({ length: cells }, (): number[] => []);
  for (const [i, label] of labels.entries()) members[label]!.push(indices[i]!);
  return members
    .map((particles, c): LatentCell => {
      const model = motion.decode(centres.subarray(c * latent, (c + 1) * latent));
      return { particles: Int32Array.from(particles), model };
    })
    .filter(({ particles }) => particles.length > 0);
}

/** Å of motion that count as much as the whole density being another one: 5 Å are as unlike as a tenth of the density. */
const angstromsPerDensity = 50;

/**
 * How unlike two states are, in Å: the RMS displacement of the Gaussians by mass, and the fraction of the density that came or went,
 * times 50 Å. Only the order of particles depends on it: how many of them are used is decided by the maps.
 */
export function stateDistance(a: GaussianModel, b: GaussianModel): number {
  const moved = displacements(a, b);
  let [motion, change, total] = [0, 0, 0];
  for (let i = 0; i < a.count; i++) {
    const [ma, mb] = [massOf(a, i), massOf(b, i)];
    const squared = moved[3 * i]! ** 2 + moved[3 * i + 1]! ** 2 + moved[3 * i + 2]! ** 2;
    motion += Math.min(ma, mb) * squared;
    change += Math.abs(mb - ma);
    total += Math.max(ma, mb);
  }
  return total > 0 ? Math.hypot(Math.sqrt(motion / total), (angstromsPerDensity * change) / total) : 0;
}
