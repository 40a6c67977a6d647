import { kMeansAsync } from "../latent/kmeans";
import { beginTask, type TaskOptions } from "../progress";

/** Options of {@link populationPlaces}. */
export interface PopulationOptions extends TaskOptions {
  /** Seed of the clustering. Default 1 */
  seed?: number;
}

/** Places that stand for a population. */
export interface PopulationPlaces {
  /** Places of particles, [n · latent], ordered by the first coordinate. */
  places: Float32Array;
  /** Fraction of the population that each stands for, [n]; they add up to 1. */
  weights: Float64Array;
  /** The particle at each place: its row among the points, [n]. */
  particles: Int32Array;
}

/**
 * Chooses places of a population of points so that each stands for the points around it: the members nearest to the
 * centres of a k-means clustering, with the sizes of their clusters as weights.
 * @param points [particles · latent]
 * @param n number of places; fewer are returned only where points coincide
 * @throws InputError for coordinates that are not finite, and unless 1 ≤ n ≤ particles
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { places, weights } = await e2.atoms.populationPlaces(refined, run.latent, 5);
 * ```
 */
export async function populationPlaces(
  points: Float32Array,
  latent: number,
  n: number,
  options: PopulationOptions = {},
): Promise<PopulationPlaces> {
  const task = beginTask(options);
  const { centres, labels, sizes } = await kMeansAsync(points, latent, n, { seed: 1, ...options, ...task });
  const nearest = new Int32Array(n).fill(-1);
  const least = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  labels.forEach((c, i) => {
    let squared = 0;
    for (let d = 0; d < latent; d++) squared += (points[i * latent + d]! - centres[c * latent + d]!) ** 2;
    if (squared >= least[c]!) return;
    least[c] = squared;
    nearest[c] = i;
  });
  const used = Array.from(sizes.keys()).filter((c) => sizes[c]! > 0);
  const particles = Int32Array.from(used, (c) => nearest[c]!);
  const places = new Float32Array(used.length * latent);
  for (const [k, i] of particles.entries())
    places.set(points.subarray(i * latent, (i + 1) * latent), k * latent);
  return { places, particles, weights: Float64Array.from(used, (c) => sizes[c]! / labels.length) };
}
