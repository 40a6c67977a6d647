import { cholesky, invertLower } from "../../cholesky";
import { Random } from "../../random";

/**
 * What images tell about places, to second order: the log-likelihood of a particle is pullᵀ·z − zᵀ·information·z / 2, up to a
 * constant.
 */
export interface PlaceMeasurements {
  /** Axes. */
  latent: number;
  /** [particles · latent · latent], symmetric. */
  information: Float64Array;
  /** Information times the place at which the likelihood is highest, [particles · latent]. */
  pull: Float64Array;
}

/** The density of a population in a latent space, as a sum of normal distributions without the errors of the measurements. */
export interface PopulationMixture {
  latent: number;
  /** [components], with the sum 1. */
  weights: Float64Array;
  /** [components · latent] */
  means: Float64Array;
  /** [components · latent · latent] */
  covariances: Float64Array;
}

/** Components at the start; those that no particle needs vanish. */
const mostComponents = 12;
const iterations = 60;
/** Operations that a fit may take: with many axes it has fewer components. */
const mostOperations = 2e9;
/** Width of a component at the start, in spreads of the population. */
const firstWidth = 0.5;
/** Largest correction of a log-likelihood. */
const mostCorrection = 50;
/** Least variance, relative to that of the population: keeps covariances invertible. */
const ridge = 1e-9;

/**
 * The density of a population from measurements that each have an error of their own (extreme deconvolution: Bovy, Hogg and
 * Roweis, Ann. Appl. Stat. 5, 1657, 2011), here for measurements that may say nothing about some directions. Where all particles are
 * in one place, it becomes a point.
 *
 * @param measured what the images tell
 * @param places   about where the particles are, from which the components start, [particles · latent]
 */
export function fitPopulation(measured: PlaceMeasurements, places: ArrayLike<number>): PopulationMixture {
  const { latent, pull } = measured;
  const count = pull.length / latent;
  const work = count * latent ** 3 * iterations;
  const components = Math.max(1, Math.min(mostComponents, Math.floor(mostOperations / work), count));
  let mixture = firstMixture(places, latent, components);
  const least = Float64Array.from(
    { length: latent },
    (_, d) => (ridge / firstWidth ** 2) * mixture.covariances[d * (latent + 1)]!,
  );
  for (let k = 0; k < iterations; k++) mixture = improved(mixture, measured, least);
  return mixture;
}

/** Components of equal weight and width around places far from each other (k-means++). */
function firstMixture(places: ArrayLike<number>, latent: number, components: number): PopulationMixture {
  const count = places.length / latent;
  const variance = new Float64Array(latent);
  for (let d = 0; d < latent; d++) {
    let [mean, square] = [0, 0];
    for (let i = 0; i < count; i++) mean += places[i * latent + d]! / count;
    for (let i = 0; i < count; i++) square += (places[i * latent + d]! - mean) ** 2 / count;
    variance[d] = square || 1;
  }
  const random = new Random(1);
  const chosen = [Math.floor(random.uniform() * count)];
  const distance = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  while (chosen.length < components) {
    const last = chosen.at(-1)!;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      let square = 0;
      for (let d = 0; d < latent; d++) {
        square += (places[i * latent + d]! - places[last * latent + d]!) ** 2 / variance[d]!;
      }
      distance[i] = Math.min(distance[i]!, square);
      sum += distance[i]!;
    }
    if (!(sum > 0)) break;
    let at = 0;
    for (let rest = random.uniform() * sum; at < count - 1; at++) {
      rest -= distance[at]!;
      if (rest <= 0) break;
    }
    chosen.push(at);
  }
  const covariances = new Float64Array(chosen.length * latent * latent);
  for (let k = 0; k < chosen.length; k++) {
    for (let d = 0; d < latent; d++)
      covariances[(k * latent + d) * latent + d] = firstWidth ** 2 * variance[d]!;
  }
  const means = Float64Array.from(
    { length: chosen.length * latent },
    (_, i) => places[chosen[Math.floor(i / latent)]! * latent + (i % latent)]!,
  );
  return { latent, weights: new Float64Array(chosen.length).fill(1 / chosen.length), means, covariances };
}

