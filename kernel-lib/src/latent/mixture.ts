import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import {
  chunk,
  type MixtureComponents,
  MixtureDensity,
  type MixtureFit,
  runEM,
  SufficientStatistics,
} from "./expectationMaximization";
import { type Clusters, kMeans } from "./kmeans";
import { Pacing } from "./pacing";
import { checkClusters, checkIntegers, countPoints, gatherPoints, type PointSet, sampleRows } from "./points";

/** Options of {@link gaussianMixture}. */
export interface MixtureOptions extends TaskOptions {
  /** Seed of samples and initial clusters. Default 1. */
  seed?: number;
  /** Initializations, tried on a sample, of which the likeliest is fitted to all points. Default 4. */
  restarts?: number;
  /** Most points that the mixture is fitted to, a random sample of them if there are more. Default 50,000. */
  maxPoints?: number;
  /** Added to every variance, as a fraction of the points' mean variance per axis. Default 1e-6. */
  ridge?: number;
  /** The fit has converged when the mean log-likelihood per point increases by less than this. Default 1e-6. */
  tolerance?: number;
  /** Most iterations of the final fit. Default 1,000. */
  maxIterations?: number;
}

/** A mixture of k Gaussians in the latent space, ordered by the first coordinate of their means. */
export interface GaussianMixture {
  /** Fraction of each Gaussian, [k]. */
  weights: Float64Array;
  /** [k · dimensions] */
  means: Float64Array;
  /** Symmetric, [k · dimensions · dimensions]. */
  covariances: Float64Array;
  /** Sum of the log density over the points that were fitted to. */
  logLikelihood: number;
  /**
   * Bayesian information criterion (Schwarz, 1978), −2 log L + parameters · log n with the n points that were fitted to.
   * Among mixtures of the same points with different k, the lowest is best.
   */
  bic: number;
  /** Iterations of the final fit. */
  iterations: number;
  /** False if the final fit ended at `maxIterations`. */
  converged: boolean;
  /** The most probable Gaussian of each point, [n]. */
  labels: Int32Array;
  /** Number of points with each label, [k]. */
  sizes: Int32Array;
  /** Probability of each Gaussian for each point, [n · k]. */
  responsibilities: Float32Array;
}

/** Points on which initializations are tried. */
const sampleSize = 3000;
/** Fits of initializations end early: they only have to be compared. */
const trial = { tolerance: 1e-4, maxIterations: 100 };

/**
 * Fits a mixture of Gaussians with full covariances by expectation maximization (Dempster, Laird and Rubin, 1977),
 * initialized by k-means.
 *
 * @param points [n · dimensions]
 * @param k number of Gaussians
 * @throws InputError for coordinates that are not finite, options out of their range, and unless 1 ≤ k ≤ n
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { labels, bic } = await e2.latent.gaussianMixture(refined, run.latent, 3);
 * ```
 */
export async function gaussianMixture(
  points: Float32Array,
  dimensions: number,
  k: number,
  options: MixtureOptions = {},
): Promise<GaussianMixture> {
  const n = countPoints(points, dimensions, 1);
  checkClusters(k, n);
  const checked = checkedOptions(options);
  const { seed, maxPoints, tolerance, maxIterations } = checked;
  const pacing = new Pacing(options);
  const rows = sampleRows(n, Math.max(maxPoints, k), seed);
  const fitted = { points: rows.length < n ? gatherPoints(points, dimensions, rows) : points, dimensions };
  const ridge = checked.ridge * meanVariance(fitted);
  // Any initialization of one Gaussian converges in one step.
  const restarts = k === 1 ? 1 : checked.restarts;
  const initial = await bestInitialization(fitted, k, { seed, restarts, ridge }, pacing);
  const best = await runEM(fitted, initial, { ridge, tolerance, maxIterations }, pacing);
  pacing.report("Gaussian mixture", 1, 1);
  const { components, ...rest } = ordered(best, dimensions);
  const parameters = k * (dimensions + (dimensions * (dimensions + 1)) / 2) + k - 1;
  return {
    ...components,
    ...rest,
    bic: -2 * rest.logLikelihood + parameters * Math.log(rows.length),
    ...(await membership(components, { points, dimensions }, pacing)),
  };
}

function checkedOptions(options: MixtureOptions): Required<Omit<MixtureOptions, keyof TaskOptions>> {
  const { seed = 1, restarts = 4, maxPoints = 50_000 } = options;
  const { ridge = 1e-6, tolerance = 1e-6, maxIterations = 1000 } = options;
  checkIntegers({ restarts, maxPoints, maxIterations }, 1);
  if (!(ridge >= 0 && ridge < Number.POSITIVE_INFINITY)) {
    throw new InputError("ridge", "a number of 0 or more", String(ridge));
  }
  if (!Number.isFinite(tolerance)) throw new InputError("tolerance", "a number", String(tolerance));
  return { seed, restarts, maxPoints, ridge, tolerance, maxIterations };
}

/** The likeliest of several short fits to a sample, each from other k-means clusters. */
async function bestInitialization(
  { points, dimensions }: PointSet,
  k: number,
  { seed, restarts, ridge }: { seed: number; restarts: number; ridge: number },
  pacing: Pacing,
): Promise<MixtureComponents> {
  const rows = sampleRows(points.length / dimensions, Math.max(sampleSize, k), seed);
  const sample = { points: gatherPoints(points, dimensions, rows), dimensions };
  let best: MixtureFit | undefined;
  for (let restart = 0; restart < restarts; restart++) {
    pacing.report("Gaussian mixture", restart, restarts + 1);
    const clusters = kMeans(sample.points, dimensions, k, { seed: seed + restart, restarts: 1 });
    const fit = await runEM(sample, fromClusters(sample, clusters, ridge), { ridge, ...trial }, pacing);
    if (!best || fit.logLikelihood > best.logLikelihood) best = fit;
  }
  return best!.components;
}

function fromClusters(
  { points, dimensions }: PointSet,
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

/** Mean variance along an axis; 1 if all points coincide, so that a ridge always has an effect. */
function meanVariance({ points, dimensions }: PointSet): number {
  const n = points.length / dimensions;
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < points.length; i++) mean[i % dimensions]! += points[i]! / n;
  let sum = 0;
  for (let i = 0; i < points.length; i++) sum += (points[i]! - mean[i % dimensions]!) ** 2;
  return sum / points.length || 1;
}

/** Renumbers the components by the first coordinate of their means. */
function ordered(fit: MixtureFit, dimensions: number): MixtureFit {
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

async function membership(
  components: MixtureComponents,
  { points, dimensions }: PointSet,
  pacing: Pacing,
): Promise<Pick<GaussianMixture, "labels" | "sizes" | "responsibilities">> {
  const k = components.weights.length;
  const n = points.length / dimensions;
  const density = new MixtureDensity(components, dimensions);
  const labels = new Int32Array(n);
  const sizes = new Int32Array(k);
  const responsibilities = new Float32Array(n * k);
  for (let i = 0; i < n; i++) {
    density.evaluate(points, i * dimensions);
    let label = 0;
    for (let c = 0; c < k; c++) {
      const share = density.responsibilities[c]!;
      responsibilities[i * k + c] = share;
      if (share > density.responsibilities[label]!) label = c;
    }
    labels[i] = label;
    sizes[label]!++;
    if (i % chunk === 0 && pacing.due) await pacing.yield();
  }
  return { labels, sizes, responsibilities };
}
