import { InputError } from "../errors";
import { cholesky, invertLower } from "./cholesky";
import type { EMStep, MixtureComponents, NoisyPoints } from "./mixtureParts";
import { NoisyStep } from "./noisyMixture";
import { normalizeDensities } from "./normalizeDensities";
import type { Pacing } from "./pacing";

/** A fit by {@link runEM}. */
export interface MixtureFit {
  components: MixtureComponents;
  /** Of `components`, summed over the points. */
  logLikelihood: number;
  iterations: number;
  /** False if the fit ended at `maxIterations`. */
  converged: boolean;
}

/** How long {@link runEM} runs. */
export interface EMOptions {
  /** Added to every variance. */
  ridge: number;
  /** Convergence: the increase of the mean log-likelihood per point. */
  tolerance: number;
  maxIterations: number;
}

/** Points processed between two looks at the clock. */
export const chunk = 512;

/** A step for points without or, if they have deviations, with known noise. */
export function stepOf(components: MixtureComponents, set: NoisyPoints): EMStep {
  return set.deviations ? new NoisyStep(components, set) : new PlainStep(components, set);
}

/**
 * Expectation maximization (Dempster, Laird and Rubin, 1977) until the likelihood has converged.
 * @throws InputError if a component collapses onto coincident points because `ridge` is 0
 */
export async function runEM(
  set: NoisyPoints,
  initial: MixtureComponents,
  options: EMOptions,
  pacing: Pacing,
): Promise<MixtureFit> {
  const { ridge, tolerance, maxIterations } = options;
  const n = set.points.length / set.dimensions;
  let components = initial;
  let logLikelihood = Number.NEGATIVE_INFINITY;
  for (let iteration = 1; ; iteration++) {
    const step = stepOf(components, set);
    const before = logLikelihood;
    logLikelihood = 0;
    for (let i = 0; i < n; i++) {
      logLikelihood += step.evaluate(i);
      step.add(i);
      if (i % chunk === 0 && pacing.due) await pacing.yield();
    }
    if (!Number.isFinite(logLikelihood)) {
      throw new InputError(
        "ridge",
        "a number above 0, since a Gaussian has collapsed onto coincident points",
        String(ridge),
      );
    }
    // The likelihood belongs to the current components, so these are returned, not updated ones.
    const converged = logLikelihood - before < tolerance * n;
    if (converged || iteration === maxIterations) {
      return { components, logLikelihood, iterations: iteration, converged };
    }
    components = step.components(ridge);
  }
}

/** A step for points without noise. */
class PlainStep implements EMStep {
  private readonly density: MixtureDensity;
  private readonly statistics: SufficientStatistics;

  constructor(
    components: MixtureComponents,
    private readonly set: NoisyPoints,
  ) {
    this.density = new MixtureDensity(components, set.dimensions);
    this.statistics = new SufficientStatistics(components.weights.length, set.dimensions, components.means);
  }

  get responsibilities(): Float64Array {
    return this.density.responsibilities;
  }

  evaluate(i: number): number {
    return this.density.evaluate(this.set.points, i * this.set.dimensions);
  }

  add(i: number): void {
    this.statistics.add(this.set.points, i * this.set.dimensions, this.density.responsibilities);
  }

  components(ridge: number): MixtureComponents {
    return this.statistics.components(ridge);
  }
}

/** Weighted moments of the points of each component, relative to a reference near its mean for accuracy. */
export class SufficientStatistics {
  private readonly weight: Float64Array;
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private readonly difference: Float64Array;

  /** @param reference a point for each component, [k · dimensions] */
  constructor(
    private readonly k: number,
    private readonly dimensions: number,
    private readonly reference: Float64Array,
  ) {
    this.weight = new Float64Array(k);
    this.first = new Float64Array(k * dimensions);
    this.second = new Float64Array(k * dimensions * dimensions);
    this.difference = new Float64Array(dimensions);
  }

