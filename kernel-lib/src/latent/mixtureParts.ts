import type { PointSet } from "./points";

/** Parameters of a mixture of k Gaussians. */
export interface MixtureComponents {
  /** Fraction of each Gaussian, [k]. */
  weights: Float64Array;
  /** [k · dimensions] */
  means: Float64Array;
  /** Symmetric, [k · dimensions · dimensions]. */
  covariances: Float64Array;
  /**
   * Degrees of freedom of Student's t distribution, which has longer tails than the normal one; with it `covariances` are scale matrices.
   * Undefined for Gaussians.
   */
  tails?: number | undefined;
}

/** Points whose coordinates may have known, independent errors. */
export interface NoisyPoints extends PointSet {
  /** Standard deviation of the error of each coordinate, [n · dimensions]. Undefined for points without errors. */
  deviations?: Float32Array | undefined;
}

/** One iteration: the expectation step point by point, then the maximization step. */
export interface EMStep {
  /** Probability of each component for the point that was evaluated last, [k]. */
  readonly responsibilities: Float64Array;
  /** Log density of the mixture at point `i`; sets {@link responsibilities}. */
  evaluate(i: number): number;
  /** Adds the point that was evaluated last, `i`, to the moments of the components. */
  add(i: number): void;
  /**
   * The maximum-likelihood components, `ridge` added to every variance.
   * @param tied whether all have the same covariance
   */
  components(ridge: number, tied?: boolean): MixtureComponents;
}

/** Gives every component the weighted mean of all covariances, which is the likeliest common one. */
export function tieCovariances({ weights, covariances }: MixtureComponents): void {
  const squared = covariances.length / weights.length;
  const mean = new Float64Array(squared);
  covariances.forEach((v, i) => {
    mean[i % squared]! += weights[Math.floor(i / squared)]! * v;
  });
  for (let c = 0; c < weights.length; c++) covariances.set(mean, c * squared);
}

/** A mixture with the covariance of the errors added to every component. */
export function widened(components: MixtureComponents, errors: Float64Array): MixtureComponents {
  const { length } = errors;
  const covariances = components.covariances.slice();
  for (let i = 0; i < covariances.length; i += length * length) {
    for (let d = 0; d < length; d++) covariances[i + d * length + d]! += errors[d]! ** 2;
  }
  return { ...components, covariances };
}
