import { InputError } from "../errors";
import { Random } from "../random";
import { withoutPrior } from "./deconvolution";
import { bestDivision, classesOfErrors, classOf, PartLikelihoods } from "./deconvolvedWeights";

/** Options of {@link populationDensity}. */
export interface PopulationDensityOptions {
  /** Places at which the density is given. Default 96. */
  places?: number;
  /** Standard deviation of the Gaussians that the density consists of, in units of the coordinate. Default: by cross-validation. */
  bandwidth?: number;
  /** Resamplings of the particles from which the standard errors follow. Default 20. */
  resamplings?: number;
  /** Seed of the resamplings. Default 1. */
  seed?: number;
}

/** The distribution of a population along one coordinate. */
export interface PopulationDensity {
  /** Coordinates at equal distances, ascending, [places]. */
  places: Float64Array;
  /** Fraction of the population per unit of the coordinate, [places]. */
  density: Float64Array;
  /** Its standard error, [places]. */
  standardError: Float64Array;
  /** Standard deviation of the Gaussians that it consists of. */
  bandwidth: number;
}

/** Particles with about the same measurement: its place, error, and their number. */
interface Cells {
  place: Float64Array;
  deviation: Float64Array;
  count: Float64Array;
}

/** Cells per error: measurements closer together are alike. */
const perError = 4;
/** Bandwidths that are tried: the range divided by these. */
const divisions = [6, 9, 14, 20, 30, 45];

/**
 * The density of a population along one coordinate by deconvolution: what the particles' places would be distributed like without
 * their errors, each particle with its own. A histogram of posterior means is wider or narrower than the population, and hides gaps
 * that are smaller than the errors.
 *
 * The density is a sum of equal Gaussians at equal distances, whose weights maximize the likelihood of the measurements, by
 * expectation maximization (nonparametric deconvolution: Laird, J. Am. Stat. Assoc. 73, 805, 1978). Measurements are the posterior
 * means without the prior (see `withoutPrior`). The width of the Gaussians is the one with which one half of the particles
 * describes the other best; structure that is narrower is not resolved.
 *
 * @param means      posterior means along the coordinate, [n]
 * @param deviations posterior standard deviations, [n]
 * @throws InputError for fewer than 10 particles, numbers that are not finite, means that are all equal, and options out of range
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined, standardDeviation } = await run.latents();
 * const along = (values: Float32Array) => values.filter((_, i) => i % run.latent === 0);
 * const { places, density } = e2.latent.populationDensity(along(refined), along(standardDeviation));
 * console.log(places[density.indexOf(Math.max(...density))]);
 * ```
 */
export function populationDensity(
  means: Float32Array,
  deviations: Float32Array,
  { places: count = 96, bandwidth, resamplings = 20, seed = 1 }: PopulationDensityOptions = {},
): PopulationDensity {
  const measured = withoutPrior(means, deviations, 1);
  if (means.length < 10) throw new InputError("means", "10 particles or more", String(means.length));
  if (!(Number.isInteger(count) && count >= 8))
    throw new InputError("places", "an integer of 8 or more", String(count));
  if (!(Number.isInteger(resamplings) && resamplings >= 2)) {
    throw new InputError("resamplings", "an integer of 2 or more", String(resamplings));
  }
  if (bandwidth !== undefined && !(bandwidth > 0))
    throw new InputError("bandwidth", "a number above 0", String(bandwidth));
  const [low, high] = means.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);
  if (!(high! > low!)) throw new InputError("means", "places that differ", `${low} for all`);
  const margin = 0.1 * (high! - low!);
  const step = (high! - low! + 2 * margin) / (count - 1);
  const places = Float64Array.from({ length: count }, (_, g) => low! - margin + g * step);
  const cellsOf = (chosen: (i: number) => boolean) => cellsFrom(measured, step, chosen);
  const all = cellsOf(() => true);
  const width =
    bandwidth ?? bestBandwidth(places, [cellsOf((i) => i % 2 === 0), cellsOf((i) => i % 2 === 1)]);
  const of = likelihoods(places, all, width);
  const weights = of.weights();
  const density = smoothed(places, weights, width);
  const random = new Random(seed);
  const square = new Float64Array(count);
  for (let k = 0; k < resamplings; k++) {
    const counts = all.count.map((n) => poisson(n, random));
    const again = smoothed(places, of.weights(weights, counts), width);
    for (let g = 0; g < count; g++) square[g]! += (again[g]! - density[g]!) ** 2 / resamplings;
  }
  return { places, density, standardError: square.map(Math.sqrt), bandwidth: width };
}

/** Measurements in cells: equal errors and places, as far as matters. */
function cellsFrom(
  { points, deviations }: { points: Float32Array; deviations: Float32Array },
  step: number,
  chosen: (i: number) => boolean,
): Cells {
  const classes = classesOfErrors(deviations);
  const cells = new Map<string, [place: number, deviation: number, count: number]>();
  points.forEach((point, i) => {
    if (!chosen(i)) return;
    const error = classOf(deviations[i]!, classes);
    const size = Math.max(error / perError, step / 2);
    const at = Math.round(point / size);
    const key = `${error} ${at}`;
    cells.set(key, [at * size, error, (cells.get(key)?.[2] ?? 0) + 1]);
  });
  const found = [...cells.values()];
  const column = (k: 0 | 1 | 2) => Float64Array.from(found, (cell) => cell[k]);
  return { place: column(0), deviation: column(1), count: column(2) };
}

/** Likelihoods of the cells for Gaussians at the places. */
function likelihoods(
  places: Float64Array,
  { place, deviation, count }: Cells,
  bandwidth: number,
): PartLikelihoods {
  return new PartLikelihoods(count, places.length, (c, out) => {
    const variance = deviation[c]! ** 2 + bandwidth ** 2;
    for (let g = 0; g < places.length; g++) {
      out[g] = Math.exp(-((place[c]! - places[g]!) ** 2) / (2 * variance)) / Math.sqrt(variance);
    }
  });
}

/** The bandwidth with which each half of the particles describes the other best. */
function bestBandwidth(places: Float64Array, halves: readonly [Cells, Cells]): number {
  const range = places.at(-1)! - places[0]!;
  const score = (division: number) => {
    const [even, odd] = halves.map((half) => likelihoods(places, half, range / division));
    return odd!.score(even!.weights()) + even!.score(odd!.weights());
  };
  return range / bestDivision(divisions, score);
}

/** The density of weighted Gaussians at their places, which adds up to 1 between the first and the last of them. */
function smoothed(places: Float64Array, weights: Float64Array, bandwidth: number): Float64Array {
  const step = places[1]! - places[0]!;
  const sums = places.map((x) =>
    places.reduce((sum, y, g) => sum + weights[g]! * Math.exp(-((x - y) ** 2) / (2 * bandwidth ** 2)), 0),
  );
  const total = step * sums.reduce((a, b) => a + b, 0);
  return sums.map((value) => value / total);
}

/** A number from the Poisson distribution. */
function poisson(mean: number, random: Random): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > limit; product *= random.uniform()) count++;
  return count;
}
