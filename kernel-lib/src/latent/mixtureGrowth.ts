import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { type MixtureFit, runEM } from "./expectationMaximization";
import { type Clusters, kMeans } from "./kmeans";
import { SufficientStatistics } from "./mixtureDensity";
import type { MixtureComponents, NoisyPoints } from "./mixtureParts";
import type { Pacing } from "./pacing";

/** How initializations are fitted. */
export interface StartOptions {
  /** Added to every variance. */
  ridge: number;
  /** Of k-means. */
  seed: number;
  /** Whether all Gaussians have the same covariance. Default false. */
  tied?: boolean;
}

/** Fits of initializations end early: they only have to be compared. */
const trial = { tolerance: 1e-4, maxIterations: 100 };
/** Iterations after which candidates for a further Gaussian are compared. */
const screening = { tolerance: Number.NEGATIVE_INFINITY, maxIterations: 3 };
/** Candidates that are fitted further. */
const finalists = 3;
/** Groups of nearby points that are candidates. */
const groups = 16;
/** Most Gaussians for which growing is affordable. */
export const mostGrown = 12;

/** A short fit that starts from k-means clusters. */
export function startFromClusters(
  set: NoisyPoints,
  k: number,
  { ridge, seed, tied = false }: StartOptions,
  pacing: Pacing,
): Promise<MixtureFit> {
  const clusters = kMeans(set.points, set.dimensions, k, { seed, restarts: 1 });
  return runEM(set, fromClusters(set, clusters, ridge), { ridge, tied, ...trial }, pacing);
}

/**
 * Short fits of 1, 2, … Gaussians, each made from the one before by the further Gaussian that increases the likelihood
 * most (after Verbeek, Vlassis and Kröse, 2003): a half of one that is split along a principal axis, or one around a group
 * of points. Ends when there are no more points than Gaussians.
 */
export async function* grownMixtures(
  set: NoisyPoints,
  { ridge, seed, tied = false }: StartOptions,
  pacing: Pacing,
): AsyncGenerator<MixtureFit> {
  const n = set.points.length / set.dimensions;
  const near = groupsOfPoints(set, Math.min(groups, n), { ridge, seed });
  let current = await startFromClusters(set, 1, { ridge, seed, tied }, pacing);
  for (let k = 1; ; k++) {
    yield current;
    if (k === n) return;
    const candidates = [
      ...splits(current.components, set.dimensions),
      ...additions(current.components, near),
    ];
    const screened: MixtureFit[] = [];
    for (const candidate of candidates) {
      screened.push(await runEM(set, candidate, { ridge, tied, ...screening }, pacing));
    }
    screened.sort((a, b) => b.logLikelihood - a.logLikelihood);
    let best: MixtureFit | undefined;
    for (const { components } of screened.slice(0, finalists)) {
      const fit = await runEM(set, components, { ridge, tied, ...trial }, pacing);
      if (!best || fit.logLikelihood > best.logLikelihood) best = fit;
    }
    current = best!;
  }
}

function fromClusters(
  { points, dimensions }: NoisyPoints,
  { labels, centres, sizes }: Clusters,
  ridge: number,
): MixtureComponents {
  const statistics = new SufficientStatistics(sizes.length, dimensions, Float64Array.from(centres));
  const certain = new Float64Array(sizes.length);
  labels.forEach((label, i) => {
    certain.fill(0);
    certain[label] = 1;
    statistics.add(points, i * dimensions, certain);
  });
  return statistics.components(ridge);
}

/** Groups of nearby points, by k-means with every coordinate in units of its spread. */
function groupsOfPoints(set: NoisyPoints, count: number, { ridge, seed }: StartOptions): MixtureComponents {
  const { points, dimensions } = set;
  const n = points.length / dimensions;
  const spread = Array.from({ length: dimensions }, (_, d) => {
    let mean = 0;
    let square = 0;
    for (let i = 0; i < n; i++) mean += points[i * dimensions + d]! / n;
    for (let i = 0; i < n; i++) square += (points[i * dimensions + d]! - mean) ** 2 / n;
    return Math.sqrt(square) || 1;
  });
  const scaled = points.map((x, i) => x / spread[i % dimensions]!);
  const clusters = kMeans(scaled, dimensions, count, { seed, restarts: 2 });
  const centres = clusters.centres.map((x, i) => x * spread[i % dimensions]!);
  return fromClusters(set, { ...clusters, centres }, ridge);
}

/** Every Gaussian split in two along each of its principal axes. */
function splits({ weights, means, covariances }: MixtureComponents, dimensions: number): MixtureComponents[] {
  const squared = dimensions * dimensions;
  const found: MixtureComponents[] = [];
  weights.forEach((weight, c) => {
    if (!(weight > 0)) return;
    const covariance = covariances.slice(c * squared, (c + 1) * squared);
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
      Matrix.from1DArray(dimensions, dimensions, covariance),
      { assumeSymmetric: true },
    );
    const widest = Math.max(...realEigenvalues);
    realEigenvalues.forEach((variance, a) => {
      // Too thin to have two parts
      if (!(variance > 1e-4 * widest)) return;
      const axis = eigenvectorMatrix.getColumn(a);
      // The halves have the mean and the covariance of the whole.
      const half = axis.map((x) => 0.8 * Math.sqrt(variance) * x);
      const mean = means.subarray(c * dimensions, (c + 1) * dimensions);
      const narrowed = covariance.map(
        (v, e) => v - half[Math.floor(e / dimensions)]! * half[e % dimensions]!,
      );
      const first = { weight: weight / 2, mean: mean.map((x, d) => x - half[d]!), covariance: narrowed };
      const second = { weight: weight / 2, mean: mean.map((x, d) => x + half[d]!), covariance: narrowed };
      const kept = replaced({ weights, means, covariances }, c, first);
      found.push(extended(kept, second));
    });
  });
  return found;
}

/** A Gaussian around each group of points added to a mixture. */
function additions(mixture: MixtureComponents, near: MixtureComponents): MixtureComponents[] {
  const dimensions = near.means.length / near.weights.length;
  const squared = dimensions * dimensions;
  return Array.from(near.weights, (weight, g) => {
    const others = mixture.weights.map((w) => w * (1 - weight / 2));
    return extended(
      { ...mixture, weights: others },
      {
        weight: weight / 2,
        mean: near.means.subarray(g * dimensions, (g + 1) * dimensions),
        covariance: near.covariances.subarray(g * squared, (g + 1) * squared),
      },
    );
  });
}

interface OneGaussian {
  weight: number;
  mean: Float64Array;
  covariance: Float64Array;
}

function replaced(mixture: MixtureComponents, c: number, by: OneGaussian): MixtureComponents {
  const [weights, means, covariances] = [
    mixture.weights.slice(),
    mixture.means.slice(),
    mixture.covariances.slice(),
  ];
  weights[c] = by.weight;
  means.set(by.mean, c * by.mean.length);
  covariances.set(by.covariance, c * by.covariance.length);
  return { weights, means, covariances };
}

function extended({ weights, means, covariances }: MixtureComponents, by: OneGaussian): MixtureComponents {
  return {
    weights: Float64Array.of(...weights, by.weight),
    means: Float64Array.of(...means, ...by.mean),
    covariances: Float64Array.of(...covariances, ...by.covariance),
  };
}
