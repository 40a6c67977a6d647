import type { TaskOptions } from "../progress";
import { type ExtractedClusters, extractClusters } from "./condensedTree";
import { KdTree, neighbourBuffers } from "./kdTree";
import { Pacing } from "./pacing";
import {
  checkDeviations,
  checkIntegers,
  countPoints,
  gatherPoints,
  inDeviations,
  type PointSet,
  sampleRows,
  sampleSentence,
} from "./points";
import { coreDistances, spanningTree } from "./spanningTree";

/** Options of {@link densityClusters}. */
export interface DensityOptions extends TaskOptions {
  /** Fewest points of a cluster; smaller groups are noise. Default: 1 % of the points, at least 20. */
  minClusterSize?: number;
  /**
   * Points, the point itself included, whose distance measures the density at a point. More give a smoother density and
   * more noise points. Default 15.
   */
  minSamples?: number;
  /**
   * Whether all points may form a single cluster, which they do unless splitting them is more persistent. With false,
   * clusters are also found where gaps are few or shallow. Default true.
   */
  allowSingleCluster?: boolean;
  /** Most points that are clustered, a random sample of them if there are more; the others are assigned. Default 100,000. */
  maxPoints?: number;
  /** Seed of the sample. Default 1. */
  seed?: number;
  /**
   * Standard deviations of the coordinates, [n · dimensions]. Distances along each axis are then in units of its median
   * deviation, so that an axis on which little is known counts little. Default: the coordinates as they are.
   */
  deviations?: Float32Array;
}

/** Density-based clusters of any shape. */
export interface DensityClusters {
  /** Cluster of each point, −1 for noise, [n]. Clusters are ordered by the first coordinate of their means. */
  labels: Int32Array;
  /** Membership strength: from 0 for noise and points at the edge to 1 in the densest part of a cluster, [n]. */
  strength: Float32Array;
  /** Mean of each cluster, [clusters · dimensions]. */
  centres: Float32Array;
  /** Number of points in each cluster, [clusters]. */
  sizes: Int32Array;
  /** One sentence that says how many clusters were found, and how many points are in none. */
  advice: string;
}

/**
 * Clusters points by HDBSCAN: the clusters that persist longest as the density threshold is raised (Campello, Moulavi and
 * Sander, 2013; McInnes and Healy, 2017).
 *
 * @param points [n · dimensions]; fast in few dimensions
 * @throws InputError for coordinates that are not finite, and options out of their range
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { labels, sizes } = await e2.latent.densityClusters(refined, run.latent, { minClusterSize: 10, minSamples: 5 });
 * ```
 */
export async function densityClusters(
  points: Float32Array,
  dimensions: number,
  options: DensityOptions = {},
): Promise<DensityClusters> {
  const n = countPoints(points, dimensions, 1);
  checkDeviations(options.deviations, points.length, dimensions);
  const scaled = options.deviations ? inDeviations(points, options.deviations, dimensions) : points;
  const { minSamples = 15, allowSingleCluster = true, maxPoints = 100_000, seed = 1 } = options;
  const minClusterSize = options.minClusterSize ?? Math.max(20, Math.ceil(n / 100));
  checkIntegers({ minClusterSize, minSamples }, 2);
  checkIntegers({ maxPoints }, 1);
  const rows = sampleRows(n, maxPoints, seed);
  const m = rows.length;
  const pacing = new Pacing(options);
  const sample = m < n ? gatherPoints(scaled, dimensions, rows) : scaled;
  await pacing.yield();
  const tree = new KdTree(sample, dimensions);
  const k = Math.min(minSamples, m);
  const core = await coreDistances(tree, k, pacing);
  const edges = await spanningTree(tree, core, pacing);
  await pacing.yield();
  const found = extractClusters(edges, {
    // In a sample, clusters have fewer points.
    minClusterSize: Math.max(2, Math.round((minClusterSize * m) / n)),
    allowSingleCluster,
  });
  await pacing.yield();
  const membership = { labels: new Int32Array(n).fill(-1), strength: new Float32Array(n) };
  for (let place = 0; place < m; place++) {
    membership.labels[rows[tree.rows[place]!]!] = found.labels[place]!;
    membership.strength[rows[tree.rows[place]!]!] = found.strength[place]!;
  }
  if (m < n) await assignOthers(scaled, { tree, core, found, rows, k }, membership, pacing);
  const clusters = ordered({ points, dimensions }, membership, found.count);
  const advice =
    advise(clusters, minClusterSize) + sampleSentence(m, n, "the others belong to their nearest");
  return { ...clusters, advice };
}

