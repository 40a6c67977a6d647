import type { TaskOptions } from "../progress";
import { Random } from "../random";
import { Pacing } from "./pacing";
import {
  checkClusters,
  checkIntegers,
  countPoints,
  gatherPoints,
  type PointSet,
  sampleRows,
  squaredDistance,
} from "./points";

/** Points divided into clusters, each around the mean of its members. */
export interface Clusters {
  /** Mean of each cluster, [k · dimensions]. Clusters are ordered by their first coordinate. */
  centres: Float32Array;
  /** Cluster of each point, [n]. */
  labels: Int32Array;
  /** Number of points in each cluster, [k]. */
  sizes: Int32Array;
  /** Sum of the squared distances of the points from their centres. */
  inertia: number;
}

/** Options of {@link kMeans}. */
export interface KMeansOptions {
  /** Seed of the initial centres. Default 1. */
  seed?: number;
  /** Random initializations, of which the result with the lowest inertia is kept. Default 8. */
  restarts?: number;
}

const maxIterations = 300;
/** With more points than this, restarts run on a sample of this size. */
const sampleSize = 20_000;
/** Points processed between two looks at the clock. */
const chunk = 512;

/**
 * k-means clustering (Lloyd) with k-means++ initialization (Arthur and Vassilvitskii, 2007). With more than 20,000 points
 * the restarts run on a random sample of 20,000; the best of them is refined on all points until fewer than 0.1 % of them
 * change clusters.
 *
 * Blocks the event loop; for many points see {@link kMeansAsync}.
 * @param points [n · dimensions]
 * @param k number of clusters
 * @throws InputError for coordinates that are not finite, and unless 1 ≤ k ≤ n
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { labels, sizes } = e2.latent.kMeans(refined, run.latent, 4, { seed: 2 });
 * ```
 */
export function kMeans(
  points: Float32Array,
  dimensions: number,
  k: number,
  options: KMeansOptions = {},
): Clusters {
  const steps = clustering({ points, dimensions }, k, options);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/**
 * {@link kMeans} with the same result that yields to the event loop, reports progress and can be aborted.
 * @throws InputError for coordinates that are not finite, and unless 1 ≤ k ≤ n
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { centres } = await e2.latent.kMeansAsync(refined, run.latent, 4);
 * ```
 */
export async function kMeansAsync(
  points: Float32Array,
  dimensions: number,
  k: number,
  options: KMeansOptions & TaskOptions = {},
): Promise<Clusters> {
  const pacing = new Pacing(options);
  const steps = clustering({ points, dimensions }, k, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (!pacing.due) continue;
    pacing.report("k-means", step.value, 1);
    await pacing.yield();
  }
}

/** The algorithm in small steps; yields the fraction that is done. */
function* clustering(all: PointSet, k: number, options: KMeansOptions): Generator<number, Clusters> {
  const { points, dimensions } = all;
  const n = countPoints(points, dimensions, 1);
  checkClusters(k, n);
  const { seed = 1, restarts = 8 } = options;
  checkIntegers({ restarts }, 1);
  const random = new Random(seed);
  const rows = n > sampleSize ? sampleRows(n, Math.max(sampleSize, k), seed) : undefined;
  const sample = rows ? { points: gatherPoints(points, dimensions, rows), dimensions } : all;
  const fits = restarts + (rows ? 1 : 0);
  let best: Clusters | undefined;
  for (let restart = 0; restart < restarts; restart++) {
    const centres = yield* initialCentres(sample, k, random, restart / fits);
    const found = yield* lloyd(sample, centres, { maxChanges: 0, done: restart / fits });
    if (!best || found.inertia < best.inertia) best = found;
  }
  if (rows) best = yield* lloyd(all, best!.centres, { maxChanges: n / 1000, done: restarts / fits });
  return ordered(best!, dimensions);
}

/** k-means++: draws centres from the points with a probability proportional to the squared distance from those drawn. */
function* initialCentres(
  set: PointSet,
  k: number,
  random: Random,
  done: number,
): Generator<number, Float32Array> {
  const { points, dimensions } = set;
  const n = points.length / dimensions;
  const centres = { points: new Float32Array(k * dimensions), dimensions };
  const nearest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  let chosen = random.integer(n);
  for (let c = 0; c < k; c++) {
    centres.points.set(points.subarray(chosen * dimensions, (chosen + 1) * dimensions), c * dimensions);
    let total = 0;
    for (let i = 0; i < n; i++) {
      nearest[i] = Math.min(nearest[i]!, squaredDistance(set, i, centres, c));
      total += nearest[i]!;
      if (i % chunk === 0) yield done;
    }
    let target = random.uniform() * total;
    chosen = n - 1;
    for (let i = 0; i < n; i++) {
      target -= nearest[i]!;
      if (target < 0) {
        chosen = i;
        break;
      }
    }
  }
  return centres.points;
}

/** Lloyd's iterations until at most `maxChanges` points change clusters. Moves `initial` in place. */
function* lloyd(
  set: PointSet,
  initial: Float32Array,
  { maxChanges, done }: { maxChanges: number; done: number },
): Generator<number, Clusters> {
  const { points, dimensions } = set;
  const n = points.length / dimensions;
  const centres = { points: initial, dimensions };
  const labels = new Int32Array(n).fill(-1);
  const sizes = new Int32Array(initial.length / dimensions);
  let inertia = 0;
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    let changed = 0;
    inertia = 0;
    let farthest = { point: 0, distance: -1 };
    sizes.fill(0);
    for (let i = 0; i < n; i++) {
      let label = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let c = 0; c < sizes.length; c++) {
        const distance = squaredDistance(set, i, centres, c);
        if (distance < least) {
          least = distance;
          label = c;
        }
      }
      if (labels[i] !== label) changed++;
      labels[i] = label;
      sizes[label]!++;
      inertia += least;
      if (least > farthest.distance) farthest = { point: i, distance: least };
      if (i % chunk === 0) yield done;
    }
    if (changed <= maxChanges) break;
    moveToMeans(set, initial, { labels, sizes }, farthest.point);
  }
  return { centres: initial, labels, sizes, inertia };
}

/** Moves each centre to the mean of its points; an empty cluster restarts at the point `fallback`. */
function moveToMeans(
  { points, dimensions }: PointSet,
  centres: Float32Array,
  { labels, sizes }: Pick<Clusters, "labels" | "sizes">,
  fallback: number,
): void {
  const sums = new Float64Array(centres.length);
  for (let i = 0; i < labels.length; i++) {
    for (let d = 0; d < dimensions; d++) sums[labels[i]! * dimensions + d]! += points[i * dimensions + d]!;
  }
  for (let c = 0; c < sizes.length; c++) {
    for (let d = 0; d < dimensions; d++) {
      centres[c * dimensions + d] =
        sizes[c]! > 0 ? sums[c * dimensions + d]! / sizes[c]! : points[fallback * dimensions + d]!;
    }
  }
}

/** Renumbers the clusters by the first coordinate of their centres. */
function ordered({ centres, labels, sizes, inertia }: Clusters, dimensions: number): Clusters {
  const order = Array.from(sizes.keys()).sort((a, b) => centres[a * dimensions]! - centres[b * dimensions]!);
  const rank = new Int32Array(order.length);
  const sorted = new Float32Array(centres.length);
  order.forEach((c, r) => {
    rank[c] = r;
    sorted.set(centres.subarray(c * dimensions, (c + 1) * dimensions), r * dimensions);
  });
  return {
    centres: sorted,
    labels: labels.map((label) => rank[label]!),
    sizes: Int32Array.from(order, (c) => sizes[c]!),
    inertia,
  };
}