/** One iteration of expectation maximization; components without particles are left out. */
function improved(
  mixture: PopulationMixture,
  { latent, information, pull }: PlaceMeasurements,
  least: Float64Array,
): PopulationMixture {
  const components = mixture.weights.length;
  const square = latent * latent;
  const place = new PlaceUnder(mixture);
  const weights = new Float64Array(components);
  const first = new Float64Array(components * latent);
  const second = new Float64Array(components * square);
  const count = pull.length / latent;
  for (let i = 0; i < count; i++) {
    place.find(
      information.subarray(i * square, (i + 1) * square),
      pull.subarray(i * latent, (i + 1) * latent),
    );
    for (let k = 0; k < components; k++) {
      const share = place.shares[k]!;
      if (share < 1e-10) continue;
      weights[k]! += share;
      for (let d = 0; d < latent; d++) {
        // Relative to the mean of the component, which keeps digits.
        const along = place.places[k * latent + d]! - mixture.means[k * latent + d]!;
        first[k * latent + d]! += share * along;
        for (let e = 0; e < latent; e++) {
          const other = place.places[k * latent + e]! - mixture.means[k * latent + e]!;
          second[k * square + d * latent + e]! +=
            share * (along * other + place.covariances[k * square + d * latent + e]!);
        }
      }
    }
  }
  const kept = [...weights.keys()].filter((k) => weights[k]! > 1e-3);
  const next: PopulationMixture = {
    latent,
    weights: new Float64Array(kept.length),
    means: new Float64Array(kept.length * latent),
    covariances: new Float64Array(kept.length * square),
  };
  const total = kept.reduce((sum, k) => sum + weights[k]!, 0);
  for (const [at, k] of kept.entries()) {
    const w = weights[k]!;
    next.weights[at] = w / total;
    for (let d = 0; d < latent; d++) {
      const shift = first[k * latent + d]! / w;
      next.means[at * latent + d] = mixture.means[k * latent + d]! + shift;
      for (let e = 0; e < latent; e++) {
        next.covariances[at * square + d * latent + e] =
          second[k * square + d * latent + e]! / w -
          (shift * first[k * latent + e]!) / w +
          (d === e ? least[d]! : 0);
      }
    }
  }
  return next;
}

/** The posterior of a place under a mixture. Its arrays are those of the last place. */
export class PlaceUnder {
  /** Probability of each component, [components]. */
  readonly shares: Float64Array;
  /** Mean place if the particle belongs to it, [components · latent]. */
  readonly places: Float64Array;
  /** Covariance of that, [components · latent · latent]. */
  readonly covariances: Float64Array;
  /** Mean place, [latent]. */
  readonly mean: Float64Array;
  /** Cholesky factors of the components' covariances. */
  private readonly factors: Float64Array[];
  private readonly scaled: Float64Array;
  private readonly inner: Float64Array;
  private readonly lower: Float64Array;
  private readonly inverse: Float64Array;
  private readonly left: Float64Array;

  constructor(private readonly mixture: PopulationMixture) {
    const { latent, weights, covariances } = mixture;
    const square = latent * latent;
    this.shares = new Float64Array(weights.length);
    this.places = new Float64Array(weights.length * latent);
    this.covariances = new Float64Array(weights.length * square);
    this.mean = new Float64Array(latent);
    this.factors = Array.from(weights, (_, k) =>
      cholesky(covariances.subarray(k * square, (k + 1) * square), latent),
    );
    [this.scaled, this.inner, this.lower, this.inverse, this.left] = Array.from(
      { length: 5 },
      () => new Float64Array(square),
    ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  }

  /** The mean place of a particle of which this is known, [latent]. */
  find(information: Float64Array, pull: ArrayLike<number>): Float64Array {
    const { mixture, shares } = this;
    let top = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < shares.length; k++) {
      shares[k] = Math.log(mixture.weights[k]!) + this.component(k, information, pull);
      top = Math.max(top, shares[k]!);
    }
    for (let k = 0; k < shares.length; k++) shares[k] = Math.exp(shares[k]! - top);
    return this.weigh();
  }

  /**
   * The mean place, if the logarithm of the likelihood of all components but one is larger by this than it was found: by what
   * the likelihood itself says where its second order is not exact.
   */
  correct(but: number, by: number): Float64Array {
    // Of a component that has no share nothing is left, whichever it is.
    const factor = Math.exp(Math.min(Math.abs(by), mostCorrection));
    this.shares.forEach((share, k) => {
      if ((k === but) === by < 0) this.shares[k] = share * factor;
    });
    return this.weigh();
  }