/** Points looked up between two looks at the clock. */
const chunk = 64;

/** Labels and strengths of all points, [n]. */
type Membership = Pick<DensityClusters, "labels" | "strength">;

/** The sample that was clustered. */
interface ClusteredSample {
  tree: KdTree;
  core: Float64Array;
  found: ExtractedClusters;
  /** Rows of the sample among all points, ascending. */
  rows: Uint32Array;
  k: number;
}

/**
 * Assigns points outside the sample to the cluster of their nearest sample point by mutual reachability distance, if
 * they would have joined that cluster before it merged with another.
 */
async function assignOthers(
  points: Float32Array,
  { tree, core, found, rows, k }: ClusteredSample,
  { labels, strength }: Membership,
  pacing: Pacing,
): Promise<void> {
  const placeOf = new Int32Array(tree.count);
  for (let place = 0; place < tree.count; place++) placeOf[tree.rows[place]!] = place;
  const near = neighbourBuffers(k);
  let next = 0;
  for (let i = 0; i < labels.length; i++) {
    if (rows[next] === i) {
      next++;
      continue;
    }
    const count = tree.nearest(points, i * tree.dimensions, near);
    // The point itself counts as one of its k nearest.
    const ownCore = Math.sqrt(near.squared[Math.max(count - 2, 0)]!);
    let best = Number.POSITIVE_INFINITY;
    let label = -1;
    for (let j = 0; j < count; j++) {
      const place = placeOf[near.rows[j]!]!;
      const distance = Math.max(Math.sqrt(near.squared[j]!), ownCore, core[place]!);
      if (distance < best) {
        best = distance;
        label = found.labels[place]!;
      }
    }
    if (label >= 0 && best <= found.birth[label]!) {
      labels[i] = label;
      strength[i] = best > 0 ? Math.min(found.densest[label]! / best, 1) : 1;
    }
    if (i % chunk === 0 && pacing.due) {
      pacing.report("density: further points", i, labels.length);
      await pacing.yield();
    }
  }
}

/** Computes means and sizes, and orders the clusters by the first coordinate of their means. */
function ordered(
  { points, dimensions }: PointSet,
  { labels, strength }: Membership,
  count: number,
): Omit<DensityClusters, "advice"> {
  const sizes = new Int32Array(count);
  const sums = new Float64Array(count * dimensions);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < 0) continue;
    sizes[label]!++;
    for (let d = 0; d < dimensions; d++) sums[label * dimensions + d]! += points[i * dimensions + d]!;
  }
  const mean = (cluster: number, d: number) => sums[cluster * dimensions + d]! / sizes[cluster]!;
  const order = Array.from(sizes.keys()).sort((p, q) => mean(p, 0) - mean(q, 0));
  const rank = new Int32Array(count);
  const centres = new Float32Array(count * dimensions);
  order.forEach((cluster, place) => {
    rank[cluster] = place;
    for (let d = 0; d < dimensions; d++) centres[place * dimensions + d] = mean(cluster, d);
  });
  return {
    labels: labels.map((label) => (label < 0 ? -1 : rank[label]!)),
    strength,
    centres,
    sizes: Int32Array.from(order, (cluster) => sizes[cluster]!),
  };
}

function advise({ labels, sizes }: Omit<DensityClusters, "advice">, minClusterSize: number): string {
  const noise = labels.length - sizes.reduce((a, b) => a + b, 0);
  const percent = ((100 * noise) / labels.length).toFixed(0);
  const found = sizes.length === 1 ? "1 cluster" : `${sizes.length} clusters`;
  return (
    `HDBSCAN finds ${found} of at least ${minClusterSize} particles; ${noise} particles (${percent} %) are in none, ` +
    "where the density is low."
  );
}
