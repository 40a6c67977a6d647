import type { GaussianModel } from "../../model/gaussianModel";

/** Neighbours that each Gaussian is connected with; six hold a body rigid. */
const neighbours = 8;
/** Gaussians farther apart than this many times the median distance of the farthest neighbour are not connected. */
const farthest = 2;

/** Pairs of neighbouring Gaussians. */
export interface NeighbourGraph {
  /** Two Gaussians for each pair, the first with the smaller index, [2 · pairs]. */
  pairs: Int32Array;
  /** Box units, [pairs]. */
  lengths: Float64Array;
  /** Median distance of the nearest neighbour, box units. */
  spacing: number;
}

/** Distances of the nearest neighbours of each Gaussian, nearest first, and which they are, [N · k]. */
interface Nearest {
  k: number;
  indices: Int32Array;
  distances: Float64Array;
}

/**
 * Connects each Gaussian with its nearest neighbours.
 * @param free 1 for each Gaussian that may move, [N]; pairs of fixed ones are left out. Default: all may
 */
export function neighbourGraph(model: GaussianModel, free?: Uint8Array): NeighbourGraph {
  const { count: n } = model;
  const { k, indices, distances } = nearest(model);
  if (k === 0) return { pairs: new Int32Array(0), lengths: new Float64Array(0), spacing: 0 };
  const column = (c: number) => Float64Array.from({ length: n }, (_, i) => distances[i * k + c]!);
  const limit = farthest * median(column(k - 1));
  const found = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < k; c++) {
      const j = indices[i * k + c]!;
      if (distances[i * k + c]! > limit || (free && !free[i] && !free[j])) continue;
      found.set(Math.min(i, j) * n + Math.max(i, j), distances[i * k + c]!);
    }
  }
  const keys = [...found.keys()];
  return {
    pairs: Int32Array.from(keys.flatMap((key) => [Math.floor(key / n), key % n])),
    lengths: Float64Array.from(found.values()),
    spacing: median(column(0)),
  };
}

/** Compares all pairs: once for a training, a few seconds for 20,000 Gaussians. */
function nearest({ count: n, params }: GaussianModel): Nearest {
  const k = Math.min(neighbours, n - 1);
  const indices = new Int32Array(n * k);
  const distances = new Float64Array(n * k).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < n && k > 0; i++) {
    const [x, y, z] = [params[i]!, params[n + i]!, params[2 * n + i]!];
    const last = i * k + k - 1;
    for (let j = 0; j < n; j++) {
      const squared = (params[j]! - x) ** 2 + (params[n + j]! - y) ** 2 + (params[2 * n + j]! - z) ** 2;
      if (squared >= distances[last]! || j === i) continue;
      let slot = last;
      for (; slot > i * k && distances[slot - 1]! > squared; slot--) {
        distances[slot] = distances[slot - 1]!;
        indices[slot] = indices[slot - 1]!;
      }
      distances[slot] = squared;
      indices[slot] = j;
    }
  }
  return { k, indices, distances: distances.map(Math.sqrt) };
}

function median(values: Float64Array): number {
  return values.sort()[Math.floor(values.length / 2)]!;
}
