import { cholesky, invertLower } from "../cholesky";
import { normalizeDensities } from "../normalizeDensities";
import type { MixtureComponents } from "./mixtureParts";

/** Weighted moments of the points of each component, relative to a reference near its mean for accuracy. */
export class SufficientStatistics {
  private readonly weight: Float64Array;
  /** Sum of what the points count in the moments, [k]. */
  private readonly mass: Float64Array;
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
    this.mass = new Float64Array(k);
    this.first = new Float64Array(k * dimensions);
    this.second = new Float64Array(k * dimensions * dimensions);
    this.difference = new Float64Array(dimensions);
  }

  /**
   * Adds the point at `points[at…]` with its responsibilities [k].
   * @param pull how much the point counts in the moments of each component, [k]; see {@link MixtureDensity.pull}. Default 1
   */
  add(points: Float32Array, at: number, responsibilities: Float64Array, pull?: Float64Array): void {
    const { dimensions, difference, first, second } = this;
    for (let c = 0; c < this.k; c++) {
      const share = responsibilities[c]!;
      if (share < 1e-12) continue;
      const counted = share * (pull?.[c] ?? 1);
      this.weight[c]! += share;
      this.mass[c]! += counted;
      for (let d = 0; d < dimensions; d++) {
        difference[d] = points[at + d]! - this.reference[c * dimensions + d]!;
        const weighted = counted * difference[d]!;
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
      const mass = Math.max(this.mass[c]!, Number.MIN_VALUE);
      const shift = this.first.subarray(c * dimensions, (c + 1) * dimensions).map((sum) => sum / mass);
      for (let d = 0; d < dimensions; d++) {
        means[c * dimensions + d] = this.reference[c * dimensions + d]! + shift[d]!;
        for (let e = 0; e <= d; e++) {
          const mean = this.second[(c * dimensions + d) * dimensions + e]! / weight;
          const value = mean - (shift[d]! * shift[e]! * mass) / weight + (d === e ? ridge : 0);
          covariances[(c * dimensions + d) * dimensions + e] = value;
          covariances[(c * dimensions + e) * dimensions + d] = value;
        }
      }
    }
    return { weights: this.weight.map((weight) => weight / total), means, covariances };
  }
}

/** Evaluates the density of a mixture, of Gaussians or of Student's t distributions. */
export class MixtureDensity {
  /** Probability of each component for the point that was evaluated last, [k]. */
  readonly responsibilities: Float64Array;
  /**
   * How much the point that was evaluated last counts in the moments of each component, [k]: 1 for Gaussians; for t distributions
   * (ν + d)/(ν + δ²) with δ its distance (Peel and McLachlan, Stat. Comput. 10, 339, 2000).
   */
  readonly pull: Float64Array;
  private readonly k: number;
  private readonly tails: number | undefined;
  /** Inverses of the Cholesky factors of the covariances, lower triangles row by row. */
  private readonly whitening: Float64Array;
  /** Logarithm of the weight and normalization of each component. */
  private readonly constant: Float64Array;
  private readonly means: Float64Array;
  private readonly difference: Float64Array;

  constructor(
    { weights, means, covariances, tails }: MixtureComponents,
    private readonly dimensions: number,
  ) {
    const k = weights.length;
    this.k = k;
    this.tails = tails;
    this.pull = new Float64Array(k).fill(1);
    const normalization =
      tails === undefined
        ? -(dimensions / 2) * Math.log(2 * Math.PI)
        : logGammaRatio(tails, dimensions) - (dimensions / 2) * Math.log(tails * Math.PI);
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
      let logarithm = Math.log(weights[c]!) + normalization;
      for (let d = 0; d < dimensions; d++) logarithm += Math.log(inverse[d * dimensions + d]!);
      this.constant[c] = logarithm;
    }
  }

  /** Log density of the mixture at `points[at…]`; sets {@link responsibilities}. */
  evaluate(points: Float32Array | Float64Array, at: number): number {
    const { k, dimensions, difference, whitening, responsibilities, tails } = this;
    for (let c = 0; c < k; c++) {
      for (let d = 0; d < dimensions; d++) difference[d] = points[at + d]! - this.means[c * dimensions + d]!;
      let squared = 0;
      for (let d = 0; d < dimensions; d++) {
        const row = (c * dimensions + d) * dimensions;
        let sum = 0;
        for (let e = 0; e <= d; e++) sum += whitening[row + e]! * difference[e]!;
        squared += sum * sum;
      }
      if (tails === undefined) responsibilities[c] = this.constant[c]! - squared / 2;
      else {
        responsibilities[c] = this.constant[c]! - ((tails + dimensions) / 2) * Math.log1p(squared / tails);
        this.pull[c] = (tails + dimensions) / (tails + squared);
      }
    }
    return normalizeDensities(responsibilities);
  }
}

/** log Γ((ν + d)/2) − log Γ(ν/2) for an even ν, by Γ(x + 1) = x Γ(x) and, for an odd d, Γ of half numbers. */
function logGammaRatio(tails: number, dimensions: number): number {
  const logGamma = (twice: number) => {
    let sum = twice % 2 === 0 ? 0 : Math.log(Math.PI) / 2;
    for (let t = twice - 2; t > 0; t -= 2) sum += Math.log(t / 2);
    return sum;
  };
  return logGamma(tails + dimensions) - logGamma(tails);
}
