import { pearson } from "../../pearson";
import type { Posterior } from "../posterior/posterior";
import type { HalfPoints } from "./halfTest";

/** Differences beyond this many standard deviations count as this many. */
const most = 1;
/** Mean of min(x², most²) of a standard normal number. */
const normal = 0.5161;

/**
 * Factor on the variance of what an image tells about each axis, [latent]: 1 if the difference of the places from the two
 * halves of an image is as large as their posteriors predict.
 *
 * With a prior of precision P and a likelihood of precision I, the posterior has the covariance V = (P + I)⁻¹, and its mean
 * scatters with the noise by V·I·V = V − V·P·V. Differences are bounded (Huber's second proposal), so that a few particles
 * with two peaks do not decide.
 */
export function scatterOfHalves({ inference, halves }: HalfPoints): Float64Array {
  const { deviations, decoder } = inference;
  const { latent } = decoder;
  const [even, odd] = halves as [HalfPoints["halves"][number], HalfPoints["halves"][number]];
  const width = latent;
  const rows = even.mean.length / width;
  return Float64Array.from({ length: latent }, (_, d) => {
    const ratios = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const difference = even.mean[i * width + d]! - odd.mean[i * width + d]!;
      let expected = 0;
      for (const { covariance } of [even, odd]) {
        const row = covariance!.subarray((i * width + d) * width, (i * width + d + 1) * width);
        expected += row[d]!;
        for (let e = 0; e < width; e++) expected -= (row[e]! / deviations[e]!) ** 2;
      }
      ratios[i] = difference ** 2 / Math.max(expected, Number.EPSILON);
    }
    return robustVariance(ratios);
  });
}

/** Correlation of the places from the two halves along each axis, [latent]. */
export function agreementOfHalves({ inference, halves }: HalfPoints): Float64Array {
  const { latent } = inference.decoder;
  const [even, odd] = halves.map(({ mean }) => mean) as [Float32Array, Float32Array];
  return Float64Array.from({ length: latent }, (_, d) => {
    const along = (of: Float32Array) => of.filter((_, i) => i % latent === d);
    return pearson(along(even), along(odd)) || 0;
  });
}

/** The factor f at which the mean of min(ratio / f, most²) is that of a normal distribution, by bisection. */
function robustVariance(ratios: Float64Array): number {
  const bounded = (f: number) =>
    ratios.reduce((sum, ratio) => sum + Math.min(ratio / f, most ** 2), 0) / ratios.length;
  let [low, high] = [Math.log(1e-3), Math.log(1e3)];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (bounded(Math.exp(middle)) > normal) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** Largest factor in {@link calibratedPosterior}: beyond, something else is wrong. */
const mostFactor = 5;
/**
 * How well the factor is known, as a standard deviation of its logarithm: by a hundred to a thousand particles, whose posteriors
 * are not exactly normal.
 */
const uncertainty = 0.25;

/**
 * The factor that counts: as much of it as is beyond its uncertainty (a positive-part estimate after James and Stein), and never
 * less than 1. Ring weights from particles at their own places take errors of the decoder for noise, which the halves share:
 * where the decoder is wrong they differ less than the widths say, but the places are no better than that.
 */
export function certainFactor(factor: number): number {
  const size = Math.log(Math.min(factor, mostFactor));
  return size > uncertainty ? Math.exp(size - uncertainty ** 2 / size) : 1;
}

/**
 * A posterior with the widths that the scatter of the halves shows: what an image adds to the prior is divided by the factor
 * of the axis, if that is certainly above 1, as where noise is correlated between samples.
 * @param factors see {@link scatterOfHalves}: of each axis, or of the axes of a unit if the model has several
 * @param prior   standard deviation of the population along each axis, [latent]
 */
export function calibratedPosterior(
  { mean, standardDeviation }: Posterior,
  factors: ArrayLike<number>,
  prior: ArrayLike<number>,
): Posterior {
  const latent = prior.length;
  const certain = Array.from(factors, certainFactor);
  return {
    mean,
    standardDeviation: standardDeviation.map((deviation, i) => {
      const d = i % latent;
      const information = 1 / deviation ** 2 - 1 / prior[d]! ** 2;
      // Where the image tells nothing, the width is that of the prior.
      if (!(information > 0)) return deviation;
      return 1 / Math.sqrt(information / certain[d % certain.length]! + 1 / prior[d]! ** 2);
    }),
  };
}
