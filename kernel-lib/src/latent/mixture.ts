import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import { type Clusters, kMeans } from "./kmeans";
import { Pacing } from "./pacing";
import { checkClusters, checkIntegers, countPoints, drawRows, pointsOf } from "./points";

export interface MixtureOptions extends TaskOptions {
  /** Default 1. */
  seed?: number;
  /** Beginnings, tried on some of the points, of which the likeliest goes on. Default 4. */
  starts?: number;
  /** Points that the mixture is fitted to, drawn at random where there are more. Default 50,000. */
  mostPoints?: number;
  /** Added to every variance, in parts of the points' mean variance along an axis. Default 1e-6. */
  ridge?: number;
  /** A fit ends where the mean log-likelihood of a point rises by less than this. Default 1e-6. */
  tolerance?: number;
  /** Steps of one fit. Default 1,000. */
  mostSteps?: number;
}

/** A mixture of k Gaussians in the latent space, ordered by the first coordinate of their means. */
export interface GaussianMixture {
  /** Fraction of each, [k]. */
  weights: Float64Array;
  /** [k · dimensions] */
  means: Float64Array;
  /** Symmetric, [k · dimensions · dimensions]. */
  covariances: Float64Array;
  /** Sum over the points that were fitted to of the logarithm of their density. */
  logLikelihood: number;
  /**
   * Information criterion of Schwarz (1978), −2 log L + parameters · log n with the n points that were fitted to: of mixtures
   * with different k on the same points, the one with the lowest is the best founded.
   */
  bic: number;
  /** Steps of the fit that was kept, and whether it ended by itself. */
  steps: number;
  converged: boolean;
  /** The likeliest Gaussian of each point, [n]. */
  labels: Int32Array;
  /** Points of each label, [k]. */
  sizes: Int32Array;
  /** Probability of each Gaussian for each point, [n · k]. */
  responsibilities: Float32Array;
}

/** Points looked at between two looks at the clock. */
const CHUNK = 512;
/** Points on which beginnings are tried, and the rise of the log-likelihood of each at which one has shown what it is. */
const BEGINNING = 3000;
const BEGUN = 1e-4;

/**
 * Fits a mixture of Gaussians with full covariances by expectation and maximisation (Dempster, Laird and Rubin, 1977) from
 * k-means clusters.
 *
 * @param points [n · dimensions]
 * @throws InputError for points that are not finite, options beyond their range, and unless 1 ≤ k ≤ n
 * @throws StoppedError when stopped
 */
export async function gaussianMixture(
  points: Float32Array,
  dimensions: number,
  k: number,
  options: MixtureOptions = {},
): Promise<GaussianMixture> {
  const n = countPoints(points, dimensions, 1);
  checkClusters(k, n);
  const {
    seed = 1,
    starts = 4,
    mostPoints = 50_000,
    ridge = 1e-6,
    tolerance = 1e-6,
    mostSteps = 1000,
  } = options;
  checkIntegers({ starts, mostPoints, mostSteps }, 1);
  if (!(ridge >= 0 && ridge < Number.POSITIVE_INFINITY)) {
    throw new InputError("ridge", "a number of 0 or more", String(ridge));
  }
  if (!Number.isFinite(tolerance)) throw new InputError("tolerance", "a number", String(tolerance));
  const pacing = new Pacing(options);
  const rows = drawRows(n, Math.max(mostPoints, k), seed);
  const fitted = rows.length < n ? pointsOf(points, dimensions, rows) : points;
  const added = ridge * meanVariance(fitted, dimensions);
  const some = pointsOf(fitted, dimensions, drawRows(rows.length, Math.max(BEGINNING, k), seed));
  let begun: Fit | undefined;
  // One Gaussian is found in one step, whatever it begins with.
  for (let start = 0; start < (k === 1 ? 1 : starts); start++) {
    pacing.report("Gaussian mixture", start, starts + 1);
    const clusters = kMeans(some, dimensions, k, { seed: seed + start, starts: 1 });
    const first = fromClusters(some, dimensions, clusters, added);
    const fit = await climb(first, some, dimensions, added, BEGUN, 100, pacing);
    if (!begun || fit.logLikelihood > begun.logLikelihood) begun = fit;
  }
  const best = await climb(begun!.components, fitted, dimensions, added, tolerance, mostSteps, pacing);
  pacing.report("Gaussian mixture", starts + 1, starts + 1);
  const { components, ...rest } = inOrder(best, dimensions);
  const parameters = k * (dimensions + (dimensions * (dimensions + 1)) / 2) + k - 1;
  return {
    weights: components.weights,
    means: components.means,
    covariances: components.covariances,
    ...rest,
    bic: -2 * rest.logLikelihood + parameters * Math.log(rows.length),
    ...(await membership(components, points, dimensions, pacing)),
  };
}

