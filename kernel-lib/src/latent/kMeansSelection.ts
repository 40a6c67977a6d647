import type { TaskOptions } from "../progress";
import { Random } from "../random";
import { type Clusters, kMeansAsync } from "./kmeans";
import { Pacing } from "./pacing";
import { pca, pcaInverse, pcaTransform } from "./pca";
import { checkIntegers, countPoints, gatherPoints, sampleRows } from "./points";

/** Options of {@link selectKMeans}. */
export interface KMeansSelectionOptions extends TaskOptions {
  /** Most clusters that are tried, less than points. Default 10. */
  most?: number;
  /** Uniform point sets that the clusters are compared with. Default 10. */
  references?: number;
  /** Seed of initial centres, sample and references. Default 1. */
  seed?: number;
}

/** k-means clusters whose number the points determine. */
export interface KMeansSelection extends Clusters {
  /** Gap statistic of 1, 2, … clusters, [tried]. */
  gaps: Float64Array;
  /** Standard errors of the gaps, [tried]. */
  gapErrors: Float64Array;
  /** One sentence that says how many clusters there are and why. */
  advice: string;
}

/** Points from which the number is determined. */
const sampleSize = 2000;

/**
 * k-means clusters, their number by the gap statistic (Tibshirani, Walther and Hastie, J. R. Stat. Soc. B 63, 411, 2001):
 * how much more clusters reduce the inertia than in points spread uniformly over the same box along the principal axes. The
 * smallest number is taken whose gap is not exceeded by the next one's by more than its standard error.
 *
 * @param points [n · dimensions]
 * @throws InputError for fewer than three points, coordinates that are not finite, and options out of their range
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { sizes, advice } = await e2.latent.selectKMeans(refined, run.latent, { most: 4 });
 * ```
 */
export async function selectKMeans(
  points: Float32Array,
  dimensions: number,
  options: KMeansSelectionOptions = {},
): Promise<KMeansSelection> {
  const n = countPoints(points, dimensions, 3);
  const { most = 10, references = 10, seed = 1 } = options;
  checkIntegers({ most, references }, 1);
  const pacing = new Pacing(options);
  const sample = gatherPoints(points, dimensions, sampleRows(n, sampleSize, seed));
  const tried = Math.min(most + 1, sample.length / dimensions - 1);
  const others = referencePoints(sample, dimensions, { references, seed });
  const gaps: number[] = [];
  const errors: number[] = [];
  let chosen = 0;
  for (let k = 1; k <= tried && chosen === 0; k++) {
    pacing.report("k-means: gap statistic", k - 1, tried);
    const own = await logInertia(sample, dimensions, k, seed);
    const expected: number[] = [];
    for (const reference of others) {
      expected.push(await logInertia(reference, dimensions, k, seed));
      await pacing.yield();
    }
    const mean = expected.reduce((a, b) => a + b, 0) / references;
    const variance = expected.reduce((sum, x) => sum + (x - mean) ** 2, 0) / references;
    gaps.push(mean - own);
    errors.push(Math.sqrt(variance * (1 + 1 / references)));
    if (k > 1 && gaps[k - 2]! >= gaps[k - 1]! - errors[k - 1]!) chosen = k - 1;
  }
  // Without such a number the one with the largest gap
  if (chosen === 0) chosen = gaps.indexOf(Math.max(...gaps)) + 1;
  const clusters = await kMeansAsync(points, dimensions, chosen, { ...options, seed });
  const advice =
    chosen === 1
      ? "The gap statistic finds no clusters beyond one: the particles form a continuum or a single group."
      : `The gap statistic is best for ${chosen} clusters (1 to ${gaps.length} tried).`;
  return { ...clusters, gaps: Float64Array.from(gaps), gapErrors: Float64Array.from(errors), advice };
}

/** Logarithm of the inertia; of a small number where all points are centres. */
async function logInertia(
  points: Float32Array,
  dimensions: number,
  k: number,
  seed: number,
): Promise<number> {
  const { inertia } = await kMeansAsync(points, dimensions, k, { seed, restarts: 3 });
  return Math.log(Math.max(inertia, 1e-30));
}

/** Sets of as many points, uniform over the box of the points along their principal axes. */
function referencePoints(
  points: Float32Array,
  dimensions: number,
  { references, seed }: { references: number; seed: number },
): Float32Array[] {
  const axes = pca(points, dimensions);
  const scores = pcaTransform(axes, points);
  const low = new Float64Array(dimensions).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(dimensions).fill(Number.NEGATIVE_INFINITY);
  scores.forEach((score, i) => {
    low[i % dimensions] = Math.min(low[i % dimensions]!, score);
    high[i % dimensions] = Math.max(high[i % dimensions]!, score);
  });
  const random = new Random(seed);
  return Array.from({ length: references }, () =>
    pcaInverse(
      axes,
      scores.map((_, i) => {
        const d = i % dimensions;
        return low[d]! + (high[d]! - low[d]!) * random.uniform();
      }),
    ),
  );
}
