import { cholesky, solveCholesky } from "../../cholesky";
import { normalizeDensities } from "../../normalizeDensities";
import { NormalIntegral } from "./normalIntegral";
import type { Expansions, PlaceMixture, Spreads } from "./placeMixture";

/** A mixture with the probabilities of its components for each particle, given the images. */
export interface ImageFit {
  mixture: PlaceMixture;
  /** Probability of the component of each row for its particle, [rows]. */
  responsibilities: Float64Array;
  /** Sum of the logarithms of the likelihoods of the particles. */
  logLikelihood: number;
}

/** How {@link fitToImages} fits. */
export interface ImageFitOptions {
  spreads: Spreads;
  /** Most iterations. */
  iterations: number;
  /** Convergence: increase of the log-likelihood per particle. */
  tolerance: number;
}

/** Probabilities below this do not contribute to moments. */
const negligible = 1e-6;

/** What is done with a row whose component has this share of its particle. */
type Visit = (integral: NormalIntegral, row: number, share: number) => void;

/** Probabilities of the components of a mixture. Components of weight 0 take no part. */
export function evaluateMixture(expansions: Expansions, mixture: PlaceMixture, visit?: Visit): ImageFit {
  const { first, component, latent: n } = expansions;
  const factors = new Float64Array(mixture.covariances.length);
  for (let at = 0; at < factors.length; at += n * n) {
    factors.set(cholesky(mixture.covariances.slice(at, at + n * n), n), at);
  }
  const integral = new NormalIntegral(expansions, mixture, factors);
  const responsibilities = new Float64Array(component.length);
  const logWeights = mixture.weights.map(Math.log);
  let logLikelihood = 0;
  for (let i = 0; i + 1 < first.length; i++) {
    const own = responsibilities.subarray(first[i]!, first[i + 1]!);
    own.forEach((_, j) => {
      const c = component[first[i]! + j]!;
      own[j] = logWeights[c]! + (mixture.weights[c]! > 0 ? integral.evaluate(first[i]! + j) : 0);
    });
    logLikelihood += normalizeDensities(own);
    if (!visit) continue;
    own.forEach((share, j) => {
      if (!(share > negligible)) return;
      integral.evaluate(first[i]! + j);
      visit(integral, first[i]! + j, share);
    });
  }
  return { mixture, responsibilities, logLikelihood };
}

/**
 * The likeliest weights, means and covariances, given the images, by expectation maximization: the covariances by moments of the
 * places given image and component; the means, which with little spread would hardly move by moments, by a step of Fisher scoring.
 */
export function fitToImages(
  expansions: Expansions,
  start: PlaceMixture,
  { spreads, iterations, tolerance }: ImageFitOptions,
): ImageFit {
  const { latent, component, first } = expansions;
  let mixture = start;
  let best: ImageFit | undefined;
  for (let iteration = 0; ; iteration++) {
    const sums = new ComponentSums(mixture, latent);
    const fit = evaluateMixture(expansions, mixture, (integral, row, share) => {
      integral.differentiate(row);
      sums.add(component[row]!, integral, share);
    });
    const gain = fit.logLikelihood - (best?.logLikelihood ?? Number.NEGATIVE_INFINITY);
    if (!best || gain > 0) best = fit;
    if (iteration === iterations || !(gain > tolerance * (first.length - 1))) return best;
    mixture = sums.maximized(spreads);
  }
}

/** Sums over the particles of each component, weighted by their probabilities. */
class ComponentSums {
  private readonly weight: Float64Array;
  private readonly slope: Float64Array;
  private readonly information: Float64Array;
  /** Moments of the places about the mean as it is. */
  private readonly shift: Float64Array;
  private readonly square: Float64Array;

  constructor(
    private readonly mixture: PlaceMixture,
    private readonly n: number,
  ) {
    const { weights, means, covariances } = mixture;
    this.weight = new Float64Array(weights.length);
    this.slope = new Float64Array(means.length);
    this.information = new Float64Array(covariances.length);
    this.shift = new Float64Array(means.length);
    this.square = new Float64Array(covariances.length);
  }

  add(c: number, { mean, factor, slope, information }: NormalIntegral, share: number): void {
    const { n } = this;
    this.weight[c]! += share;
    for (let d = 0; d < n; d++) {
      const away = mean[d]! - this.mixture.means[c * n + d]!;
      this.slope[c * n + d]! += share * slope[d]!;
      this.shift[c * n + d]! += share * away;
      for (let e = 0; e < n; e++) {
        const at = (c * n + d) * n + e;
        this.information[at]! += share * information[d * n + e]!;
        let second = away * (mean[e]! - this.mixture.means[c * n + e]!);
        for (let f = 0; f < n; f++) second += factor[d * n + f]! * factor[e * n + f]!;
        this.square[at]! += share * second;
      }
    }
  }

  maximized(spreads: Spreads): PlaceMixture {
    const { n, weight } = this;
    const all = weight.reduce((a, b) => a + b, 0);
    const means = this.mixture.means.slice();
    let covariances = this.mixture.covariances.slice();
    const common = new Float64Array(n * n);
    weight.forEach((w, c) => {
      // A component that has lost all particles stays where it is with weight 0.
      if (!(w > negligible)) return;
      const square = n * n * c;
      const factor = cholesky(this.information.slice(square, square + n * n), n);
      const step = solveCholesky(factor, this.slope.slice(c * n, (c + 1) * n));
      for (let d = 0; d < n; d++) {
        means[c * n + d]! += step[d]!;
        for (let e = 0; e < n; e++) {
          const [x, y] = [this.shift[c * n + d]! / w, this.shift[c * n + e]! / w];
          const value = this.square[square + d * n + e]! / w - x * y;
          if (spreads === "own") covariances[square + d * n + e] = value;
          common[d * n + e]! += (w / all) * value;
        }
      }
    });
    if (spreads === "tied") covariances = covariances.map((_, i) => common[i % (n * n)]!);
    return { weights: weight.map((w) => (w > negligible ? w / all : 0)), means, covariances };
  }
}