  /** Adds the point at `points[at…]` with its responsibilities [k]. */
  add(points: Float32Array, at: number, responsibilities: Float64Array): void {
    const { dimensions, difference, first, second } = this;
    for (let c = 0; c < this.k; c++) {
      const share = responsibilities[c]!;
      if (share < 1e-12) continue;
      this.weight[c]! += share;
      for (let d = 0; d < dimensions; d++) {
        difference[d] = points[at + d]! - this.reference[c * dimensions + d]!;
        const weighted = share * difference[d]!;
        first[c * dimensions + d]! += weighted;
        const row = (c * dimensions + d) * dimensions;
        for (let e = 0; e <= d; e++) second[row + e]! += weighted * difference[e]!;
      }
    }
  }

  /** The maximum-likelihood components, `ridge` added to every variance. */
  components(ridge: number): MixtureComponents {
    const { k, dimensions } = this;
    const total = this.weight.reduce((a, b) => a + b, 0);
    const means = new Float64Array(k * dimensions);
    const covariances = new Float64Array(k * dimensions * dimensions);
    for (let c = 0; c < k; c++) {
      // A component that has lost all points stays where it is with weight 0.
      const weight = Math.max(this.weight[c]!, Number.MIN_VALUE);
      const shift = this.first.subarray(c * dimensions, (c + 1) * dimensions).map((sum) => sum / weight);
      for (let d = 0; d < dimensions; d++) {
        means[c * dimensions + d] = this.reference[c * dimensions + d]! + shift[d]!;
        for (let e = 0; e <= d; e++) {
          const mean = this.second[(c * dimensions + d) * dimensions + e]! / weight;
          const value = mean - shift[d]! * shift[e]! + (d === e ? ridge : 0);
          covariances[(c * dimensions + d) * dimensions + e] = value;
          covariances[(c * dimensions + e) * dimensions + d] = value;
        }
      }
    }
    return { weights: this.weight.map((weight) => weight / total), means, covariances };
  }
}

/** Evaluates the density of a mixture. */
export class MixtureDensity {
  /** Probability of each component for the point that was evaluated last, [k]. */
  readonly responsibilities: Float64Array;
  private readonly k: number;
  /** Inverses of the Cholesky factors of the covariances, lower triangles row by row. */
  private readonly whitening: Float64Array;
  /** Logarithm of the weight and normalization of each component. */
  private readonly constant: Float64Array;
  private readonly means: Float64Array;
  private readonly difference: Float64Array;

  constructor(
    { weights, means, covariances }: MixtureComponents,
    private readonly dimensions: number,
  ) {
    const k = weights.length;
    this.k = k;
    this.means = means;
    this.responsibilities = new Float64Array(k);
    this.difference = new Float64Array(dimensions);
    this.whitening = new Float64Array(k * dimensions * dimensions);
    this.constant = new Float64Array(k);
    const squared = dimensions * dimensions;
    for (let c = 0; c < k; c++) {
      const factor = cholesky(covariances.subarray(c * squared, (c + 1) * squared), dimensions);
      const inverse = this.whitening.subarray(c * squared, (c + 1) * squared);
      invertLower(factor, dimensions, inverse);
      let logarithm = Math.log(weights[c]!) - (dimensions / 2) * Math.log(2 * Math.PI);
      for (let d = 0; d < dimensions; d++) logarithm += Math.log(inverse[d * dimensions + d]!);
      this.constant[c] = logarithm;
    }
  }

  /** Log density of the mixture at `points[at…]`; sets {@link responsibilities}. */
  evaluate(points: Float32Array | Float64Array, at: number): number {
    const { k, dimensions, difference, whitening, responsibilities } = this;
    for (let c = 0; c < k; c++) {
      for (let d = 0; d < dimensions; d++) difference[d] = points[at + d]! - this.means[c * dimensions + d]!;
      let squared = 0;
      for (let d = 0; d < dimensions; d++) {
        const row = (c * dimensions + d) * dimensions;
        let sum = 0;
        for (let e = 0; e <= d; e++) sum += whitening[row + e]! * difference[e]!;
        squared += sum * sum;
      }
      responsibilities[c] = this.constant[c]! - squared / 2;
    }
    return normalizeDensities(responsibilities);
  }
}