interface Components {
  weights: Float64Array;
  means: Float64Array;
  covariances: Float64Array;
}

interface Fit {
  components: Components;
  logLikelihood: number;
  steps: number;
  converged: boolean;
}

function fromClusters(
  points: Float32Array,
  dimensions: number,
  { labels, centres }: Clusters,
  ridge: number,
): Components {
  const k = centres.length / dimensions;
  const sums = new Sums(k, dimensions, Float64Array.from(centres));
  const certain = new Float64Array(k);
  labels.forEach((label, i) => {
    certain.fill(0);
    certain[label] = 1;
    sums.add(points, i * dimensions, certain);
  });
  return sums.components(ridge);
}

/** Expectation and maximisation in turn, until the likelihood hardly rises any more. */
async function climb(
  from: Components,
  points: Float32Array,
  dimensions: number,
  ridge: number,
  tolerance: number,
  mostSteps: number,
  pacing: Pacing,
): Promise<Fit> {
  const n = points.length / dimensions;
  let components = from;
  let logLikelihood = Number.NEGATIVE_INFINITY;
  for (let step = 1; ; step++) {
    const densities = new Densities(components, dimensions);
    const before = logLikelihood;
    const sums = new Sums(components.weights.length, dimensions, components.means);
    logLikelihood = 0;
    for (let i = 0; i < n; i++) {
      logLikelihood += densities.at(points, i * dimensions);
      sums.add(points, i * dimensions, densities.responsibilities);
      if (i % CHUNK === 0 && pacing.due) await pacing.turn();
    }
    if (!Number.isFinite(logLikelihood)) {
      throw new InputError(
        "ridge",
        "one above 0, since a Gaussian has shrunk to points that are one",
        String(ridge),
      );
    }
    // The likelihood is that of the components at hand, which are kept with it.
    const converged = logLikelihood - before < tolerance * n;
    if (converged || step === mostSteps) return { components, logLikelihood, steps: step, converged };
    components = sums.components(ridge);
  }
}

function meanVariance(points: Float32Array, dimensions: number): number {
  const n = points.length / dimensions;
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < points.length; i++) mean[i % dimensions]! += points[i]! / n;
  let sum = 0;
  for (let i = 0; i < points.length; i++) sum += (points[i]! - mean[i % dimensions]!) ** 2;
  // Points that are all one would have no density without it.
  return sum / points.length || 1;
}

/** Weighted sums over points, from which components follow; taken around a place near the mean of each. */
class Sums {
  private readonly weight: Float64Array;
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private readonly difference: Float64Array;

  constructor(
    private readonly k: number,
    private readonly dimensions: number,
    private readonly around: Float64Array,
  ) {
    this.weight = new Float64Array(k);
    this.first = new Float64Array(k * dimensions);
    this.second = new Float64Array(k * dimensions * dimensions);
    this.difference = new Float64Array(dimensions);
  }

  add(points: Float32Array, at: number, shares: Float64Array): void {
    const { dimensions, difference, first, second } = this;
    for (let c = 0; c < this.k; c++) {
      const share = shares[c]!;
      if (share < 1e-12) continue;
      this.weight[c]! += share;
      for (let d = 0; d < dimensions; d++) {
        difference[d] = points[at + d]! - this.around[c * dimensions + d]!;
        const weighted = share * difference[d]!;
        first[c * dimensions + d]! += weighted;
        const row = (c * dimensions + d) * dimensions;
        for (let e = 0; e <= d; e++) second[row + e]! += weighted * difference[e]!;
      }
    }
  }

