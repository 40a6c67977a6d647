import { countPoints } from "./points";

/** Points of a leaf, at most. */
const LEAF = 12;

/**
 * A k-d tree (Bentley, 1975) of points in few dimensions: each node is a box around its points, halved along its longest
 * side. Children of node i are 2i + 1 and 2i + 2; nodes on the last level are leaves.
 */
export class KdTree {
  readonly count: number;
  readonly nodes: number;
  /** The first of the nodes that are leaves. */
  readonly firstLeaf: number;
  /** The row of each place of the tree; the points of a node are those at places [from, to). */
  readonly rows: Uint32Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** The points in the order of the places, [count · dimensions]. */
  readonly points: Float32Array;
  private readonly low: Float32Array;
  private readonly high: Float32Array;
  /** Nodes still to be looked at, and how far each is. */
  private readonly stack = new Int32Array(128);
  private readonly stackDistance = new Float64Array(128);

  /**
   * @param points [n · dimensions]
   * @throws InputError for points that are not finite
   */
  constructor(
    points: Float32Array,
    readonly dimensions: number,
  ) {
    const n = countPoints(points, dimensions, 0);
    this.count = n;
    const levels = Math.max(Math.ceil(Math.log2(n / LEAF)), 0);
    this.firstLeaf = 2 ** levels - 1;
    this.nodes = 2 ** (levels + 1) - 1;
    this.from = new Uint32Array(this.nodes);
    this.to = new Uint32Array(this.nodes);
    this.low = new Float32Array(this.nodes * dimensions);
    this.high = new Float32Array(this.nodes * dimensions);
    this.rows = Uint32Array.from({ length: n }, (_, i) => i);
    this.to[0] = n;
    for (let node = 0; node < this.nodes; node++) this.split(node, points);
    this.points = new Float32Array(points.length);
    for (let place = 0; place < n; place++) {
      const row = this.rows[place]! * dimensions;
      for (let d = 0; d < dimensions; d++) this.points[place * dimensions + d] = points[row + d]!;
    }
  }

  private split(node: number, points: Float32Array): void {
    const { dimensions, rows } = this;
    const from = this.from[node]!;
    const to = this.to[node]!;
    let axis = 0;
    let longest = -1;
    for (let d = 0; d < dimensions; d++) {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let place = from; place < to; place++) {
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
    if (node >= this.firstLeaf) return;
    const middle = (from + to) >>> 1;
    halve(rows, points, dimensions, axis, from, to - 1, middle);
    this.from[2 * node + 1] = from;
    this.to[2 * node + 1] = middle;
    this.from[2 * node + 2] = middle;
    this.to[2 * node + 2] = to;
  }

  /** Squared distance of a point from the box of a node; 0 inside. */
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

  /** Squared distance of a point from that at a place of the tree. */
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
   * The `k` nearest points, nearest first, written as rows and squared distances from place `out` on.
   * @param query   holds the coordinates from `at` on; a point of the tree itself is among its own nearest
   * @returns how many there are: fewer than k only where the tree has fewer
   */
  nearest(
    query: Float32Array,
    at: number,
    k: number,
    rows: Uint32Array | Int32Array,
    squared: Float64Array | Float32Array,
    out = 0,
  ): number {
    const { stack, stackDistance, firstLeaf } = this;
    let found = 0;
    let worst = Number.POSITIVE_INFINITY;
    let depth = 0;
    stack[0] = 0;
    stackDistance[0] = 0;
    depth = 1;
    while (depth > 0) {
      depth--;
      if (stackDistance[depth]! >= worst) continue;
      let node = stack[depth]!;
      while (node < firstLeaf) {
        const left = this.distanceToNode(2 * node + 1, query, at);
        const right = this.distanceToNode(2 * node + 2, query, at);
        const nearer = left <= right ? 2 * node + 1 : 2 * node + 2;
        const farther = Math.max(left, right);
        if (farther < worst) {
          stack[depth] = left <= right ? 2 * node + 2 : 2 * node + 1;
          stackDistance[depth++] = farther;
        }
        node = nearer;
      }
      for (let place = this.from[node]!; place < this.to[node]!; place++) {
        const distance = this.distanceToPlace(place, query, at);
        if (found === k && distance >= worst) continue;
        let slot = found < k ? found++ : k - 1;
        while (slot > 0 && squared[out + slot - 1]! > distance) {
          squared[out + slot] = squared[out + slot - 1]!;
          rows[out + slot] = rows[out + slot - 1]!;
          slot--;
        }
        squared[out + slot] = distance;
        rows[out + slot] = this.rows[place]!;
        if (found === k) worst = squared[out + k - 1]!;
      }
    }
    return found;
  }
}

/** Orders rows so that those before `middle` are no larger on an axis than those from it on (Hoare's selection). */
function halve(
  rows: Uint32Array,
  points: Float32Array,
  dimensions: number,
  axis: number,
  from: number,
  to: number,
  middle: number,
): void {
  const value = (place: number) => points[rows[place]! * dimensions + axis]!;
  let low = from;
  let high = to;
  while (low < high) {
    const [a, b, c] = [value(low), value((low + high) >>> 1), value(high)];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let i = low;
    let j = high;
    while (i <= j) {
      while (value(i) < pivot) i++;
      while (value(j) > pivot) j--;
      if (i <= j) {
        const keep = rows[i]!;
        rows[i++] = rows[j]!;
        rows[j--] = keep;
      }
    }
    if (middle <= j) high = j;
    else if (middle >= i) low = i;
    else break;
  }
}
