import { type KdTree, neighbourBuffers } from "./kdTree";
import type { Pacing } from "./pacing";
import { UnionFind } from "./unionFind";

/** Points processed between two looks at the clock. */
const chunk = 64;

/** Distance of each point from its k-th nearest, itself the first, by its place in the tree, [n]. */
export async function coreDistances(tree: KdTree, k: number, pacing: Pacing): Promise<Float64Array> {
  const core = new Float64Array(tree.count);
  const near = neighbourBuffers(k);
  for (let place = 0; place < tree.count; place++) {
    tree.nearest(tree.points, place * tree.dimensions, near);
    core[place] = Math.sqrt(near.squared[k - 1]!);
    if (place % chunk === 0 && pacing.due) {
      pacing.report("density", place, 2 * tree.count);
      await pacing.yield();
    }
  }
  return core;
}

/** Edges of a spanning tree, from the shortest to the longest. */
export interface TreeEdges {
  /** Place of one end of each edge, [n − 1]. */
  a: Int32Array;
  /** Place of the other end, [n − 1]. */
  b: Int32Array;
  /** Mutual reachability distance of the ends, [n − 1]. */
  length: Float64Array;
}

/**
 * The minimum spanning tree of all points (Borůvka, 1926) by mutual reachability distance: the largest of the distance
 * of two points and their core distances. Every round joins each component to its nearest other component.
 */
export async function spanningTree(tree: KdTree, core: Float64Array, pacing: Pacing): Promise<TreeEdges> {
  const n = tree.count;
  const a = new Int32Array(n - 1);
  const b = new Int32Array(n - 1);
  const length = new Float64Array(n - 1);
  const components = new UnionFind(n);
  const component = Int32Array.from({ length: n }, (_, i) => i);
  const search = new ForeignNeighbourSearch(tree, core, component);
  const from = new Int32Array(n);
  const to = new Int32Array(n);
  const shortest = new Float64Array(n);
  let edges = 0;
  while (edges < n - 1) {
    shortest.fill(Number.POSITIVE_INFINITY);
    search.update();
    for (let place = 0; place < n; place++) {
      const own = component[place]!;
      if (search.find(place, shortest[own]!)) {
        shortest[own] = search.distance;
        from[own] = place;
        to[own] = search.place;
      }
      if (place % chunk === 0 && pacing.due) {
        pacing.report("density", n + edges, 2 * n);
        await pacing.yield();
      }
    }
    for (let c = 0; c < n; c++) {
      if (shortest[c] === Number.POSITIVE_INFINITY || !components.union(from[c]!, to[c]!)) continue;
      a[edges] = from[c]!;
      b[edges] = to[c]!;
      length[edges++] = shortest[c]!;
    }
    for (let place = 0; place < n; place++) component[place] = components.find(place);
  }
  await pacing.yield();
  return sortedByLength({ a, b, length });
}

function sortedByLength({ a, b, length }: TreeEdges): TreeEdges {
  const order = Uint32Array.from(length, (_, i) => i).sort((i, j) => length[i]! - length[j]!);
  return {
    a: Int32Array.from(order, (i) => a[i]!),
    b: Int32Array.from(order, (i) => b[i]!),
    length: Float64Array.from(order, (i) => length[i]!),
  };
}

/** Finds the nearest point of another component by mutual reachability distance. */
class ForeignNeighbourSearch {
  /** Place that {@link find} found. */
  place = -1;
  /** Its mutual reachability distance. */
  distance = 0;
  /** The component that all points of a node belong to, or −1. */
  private readonly componentOf: Int32Array;
  /** Smallest core distance in each node. */
  private readonly leastCore: Float64Array;
  private readonly stack = new Int32Array(128);
  private readonly stackDistance = new Float64Array(128);

  constructor(
    private readonly tree: KdTree,
    private readonly core: Float64Array,
    private readonly component: Int32Array,
  ) {
    this.componentOf = new Int32Array(tree.nodes);
    this.leastCore = new Float64Array(tree.nodes);
    for (let node = tree.nodes - 1; node >= 0; node--) {
      let least = Number.POSITIVE_INFINITY;
      for (let place = tree.from[node]!; place < tree.to[node]! && node >= tree.firstLeaf; place++) {
        least = Math.min(least, core[place]!);
      }
      this.leastCore[node] =
        node >= tree.firstLeaf
          ? least
          : Math.min(this.leastCore[2 * node + 1]!, this.leastCore[2 * node + 2]!);
    }
  }

  /** Takes over the current components. Must be called after they have changed. */
  update(): void {
    const { tree, component, componentOf } = this;
    for (let node = tree.nodes - 1; node >= 0; node--) {
      if (node < tree.firstLeaf) {
        const [left, right] = [componentOf[2 * node + 1]!, componentOf[2 * node + 2]!];
        componentOf[node] = left === right ? left : -1;
        continue;
      }
      const first = component[tree.from[node]!]!;
      componentOf[node] = first;
      for (let place = tree.from[node]! + 1; place < tree.to[node]!; place++) {
        if (component[place] !== first) componentOf[node] = -1;
      }
    }
  }

  /** Looks for a point of another component nearer than `limit`. @returns whether there is one */
  find(start: number, limit: number): boolean {
    const { tree, stack, stackDistance } = this;
    const own = this.component[start]!;
    this.distance = limit;
    this.place = -1;
    // No mutual reachability distance is smaller than the own core distance.
    if (this.core[start]! >= limit) return false;
    stack[0] = 0;
    stackDistance[0] = 0;
    let depth = 1;
    while (depth > 0) {
      depth--;
      if (stackDistance[depth]! >= this.distance) continue;
      let node = stack[depth]!;
      while (node >= 0 && node < tree.firstLeaf) {
        const left = this.lowerBound(2 * node + 1, own, start);
        const right = this.lowerBound(2 * node + 2, own, start);
        const [nearer, farther] = left <= right ? [1, 2] : [2, 1];
        if (Math.max(left, right) < this.distance) {
          stack[depth] = 2 * node + farther;
          stackDistance[depth++] = Math.max(left, right);
        }
        node = Math.min(left, right) >= this.distance ? -1 : 2 * node + nearer;
      }
      if (node < 0 || this.componentOf[node] === own) continue;
      this.searchLeaf(node, own, start);
      if (this.distance <= this.core[start]!) break;
    }
    return this.place >= 0;
  }

  private searchLeaf(node: number, own: number, start: number): void {
    const { tree, core, component } = this;
    const at = start * tree.dimensions;
    for (let place = tree.from[node]!; place < tree.to[node]!; place++) {
      if (component[place] === own || core[place]! >= this.distance) continue;
      const distance = Math.max(
        Math.sqrt(tree.distanceToPlace(place, tree.points, at)),
        core[start]!,
        core[place]!,
      );
      if (distance < this.distance) {
        this.distance = distance;
        this.place = place;
      }
    }
  }

  /** Lower bound of the distance to any point of a node that belongs to another component. */
  private lowerBound(node: number, own: number, start: number): number {
    if (this.componentOf[node] === own) return Number.POSITIVE_INFINITY;
    const { tree } = this;
    const distance = tree.distanceToNode(node, tree.points, start * tree.dimensions);
    return Math.max(Math.sqrt(distance), this.leastCore[node]!);
  }
}