  components(ridge: number): Components {
    const { k, dimensions } = this;
    const total = this.weight.reduce((a, b) => a + b, 0);
    const means = new Float64Array(k * dimensions);
    const covariances = new Float64Array(k * dimensions * dimensions);
    for (let c = 0; c < k; c++) {
      // A component that no point belongs to any more stays where it was, and has no weight.
      const weight = Math.max(this.weight[c]!, Number.MIN_VALUE);
      const shift = this.first.subarray(c * dimensions, (c + 1) * dimensions).map((sum) => sum / weight);
      for (let d = 0; d < dimensions; d++) {
        means[c * dimensions + d] = this.around[c * dimensions + d]! + shift[d]!;
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

/** Densities of the components at a point. */
class Densities {
  /** Probability of each component for the point that {@link at} was last called for, [k]. */
  readonly responsibilities: Float64Array;
  private readonly k: number;
  /** Inverses of the Cholesky factors of the covariances, lower triangles row by row. */
  private readonly whitening: Float64Array;
  private readonly constant: Float64Array;
  private readonly means: Float64Array;
  private readonly difference: Float64Array;

  constructor(
    { weights, means, covariances }: Components,
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

  /** Logarithm of the density of the whole mixture at a point. */
  at(points: Float32Array, at: number): number {
    const { k, dimensions, difference, whitening, responsibilities } = this;
    let highest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < k; c++) {
      for (let d = 0; d < dimensions; d++) difference[d] = points[at + d]! - this.means[c * dimensions + d]!;
      let squared = 0;
      for (let d = 0; d < dimensions; d++) {
        const row = (c * dimensions + d) * dimensions;
        let sum = 0;
        for (let e = 0; e <= d; e++) sum += whitening[row + e]! * difference[e]!;
        squared += sum * sum;
      }
      const logarithm = this.constant[c]! - squared / 2;
      responsibilities[c] = logarithm;
      if (logarithm > highest) highest = logarithm;
    }
    let sum = 0;
    for (let c = 0; c < k; c++) {
      responsibilities[c] = Math.exp(responsibilities[c]! - highest);
      sum += responsibilities[c]!;
    }
    for (let c = 0; c < k; c++) responsibilities[c]! /= sum;
    return highest + Math.log(sum);
  }
}

/** Lower factor L of a symmetric positive matrix L Lᵀ. */
function cholesky(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let m = 0; m < j; m++) sum -= factor[i * size + m]! * factor[j * size + m]!;
      // Rounding can leave less than nothing of a variance that is all ridge.
      factor[i * size + j] =
        i === j
          ? Math.sqrt(Math.max(sum, Number.EPSILON * matrix[i * size + i]!))
          : sum / factor[j * size + j]!;
    }
  }
  return factor;
}

function invertLower(factor: Float64Array, size: number, out: Float64Array): void {
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = row === column ? 1 : 0;
      for (let m = column; m < row; m++) sum -= factor[row * size + m]! * out[m * size + column]!;
      out[row * size + column] = sum / factor[row * size + row]!;
    }
  }
}

function inOrder(fit: Fit, dimensions: number): Fit {
  const { weights, means, covariances } = fit.components;
  const order = Array.from(weights.keys()).sort((a, b) => means[a * dimensions]! - means[b * dimensions]!);
  const reordered = (values: Float64Array) => {
    const width = values.length / order.length;
    const out = new Float64Array(values.length);
    order.forEach((c, rank) => {
      out.set(values.subarray(c * width, (c + 1) * width), rank * width);
    });
    return out;
  };
  return {
    ...fit,
    components: {
      weights: reordered(weights),
      means: reordered(means),
      covariances: reordered(covariances),
    },
  };
}

async function membership(components: Components, points: Float32Array, dimensions: number, pacing: Pacing) {
  const k = components.weights.length;
  const n = points.length / dimensions;
  const densities = new Densities(components, dimensions);
  const labels = new Int32Array(n);
  const sizes = new Int32Array(k);
  const responsibilities = new Float32Array(n * k);
  for (let i = 0; i < n; i++) {
    densities.at(points, i * dimensions);
    let label = 0;
    for (let c = 0; c < k; c++) {
      const share = densities.responsibilities[c]!;
      responsibilities[i * k + c] = share;
      if (share > densities.responsibilities[label]!) label = c;
    }
    labels[i] = label;
    sizes[label]!++;
    if (i % CHUNK === 0 && pacing.due) await pacing.turn();
  }
  return { labels, sizes, responsibilities };
}
