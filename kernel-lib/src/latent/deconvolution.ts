import { InputError } from "../errors";
import { populationDeviations } from "../training/posterior/observability";
import { checkDeviations, countPoints } from "./points";

/** Measured points with independent errors. */
export interface MeasuredPoints {
  /** [n · dimensions] */
  points: Float32Array;
  /** Standard deviation of the error of each coordinate, [n · dimensions]. */
  deviations: Float32Array;
  /** Standard deviation of the prior that was removed, [dimensions]. */
  prior: Float64Array;
}

/** Options of {@link withoutPrior}. */
export interface PriorOptions {
  /**
   * Standard deviation of the normal prior around 0 along each axis, [dimensions]. Default: measured from the points, for
   * which it is the spread of the population: variance of the means + mean of the posterior variances.
   */
  prior?: ArrayLike<number>;
}

/** A measurement that says nothing has an error of so many standard deviations of the prior. */
const mostDeviations = 30;

/** Fraction of the typical error that is counted on, see {@link typicalErrors}. */
const caution = 0.85;

/**
 * Errors of the posterior means of a run, for mixtures: how far the means of equal particles scatter. With s the posterior
 * deviation and τ the prior's, a mean scatters by s √(1 − s²/τ²), since the prior holds it back. All particles get the median
 * along each axis, as in trainings on simulated states the scatter hardly grew with a particle's own deviation; and only
 * 0.85 of it, since with errors that are too large, of all or of some particles, a mixture finds gaps that do not exist.
 *
 * @param means      posterior means, [n · dimensions]
 * @param deviations posterior standard deviations, [n · dimensions]
 * @returns one number for each coordinate, equal along an axis, [n · dimensions]
 * @throws InputError for numbers that are not finite
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined, standardDeviation } = await run.latents();
 * const deviations = e2.latent.typicalErrors(refined, standardDeviation, run.latent);
 * const { weights } = await e2.latent.gaussianMixture(refined, run.latent, 2, { deviations });
 * ```
 */
export function typicalErrors(
  means: Float32Array,
  deviations: Float32Array,
  dimensions: number,
): Float32Array {
  const n = countPoints(means, dimensions, 1);
  checkDeviations(deviations, means.length, dimensions);
  const prior = populationDeviations(means, deviations, dimensions);
  const errors = Float64Array.from({ length: dimensions }, (_, d) => {
    const scatter = Float32Array.from({ length: n }, (_, i) => {
      const deviation = deviations[i * dimensions + d]!;
      return deviation * Math.sqrt(Math.max(1 - (deviation / prior[d]!) ** 2, 0));
    });
    return caution * scatter.sort()[Math.floor(n / 2)]!;
  });
  return means.map((_, i) => errors[i % dimensions]!);
}

/**
 * What the images alone say about each particle: its posterior mean and deviation with the prior taken out. A prior with
 * mean 0 pulls every posterior mean towards 0, the more, the less the image tells. Use it to measure where a state is,
 * by the mean of its particles; single particles of which little is known scatter widely. With m and s the posterior and τ the prior, 1/e² = 1/s² − 1/τ² and x = m e²/s²
 * are point and error.
 *
 * @param means      posterior means, [n · dimensions]
 * @param deviations posterior standard deviations, [n · dimensions]
 * @throws InputError for numbers that are not finite, and a prior that is not above 0
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined, standardDeviation } = await run.latents();
 * const { points, deviations } = e2.latent.withoutPrior(refined, standardDeviation, run.latent);
 * ```
 */
export function withoutPrior(
  means: Float32Array,
  deviations: Float32Array,
  dimensions: number,
  options: PriorOptions = {},
): MeasuredPoints {
  countPoints(means, dimensions, 1);
  checkDeviations(deviations, means.length, dimensions);
  const prior = options.prior
    ? Float64Array.from(options.prior)
    : populationDeviations(means, deviations, dimensions);
  if (prior.length !== dimensions || !prior.every((deviation) => deviation > 0)) {
    throw new InputError("prior", `${dimensions} numbers above 0`, JSON.stringify(Array.from(prior)));
  }
  const points = new Float32Array(means.length);
  const errors = new Float32Array(means.length);
  for (let i = 0; i < means.length; i++) {
    const tau = prior[i % dimensions]!;
    const variance = deviations[i]! ** 2;
    // 1/e² as a fraction of 1/s²
    const kept = Math.max(1 - variance / tau ** 2, variance / (mostDeviations * tau) ** 2, 1e-12);
    points[i] = means[i]! / kept;
    errors[i] = deviations[i]! / Math.sqrt(kept);
  }
  return { points, deviations: errors, prior };
}