  /** The mean place by these shares, whose sum becomes 1. */
  private weigh(): Float64Array {
    const { shares, mean, places } = this;
    const { latent } = this.mixture;
    const sum = shares.reduce((all, share) => all + share, 0);
    mean.fill(0);
    for (let k = 0; k < shares.length; k++) {
      shares[k]! /= sum;
      for (let d = 0; d < latent; d++) mean[d]! += shares[k]! * places[k * latent + d]!;
    }
    return mean;
  }

  /**
   * Log-likelihood of the particle in component k, whose mean is m and covariance V = L·Lᵀ, and the place there. With C the
   * information, b the pull and M = L·(1 + Lᵀ·C·L)⁻¹·Lᵀ it is b·m − mᵀ·C·m/2 + hᵀ·M·h/2 − log det(1 + Lᵀ·C·L)/2 with h = b − C·m,
   * and the place is m + M·h with covariance M: neither C nor V needs an inverse.
   */
  private component(k: number, information: Float64Array, pull: ArrayLike<number>): number {
    const { scaled, inner, lower, inverse, left } = this;
    const { latent: n, means } = this.mixture;
    const factor = this.factors[k]!;
    const m = means.subarray(k * n, (k + 1) * n);
    for (let d = 0; d < n; d++) {
      for (let e = 0; e < n; e++) {
        let sum = 0;
        for (let f = e; f < n; f++) sum += information[d * n + f]! * factor[f * n + e]!;
        scaled[d * n + e] = sum;
      }
    }
    for (let d = 0; d < n; d++) {
      for (let e = 0; e <= d; e++) {
        let sum = d === e ? 1 : 0;
        for (let f = d; f < n; f++) sum += factor[f * n + d]! * scaled[f * n + e]!;
        inner[d * n + e] = sum;
      }
    }
    cholesky(inner, n, lower);
    inverse.fill(0);
    invertLower(lower, n, inverse);
    // left = L·G⁻ᵀ with 1 + Lᵀ·C·L = G·Gᵀ, so that M = left·leftᵀ.
    for (let d = 0; d < n; d++) {
      for (let e = 0; e < n; e++) {
        let sum = 0;
        for (let f = 0; f <= Math.min(d, e); f++) sum += factor[d * n + f]! * inverse[e * n + f]!;
        left[d * n + e] = sum;
      }
    }
    let value = 0;
    const rest = new Float64Array(n);
    for (let d = 0; d < n; d++) {
      let along = 0;
      for (let e = 0; e < n; e++) along += information[d * n + e]! * m[e]!;
      rest[d] = pull[d]! - along;
      value += m[d]! * (pull[d]! - along / 2) - Math.log(lower[d * n + d]!);
    }
    const turned = new Float64Array(n);
    for (let e = 0; e < n; e++) {
      for (let d = 0; d < n; d++) turned[e]! += left[d * n + e]! * rest[d]!;
      value += turned[e]! ** 2 / 2;
    }
    for (let d = 0; d < n; d++) {
      let place = m[d]!;
      for (let e = 0; e < n; e++) {
        place += left[d * n + e]! * turned[e]!;
        let sum = 0;
        for (let f = 0; f < n; f++) sum += left[d * n + f]! * left[e * n + f]!;
        this.covariances[(k * n + d) * n + e] = sum;
      }
      this.places[k * n + d] = place;
    }
    return value;
  }
}

/** The density along some of the axes. */
export function marginal(
  { latent, weights, means, covariances }: PopulationMixture,
  axes: readonly number[],
): PopulationMixture {
  const n = axes.length;
  return {
    latent: n,
    weights,
    means: Float64Array.from(
      { length: weights.length * n },
      (_, i) => means[Math.floor(i / n) * latent + axes[i % n]!]!,
    ),
    covariances: Float64Array.from({ length: weights.length * n * n }, (_, i) => {
      const k = Math.floor(i / (n * n));
      const [d, e] = [axes[Math.floor(i / n) % n]!, axes[i % n]!];
      return covariances[(k * latent + d) * latent + e]!;
    }),
  };
}
