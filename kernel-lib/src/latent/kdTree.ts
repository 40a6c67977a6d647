import { countPoints } from "./points";
import { quickselect } from "./selection/quickselect";

/** Most points in a leaf. */
const leafSize = 12;

/** Buffers for the `k` nearest neighbours of one or more queries, nearest first. */
export interface Neighbours {
  /** Neighbours per query. */
  k: number;
  /** Rows of the neighbours, [queries · k]. */
  rows: Int32Array;
  /** Their squared distances, [queries · k]. */
  squared: Float64Array;
}

/** Allocates {@link Neighbours} for so many queries. */
export function neighbourBuffers(k: number, queries = 1): Neighbours {
  return { k, rows: new Int32Array(queries * k), squared: new Float64Array(queries * k) };
}

/**
 * A k-d tree (Bentley, 1975) for few dimensions. Each node is the bounding box of its points, halved along its longest
 * side. The children of node i are 2i + 1 and 2i + 2; the nodes of the last level are leaves.
 *
 * Points are stored in the order of the tree; the index in that order is called their place.
 */
export class KdTree {
  /** Number of points. */
  readonly count: number;
  /** Number of nodes. */
  readonly nodes: number;
  /** The first leaf; all later nodes are leaves, too. */
  readonly firstLeaf: number;
  /** Row of the point at each place, [count]. */
  readonly rows: Uint32Array;
  /** First place of each node, [nodes]. */
  readonly from: Uint32Array;
  /** One past the last place of each node, [nodes]. */
  readonly to: Uint32Array;
  /** The points in the order of the places, [count · dimensions]. */
  readonly points: Float32Array;
  private readonly low: Float32Array;
  private readonly high: Float32Array;
  /** Nodes still to be searched, and their squared distances. */
  private readonly stack = new Int32Array(128);
  private readonly stackDistance = new Float64Array(128);

  /**
   * @param points [n · dimensions]
   * @throws InputError for coordinates that are not finite
   */
  constructor(
    points: Float32Array,
    readonly dimensions: number,
  ) {
    const n = countPoints(points, dimensions, 0);
    this.count = n;
    const levels = Math.max(Math.ceil(Math.log2(n / leafSize)), 0);
    this.firstLeaf = 2 ** levels - 1;
    this.nodes = 2 ** (levels + 1) - 1;
    this.from = new Uint32Array(this.nodes);
    this.to = new Uint32Array(this.nodes);
    this.low = new Float32Array(this.nodes * dimensions);
    this.high = new Float32Array(this.nodes * dimensions);
    this.rows = Uint32Array.from({ length: n }, (_, i) => i);
    this.to[0] = n;
    const keys = new Float32Array(n);
    for (let node = 0; node < this.nodes; node++) this.split(node, points, keys);
    this.points = new Float32Array(points.length);
    for (let place = 0; place < n; place++) {
      const row = this.rows[place]! * dimensions;
      for (let d = 0; d < dimensions; d++) this.points[place * dimensions + d] = points[row + d]!;
    }
  }

  private split(node: number, points: Float32Array, keys: Float32Array): void {
    const { dimensions, rows } = this;
    const axis = this.measure(node, points);
    if (node >= this.firstLeaf) return;
    const from = this.from[node]!;
    const to = this.to[node]!;
    const middle = (from + to) >>> 1;
    for (let place = from; place < to; place++) keys[place] = points[rows[place]! * dimensions + axis]!;
    quickselect(keys, middle, { from, to: to - 1, companion: rows });
    this.from[2 * node + 1] = from;
    this.to[2 * node + 1] = middle;
    this.from[2 * node + 2] = middle;
    this.to[2 * node + 2] = to;
  }

  /** Computes the bounding box of a node. @returns its longest axis */
  private measure(node: number, points: Float32Array): number {
    const { dimensions, rows } = this;
    let axis = 0;
    let longest = -1;
    for (let d = 0; d < dimensions; d++) {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let place = this.from[node]!; place < this.to[node]!; place++) {
        const value = points[rows[place]! * dimensions + d]!;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      this.low[node * dimensions + d] = low;
      this.high[node * dimensions + d] = high;
      if (high - low > longest) {
        longest = high - low;
        axis = d;
      }
    }
    return axis;
  }

  /** Squared distance of the point at `query[at…]` from the box of a node; 0 inside it. */
  distanceToNode(node: number, query: Float32Array, at: number): number {
    const { dimensions, low, high } = this;
    let sum = 0;
    for (let d = 0, i = node * dimensions; d < dimensions; d++, i++) {
      const x = query[at + d]!;
      const outside = x < low[i]! ? low[i]! - x : x > high[i]! ? x - high[i]! : 0;
      sum += outside * outside;
    }
    return sum;
  }

  /** Squared distance of the point at `query[at…]` from the one at a place of the tree. */
  distanceToPlace(place: number, query: Float32Array, at: number): number {
    const { dimensions, points } = this;
    let sum = 0;
    for (let d = 0, i = place * dimensions; d < dimensions; d++, i++) {
      const difference = query[at + d]! - points[i]!;
      sum += difference * difference;
    }
    return sum;
  }

  /**
   * Finds the `into.k` nearest neighbours of the point at `query[at…]` and writes them to `into` from index `out` on. A
   * query that is a point of the tree finds itself, too.
   * @returns how many were found, fewer than k only if the tree has fewer points
   */
  nearest(query: Float32Array, at: number, into: Neighbours, out = 0): number {
    const { stack, stackDistance } = this;
    const { k, squared } = into;
    let found = 0;
    let worst = Number.POSITIVE_INFINITY;
    stack[0] = 0;
    stackDistance[0] = 0;
    let depth = 1;
    while (depth > 0) {
      depth--;
      if (stackDistance[depth]! >= worst) continue;
      let node = stack[depth]!;
      while (node < this.firstLeaf) {
        const left = this.distanceToNode(2 * node + 1, query, at);
        const right = this.distanceToNode(2 * node + 2, query, at);
        const farther = Math.max(left, right);
        if (farther < worst) {
          stack[depth] = left <= right ? 2 * node + 2 : 2 * node + 1;
          stackDistance[depth++] = farther;
        }
        node = left <= right ? 2 * node + 1 : 2 * node + 2;
      }
      for (let place = this.from[node]!; place < this.to[node]!; place++) {
        const distance = this.distanceToPlace(place, query, at);
        if (found === k && distance >= worst) continue;
        const last = out + (found < k ? found++ : k - 1);
        insert(into, out, last, { row: this.rows[place]!, distance });
        if (found === k) worst = squared[out + k - 1]!;
      }
    }
    return found;
  }
}

/** Inserts a neighbour into the sorted entries from `first` on, dropping what is at `last`. */
function insert(
  { rows, squared }: Neighbours,
  first: number,
  last: number,
  { row, distance }: { row: number; distance: number },
): void {
  let slot = last;
  while (slot > first && squared[slot - 1]! > distance) {
    squared[slot] = squared[slot - 1]!;
    rows[slot] = rows[slot - 1]!;
    slot--;
  }
  squared[slot] = distance;
  rows[slot] = row;
}
