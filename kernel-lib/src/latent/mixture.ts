import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import { commonErrors } from "./equalErrors";
import { chunk, type MixtureFit, runEM, stepOf } from "./expectationMaximization";
import { grownMixtures, mostGrown, startFromClusters } from "./mixtureGrowth";
import type { MixtureComponents, NoisyPoints } from "./mixtureParts";
import { Pacing } from "./pacing";
import {
  checkClusters,
  checkDeviations,
  checkIntegers,
  countPoints,
  gatherPoints,
  type PointSet,
  sampleRows,
} from "./points";

/** Options of {@link gaussianMixture}. */
export interface MixtureOptions extends TaskOptions {
  /**
   * Standard deviation of the error of each coordinate, [n · dimensions]. The mixture then describes the points without
   * their errors (extreme deconvolution: Bovy, Hogg and Roweis, 2011), so that its weights are populations and its
   * covariances real spread. For posterior means see `typicalErrors`. Default: no errors.
   */
  deviations?: Float32Array;
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

/** A mixture of k Gaussians, or t distributions, in the latent space, ordered by the first coordinate of their means. */
export interface GaussianMixture {
  /** Fraction of each Gaussian, [k]. */
  weights: Float64Array;
  /** [k · dimensions] */
  means: Float64Array;
  /** Symmetric, [k · dimensions · dimensions]. */
  covariances: Float64Array;
  /**
   * Degrees of freedom of Student's t distribution, whose scale matrices are `covariances` then; undefined for Gaussians, as in
   * every result of {@link gaussianMixture}.
   */
  tails?: number | undefined;
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

/**
 * Fits a mixture of Gaussians with full covariances by expectation maximization (Dempster, Laird and Rubin, 1977). It is
 * initialized by k-means and, up to twelve Gaussians, by mixtures of 1, 2, … of which each adds a Gaussian to the one
 * before where it explains most, which also finds small groups beside large ones.
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
  checkClusters(k, countPoints(points, dimensions, 1));
  const pacing = new Pacing(options);
  const fitting = new MixtureFitting({ points, dimensions }, k, options);
  const initial = await fitting.bestInitialization(k, pacing);
  const best = await fitting.fit(initial, pacing);
  pacing.report("Gaussian mixture", 1, 1);
  return fitting.describe(best, pacing);
}

/** The points that mixtures are fitted to, and how. */
export class MixtureFitting {
  /** Added to every variance. */
  readonly ridge: number;
  private readonly all: NoisyPoints;
  private readonly fitted: NoisyPoints;
  private readonly checked: ReturnType<typeof checkedOptions>;

  /**
   * @param least fewest points to fit to
   * @throws InputError for options out of their range
   */
  constructor({ points, dimensions }: PointSet, least: number, options: MixtureOptions) {
    const n = points.length / dimensions;
    this.checked = checkedOptions(options);
    const { maxPoints, seed } = this.checked;
    const { deviations } = options;
    checkDeviations(deviations, points.length, dimensions);
    this.all = { points, dimensions, deviations };
    const rows = sampleRows(n, Math.max(maxPoints, least), seed);
    this.fitted = rows.length < n ? gatherNoisy(this.all, rows) : this.all;
    this.ridge = this.checked.ridge * meanVariance(this.fitted);
  }

  /** Whether the points have no errors, or all the same, so that distributions with tails can be fitted. */
  get hasEqualErrors(): boolean {
    return this.fitted.deviations === undefined || commonErrors(this.fitted) !== undefined;
  }

  /** Number of points that are fitted to. */
  get count(): number {
    return this.fitted.points.length / this.fitted.dimensions;
  }

  /** The seed of the options. */
  get seed(): number {
    return this.checked.seed;
  }

  /** A random sample of the fitted points, on which initializations are compared. */
  sample(least: number): NoisyPoints {
    return gatherNoisy(this.fitted, sampleRows(this.count, Math.max(sampleSize, least), this.seed));
  }

