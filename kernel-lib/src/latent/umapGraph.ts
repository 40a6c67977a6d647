import { KdTree, type Neighbours, neighbourBuffers } from "./kdTree";
import type { Pacing } from "./pacing";
import type { PointSet } from "./points";

/** Weighted neighbour graph in compressed sparse rows: the edges of point i are at [start[i], start[i + 1]). */
export interface NeighbourGraph {
  start: Uint32Array;
  /** Point at the other end of each edge. Every edge is stored in both directions. */
  to: Uint32Array;
  weight: Float32Array;
}

/** Points processed between two looks at the clock. */
const chunk = 256;

/** The fuzzy simplicial set of UMAP from the k nearest neighbours of each point. */
export async function neighbourGraph(
  { points, dimensions }: PointSet,
  k: number,
  pacing: Pacing,
): Promise<NeighbourGraph> {
  const n = points.length / dimensions;
  await pacing.yield();
  const tree = new KdTree(points, dimensions);
  await pacing.yield();
  const near = neighbourBuffers(k, n);
  const weights = new Float32Array(n * k);
  for (let i = 0; i < n; i++) {
    tree.nearest(points, i * dimensions, near, i * k);
    fuzzyWeights(near, weights, i);
    if (i % chunk === 0 && pacing.due) {
      pacing.report("UMAP: neighbours", i, n);
      await pacing.yield();
    }
  }
  await pacing.yield();
  return symmetrized(near.rows, weights, k);
}

/**
 * Weights of the k neighbours of point i: 1 for the nearest, then falling exponentially with distance at the scale for
 * which they sum to log₂ k. The point itself has weight 0.
 */
function fuzzyWeights({ k, rows, squared }: Neighbours, weights: Float32Array, i: number): void {
  const from = i * k;
  let nearest = 0;
  let mean = 0;
  for (let j = from; j < from + k; j++) {
    const distance = Math.sqrt(squared[j]!);
    if (nearest === 0) nearest = distance;
    mean += distance / k;
  }
  const target = Math.log2(k);
  const weight = (j: number, scale: number) => {
    const beyond = Math.sqrt(squared[j]!) - nearest;
    return beyond <= 0 ? 1 : Math.exp(-beyond / scale);
  };
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let scale = 1;
  for (let step = 0; step < 64; step++) {
    let sum = 0;
    for (let j = from; j < from + k; j++) if (rows[j] !== i) sum += weight(j, scale);
    if (Math.abs(sum - target) < 1e-5) break;
    if (sum > target) high = scale;
    else low = scale;
    scale = high === Number.POSITIVE_INFINITY ? 2 * scale : (low + high) / 2;
  }
  // For coincident points the search would end at scale 0.
  scale = Math.max(scale, 1e-3 * mean);
  for (let j = from; j < from + k; j++) weights[j] = rows[j] === i ? 0 : scale > 0 ? weight(j, scale) : 1;
}

/** Fuzzy union of the weights in both directions: w + w′ − w·w′. */
function symmetrized(rows: Int32Array, weights: Float32Array, k: number): NeighbourGraph {
  const n = rows.length / k;
  const weightOf = (i: number, j: number) => {
    for (let e = i * k; e < (i + 1) * k; e++) if (rows[e] === j) return weights[e]!;
    return -1;
  };
  const visit = (take: (i: number, j: number, weight: number) => void) => {
    for (let i = 0; i < n; i++) {
      for (let e = i * k; e < (i + 1) * k; e++) {
        const j = rows[e]!;
        if (j === i || weights[e] === 0) continue;
        const back = weightOf(j, i);
        const [one, other] = [weights[e]!, Math.max(back, 0)];
        take(i, j, one + other - one * other);
        // If i is not among the neighbours of j, the edge back is added here.
        if (back <= 0) take(j, i, one);
      }
    }
  };
  const start = new Uint32Array(n + 1);
  visit((i) => {
    start[i + 1]!++;
  });
  for (let i = 0; i < n; i++) start[i + 1]! += start[i]!;
  const next = start.slice(0, n);
  const to = new Uint32Array(start[n]!);
  const weight = new Float32Array(start[n]!);
  visit((i, j, w) => {
    to[next[i]!] = j;
    weight[next[i]!++] = w;
  });
  return { start, to, weight };
}