  /** The likeliest of several short fits to a sample. */
  async bestInitialization(k: number, pacing: Pacing): Promise<MixtureComponents> {
    const { ridge, seed } = this;
    const sample = this.sample(k);
    // Any initialization of one Gaussian converges in one step.
    const restarts = k === 1 ? 1 : this.checked.restarts;
    let best: MixtureFit | undefined;
    for (let restart = 0; restart < restarts; restart++) {
      pacing.report("Gaussian mixture", restart, restarts + 2);
      const fit = await startFromClusters(sample, k, { ridge, seed: seed + restart }, pacing);
      if (!best || fit.logLikelihood > best.logLikelihood) best = fit;
    }
    if (k > 1 && k <= mostGrown) {
      pacing.report("Gaussian mixture", restarts, restarts + 2);
      for await (const fit of grownMixtures(sample, { ridge, seed }, pacing)) {
        if (fit.components.weights.length < k) continue;
        if (fit.logLikelihood > best!.logLikelihood) best = fit;
        break;
      }
    }
    return best!.components;
  }

  /** Fits to all of the points until convergence. @param tied whether all Gaussians have the same covariance */
  fit(initial: MixtureComponents, pacing: Pacing, tied = false): Promise<MixtureFit> {
    const { tolerance, maxIterations } = this.checked;
    return runEM(this.fitted, initial, { ridge: this.ridge, tolerance, maxIterations, tied }, pacing);
  }

  /** Bayesian information criterion of a fit. @param tied whether all Gaussians have the same covariance */
  bic({ components, logLikelihood }: MixtureFit, tied = false): number {
    const { dimensions } = this.all;
    const k = components.weights.length;
    const parameters =
      k * dimensions +
      k -
      1 +
      Number(components.tails !== undefined) +
      ((tied ? 1 : k) * dimensions * (dimensions + 1)) / 2;
    return -2 * logLikelihood + parameters * Math.log(this.count);
  }

  /** The result of a fit, with the probabilities of all points. */
  async describe(best: MixtureFit, pacing: Pacing, tied = false): Promise<GaussianMixture> {
    const bic = this.bic(best, tied);
    const { components, ...rest } = ordered(best, this.all.dimensions);
    return { ...components, ...rest, bic, ...(await membership(components, this.all, pacing)) };
  }
}

function checkedOptions(
  options: MixtureOptions,
): Required<Omit<MixtureOptions, keyof TaskOptions | "deviations">> {
  const { seed = 1, restarts = 4, maxPoints = 50_000 } = options;
  const { ridge = 1e-6, tolerance = 1e-6, maxIterations = 1000 } = options;
  checkIntegers({ restarts, maxPoints, maxIterations }, 1);
  if (!(ridge >= 0 && ridge < Number.POSITIVE_INFINITY)) {
    throw new InputError("ridge", "a number of 0 or more", String(ridge));
  }
  if (!Number.isFinite(tolerance)) throw new InputError("tolerance", "a number", String(tolerance));
  return { seed, restarts, maxPoints, ridge, tolerance, maxIterations };
}

function gatherNoisy({ points, deviations, dimensions }: NoisyPoints, rows: Uint32Array): NoisyPoints {
  return {
    points: gatherPoints(points, dimensions, rows),
    dimensions,
    deviations: deviations && gatherPoints(deviations, dimensions, rows),
  };
}

/** Mean variance along an axis; 1 if all points coincide, so that a ridge always has an effect. */
function meanVariance({ points, dimensions }: NoisyPoints): number {
  const n = points.length / dimensions;
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < points.length; i++) mean[i % dimensions]! += points[i]! / n;
  let sum = 0;
  for (let i = 0; i < points.length; i++) sum += (points[i]! - mean[i % dimensions]!) ** 2;
  return sum / points.length || 1;
}

/** Renumbers the components by the first coordinate of their means. */
function ordered(fit: MixtureFit, dimensions: number): MixtureFit {
  const { weights, means, covariances, tails } = fit.components;
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
      ...(tails !== undefined && { tails }),
    },
  };
}

/** The most probable Gaussian of each point, and the probabilities of all. */
export async function membership(
  components: MixtureComponents,
  set: NoisyPoints,
  pacing: Pacing,
): Promise<Pick<GaussianMixture, "labels" | "sizes" | "responsibilities">> {
  const k = components.weights.length;
  const n = set.points.length / set.dimensions;
  const density = stepOf(components, set);
  const labels = new Int32Array(n);
  const sizes = new Int32Array(k);
  const responsibilities = new Float32Array(n * k);
  for (let i = 0; i < n; i++) {
    density.evaluate(i);
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
