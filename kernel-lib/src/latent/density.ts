import type { TaskOptions } from "../progress";
import { KdTree } from "./kdTree";
import { Pacing } from "./pacing";
import { checkIntegers, countPoints, drawRows, pointsOf } from "./points";

export interface DensityOptions extends TaskOptions {
  /** Points that make a cluster; smaller groups are noise. Default a hundredth of the points, at least 20. */
  leastSize?: number;
  /**
   * How many points, itself among them, have to lie around a point for its place to count as dense: the larger, the smoother
   * the density, and the more is noise. Default 15.
   */
  neighbours?: number;
  /**
   * Whether all points may be one cluster, which they are where dividing them would not persist longer: with few gaps, or
   * shallow ones, false finds more. Default true.
   */
  allowOne?: boolean;
  /** Points that are clustered, drawn at random where there are more; the others follow. Default 100,000. */
  mostPoints?: number;
  /** Default 1. */
  seed?: number;
}

/** Clusters where points are dense, whatever their shape and number. */
export interface DensityClusters {
  /** Cluster of each point, −1 for noise, [n]; ordered by the first coordinate of the clusters' means. */
  labels: Int32Array;
  /** From 0 for noise and points at the edge to 1 in the densest part of their cluster, [n]. */
  strength: Float32Array;
  /** Mean of each cluster, [clusters · dimensions]. */
  centres: Float32Array;
  /** Number of points in each, [clusters]. */
  sizes: Int32Array;
}

/**
 * HDBSCAN: the clusters that persist longest as the density that points must have is raised (Campello, Moulavi and Sander,
 * 2013; McInnes and Healy, 2017).
 *
 * @param points [n · dimensions]; quick in few dimensions
 * @throws InputError for points that are not finite, or a size or number of neighbours below 2
 * @throws StoppedError when stopped
 */
export async function densityClusters(
  points: Float32Array,
  dimensions: number,
  options: DensityOptions = {},
): Promise<DensityClusters> {
  const n = countPoints(points, dimensions, 1);
  const { mostPoints = 100_000 } = options;
  const leastSize = options.leastSize ?? Math.max(20, Math.ceil(n / 100));
  const neighbours = options.neighbours ?? 15;
  checkIntegers({ leastSize, neighbours }, 2);
  checkIntegers({ mostPoints }, 1);
  const rows = drawRows(n, mostPoints, options.seed ?? 1);
  const m = rows.length;
  const pacing = new Pacing(options);
  const some = m < n ? pointsOf(points, dimensions, rows) : points;
  await pacing.turn();
  const tree = new KdTree(some, dimensions);
  const core = await coreDistances(tree, Math.min(neighbours, m), pacing);
  const edges = await spanningTree(tree, core, pacing);
  await pacing.turn();
  // Of fewer points fewer make a cluster.
  const found = clustersOf(edges, Math.max(2, Math.round((leastSize * m) / n)), options.allowOne ?? true);
  await pacing.turn();
  const labels = new Int32Array(n).fill(-1);
  const strength = new Float32Array(n);
  for (let place = 0; place < m; place++) {
    labels[rows[tree.rows[place]!]!] = found.labels[place]!;
    strength[rows[tree.rows[place]!]!] = found.strength[place]!;
  }
  if (m < n) await follow(points, rows, tree, core, found, Math.min(neighbours, m), labels, strength, pacing);
  return inOrder(points, dimensions, labels, strength, found.count);
}

/** Points looked up between two looks at the clock. */
const CHUNK = 64;

/** Distance of each place's point from its k-th nearest, itself the first. */
async function coreDistances(tree: KdTree, k: number, pacing: Pacing): Promise<Float64Array> {
  const core = new Float64Array(tree.count);
  const rows = new Int32Array(k);
  const squared = new Float64Array(k);
  for (let place = 0; place < tree.count; place++) {
    tree.nearest(tree.points, place * tree.dimensions, k, rows, squared);
    core[place] = Math.sqrt(squared[k - 1]!);
    if (place % CHUNK === 0 && pacing.due) {
      pacing.report("density", place, 2 * tree.count);
      await pacing.turn();
    }
  }
  return core;
}

/** Edges of a tree over places, by increasing length. */
interface Edges {
  a: Int32Array;
  b: Int32Array;
  length: Float64Array;
}

/**
 * The shortest tree over all points (Borůvka, 1926), the distance of two being the largest of that between them and their
 * core distances: in each round every part of the forest finds its shortest way out.
 */
async function spanningTree(tree: KdTree, core: Float64Array, pacing: Pacing): Promise<Edges> {
  const n = tree.count;
  const a = new Int32Array(n - 1);
  const b = new Int32Array(n - 1);
  const length = new Float64Array(n - 1);
  const forest = new Forest(n);
  const part = Int32Array.from({ length: n }, (_, i) => i);
  const search = new WayOut(tree, core, part);
  const from = new Int32Array(n);
  const to = new Int32Array(n);
  const shortest = new Float64Array(n);
  let edges = 0;
  while (edges < n - 1) {
    shortest.fill(Number.POSITIVE_INFINITY);
    search.begin();
    for (let place = 0; place < n; place++) {
      const own = part[place]!;
      if (search.from(place, shortest[own]!)) {
        shortest[own] = search.distance;
        from[own] = place;
        to[own] = search.place;
      }
      if (place % CHUNK === 0 && pacing.due) {
        pacing.report("density", n + edges, 2 * n);
        await pacing.turn();
      }
    }
    for (let p = 0; p < n; p++) {
      if (shortest[p] === Number.POSITIVE_INFINITY || !forest.join(from[p]!, to[p]!)) continue;
      a[edges] = from[p]!;
      b[edges] = to[p]!;
      length[edges++] = shortest[p]!;
    }
    for (let place = 0; place < n; place++) part[place] = forest.find(place);
  }
  await pacing.turn();
  const order = Uint32Array.from({ length: edges }, (_, i) => i).sort((i, j) => length[i]! - length[j]!);
  return {
    a: Int32Array.from(order, (i) => a[i]!),
    b: Int32Array.from(order, (i) => b[i]!),
    length: Float64Array.from(order, (i) => length[i]!),
  };
}

/** Which part of a forest each of n things belongs to. */
class Forest {
  private readonly parent: Int32Array;
  readonly size: Int32Array;

  constructor(n: number) {
    this.parent = Int32Array.from({ length: n }, (_, i) => i);
    this.size = new Int32Array(n).fill(1);
  }

  find(i: number): number {
    const { parent } = this;
    let root = i;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]!]!;
      root = parent[root]!;
    }
    return root;
  }

  /** Makes one part of two; false where they are one already. */
  join(i: number, j: number): boolean {
    let [p, q] = [this.find(i), this.find(j)];
    if (p === q) return false;
    if (this.size[p]! < this.size[q]!) [p, q] = [q, p];
    this.parent[q] = p;
    this.size[p]! += this.size[q]!;
    return true;
  }
}

/** Finds the nearest point of another part, by the largest of distance and core distances. */
class WayOut {
  /** What {@link from} found. */
  place = -1;
  distance = 0;
  /** The part that all points of a node belong to, or −1. */
  private readonly partOf: Int32Array;
  private readonly leastCore: Float64Array;
  private readonly stack = new Int32Array(128);
  private readonly stackDistance = new Float64Array(128);

  constructor(
    private readonly tree: KdTree,
    private readonly core: Float64Array,
    private readonly part: Int32Array,
  ) {
    this.partOf = new Int32Array(tree.nodes);
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

  /** To be called when parts have changed. */
  begin(): void {
    const { tree, part, partOf } = this;
    for (let node = tree.nodes - 1; node >= 0; node--) {
      if (node < tree.firstLeaf) {
        const [left, right] = [partOf[2 * node + 1]!, partOf[2 * node + 2]!];
        partOf[node] = left === right ? left : -1;
        continue;
      }
      const first = part[tree.from[node]!]!;
      partOf[node] = first;
      for (let place = tree.from[node]! + 1; place < tree.to[node]!; place++) {
        if (part[place] !== first) partOf[node] = -1;
      }
    }
  }

  /** Whether there is a way out from a place that is shorter than `limit`. */
  from(start: number, limit: number): boolean {
    const { tree, core, part, partOf, stack, stackDistance } = this;
    const own = part[start]!;
    const ownCore = core[start]!;
    const at = start * tree.dimensions;
    let best = limit;
    let found = -1;
    // Nothing is nearer than the own core distance.
    if (ownCore >= limit) return false;
    stack[0] = 0;
    stackDistance[0] = 0;
    let depth = 1;
    while (depth > 0) {
      depth--;
      if (stackDistance[depth]! >= best) continue;
      let node = stack[depth]!;
      while (node < tree.firstLeaf) {
        const left = this.least(2 * node + 1, own, at);
        const right = this.least(2 * node + 2, own, at);
        const farther = Math.max(left, right);
        if (farther < best) {
          stack[depth] = left <= right ? 2 * node + 2 : 2 * node + 1;
          stackDistance[depth++] = farther;
        }
        if (Math.min(left, right) >= best) {
          node = -1;
          break;
        }
        node = left <= right ? 2 * node + 1 : 2 * node + 2;
      }
      if (node < 0 || partOf[node] === own) continue;
      for (let place = tree.from[node]!; place < tree.to[node]!; place++) {
        if (part[place] === own || core[place]! >= best) continue;
        const distance = Math.max(
          Math.sqrt(tree.distanceToPlace(place, tree.points, at)),
          ownCore,
          core[place]!,
        );
        if (distance < best) {
          best = distance;
          found = place;
        }
      }
      if (best <= ownCore) break;
    }
    this.distance = best;
    this.place = found;
    return found >= 0;
  }

  /** No point of a node that belongs to another part is nearer than this. */
  private least(node: number, own: number, at: number): number {
    if (this.partOf[node] === own) return Number.POSITIVE_INFINITY;
    return Math.max(Math.sqrt(this.tree.distanceToNode(node, this.tree.points, at)), this.leastCore[node]!);
  }
}

interface Found {
  count: number;
  /** Of each place. */
  labels: Int32Array;
  strength: Float32Array;
  /** Of each cluster: the distance at which it parts from the others, and that of its densest point. */
  birth: Float64Array;
  densest: Float64Array;
}

/**
 * Cuts the tree of points at falling distances. A branch of `leastSize` points or more is a cluster, which lives on when
 * fewer fall off, and ends where it parts in two such branches. Those clusters are taken, none within another, whose
 * points stay longest in all.
 */
function clustersOf(edges: Edges, leastSize: number, allowOne: boolean): Found {
  const n = edges.length.length + 1;
  // Merging in order of length makes a binary tree: nodes below n are points, node n + e is what edge e joins.
  const left = new Int32Array(n - 1);
  const right = new Int32Array(n - 1);
  const size = new Int32Array(2 * n - 1).fill(1, 0, n);
  const forest = new Forest(n);
  const node = Int32Array.from({ length: n }, (_, i) => i);
  for (let e = 0; e < n - 1; e++) {
    const [p, q] = [node[forest.find(edges.a[e]!)]!, node[forest.find(edges.b[e]!)]!];
    left[e] = p;
    right[e] = q;
    size[n + e] = size[p]! + size[q]!;
    forest.join(edges.a[e]!, edges.b[e]!);
    node[forest.find(edges.a[e]!)] = n + e;
  }
  // Points at one place would have an infinite density.
  const least = Math.max(edges.length.find((length) => length > 0) ?? 1, Number.MIN_VALUE) / 1e3;
  const density = (e: number) => 1 / Math.max(edges.length[e]!, least);

  /** Clusters, parents before children; the first is everything. */
  const parent: number[] = [-1];
  const birth: number[] = [0];
  const persistence: number[] = [0];
  const densest: number[] = [0];
  const children: number[][] = [[]];
  const clusterOf = new Int32Array(n);
  const leaves = new Float64Array(n);
  const begin = (above: number, level: number) => {
    parent.push(above);
    birth.push(level);
    persistence.push(0);
    densest.push(0);
    children.push([]);
    children[above]!.push(parent.length - 1);
    return parent.length - 1;
  };
  const fallOff = (top: number, cluster: number, level: number) => {
    const branch = [top];
    for (let next = branch.pop(); next !== undefined; next = branch.pop()) {
      if (next >= n) branch.push(left[next - n]!, right[next - n]!);
      else {
        clusterOf[next] = cluster;
        leaves[next] = level;
      }
    }
  };
  const open: [node: number, cluster: number][] = [[2 * n - 2, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [top, cluster] = next;
    if (top < n) {
      fallOff(top, cluster, Number.POSITIVE_INFINITY);
      continue;
    }
    const level = density(top - n);
    const branches = [left[top - n]!, right[top - n]!];
    const large = branches.filter((branch) => size[branch]! >= leastSize);
    densest[cluster] = level;
    for (const branch of branches) {
      if (large.length === 2) {
        open.push([branch, begin(cluster, level)]);
        persistence[cluster]! += (level - birth[cluster]!) * size[branch]!;
      } else if (large.includes(branch)) {
        open.push([branch, cluster]);
      } else {
        fallOff(branch, cluster, level);
        persistence[cluster]! += (level - birth[cluster]!) * size[branch]!;
      }
    }
  }
  const chosen = new Uint8Array(parent.length);
  const first = allowOne && n >= leastSize ? 0 : 1;
  for (let cluster = parent.length - 1; cluster >= first; cluster--) {
    const below = children[cluster]!.reduce((sum, child) => sum + persistence[child]!, 0);
    if (below > persistence[cluster]!) persistence[cluster] = below;
    else chosen[cluster] = 1;
  }
  const label = new Int32Array(parent.length).fill(-1);
  const picked: number[] = [];
  for (let cluster = 0; cluster < parent.length; cluster++) {
    const above = label[parent[cluster]!] ?? -1;
    label[cluster] = above >= 0 ? above : chosen[cluster] ? picked.push(cluster) - 1 : -1;
  }
  const labels = clusterOf.map((cluster) => label[cluster]!);
  const strength = new Float32Array(n);
  for (let place = 0; place < n; place++) {
    if (labels[place]! < 0) continue;
    const highest = densest[picked[labels[place]!]!]!;
    strength[place] = Math.min(leaves[place]!, highest) / highest;
  }
  return {
    count: picked.length,
    labels,
    strength,
    birth: Float64Array.from(picked, (cluster) => 1 / birth[cluster]!),
    densest: Float64Array.from(picked, (cluster) => 1 / densest[cluster]!),
  };
}

/**
 * Points that were not clustered go with the nearest that was, by the largest of distance and core distances, where they
 * would have joined its cluster before that met another.
 */
async function follow(
  points: Float32Array,
  clustered: Uint32Array,
  tree: KdTree,
  core: Float64Array,
  found: Found,
  k: number,
  labels: Int32Array,
  strength: Float32Array,
  pacing: Pacing,
): Promise<void> {
  const n = labels.length;
  const placeOf = new Int32Array(tree.count);
  for (let place = 0; place < tree.count; place++) placeOf[tree.rows[place]!] = place;
  const near = new Int32Array(k);
  const squared = new Float64Array(k);
  let next = 0;
  for (let i = 0; i < n; i++) {
    if (clustered[next] === i) {
      next++;
      continue;
    }
    const count = tree.nearest(points, i * tree.dimensions, k, near, squared);
    // The point itself is one of those around it.
    const ownCore = Math.sqrt(squared[Math.max(count - 2, 0)]!);
    let best = Number.POSITIVE_INFINITY;
    let label = -1;
    for (let j = 0; j < count; j++) {
      const place = placeOf[near[j]!]!;
      const distance = Math.max(Math.sqrt(squared[j]!), ownCore, core[place]!);
      if (distance < best) {
        best = distance;
        label = found.labels[place]!;
      }
    }
    if (label >= 0 && best <= found.birth[label]!) {
      labels[i] = label;
      strength[i] = best > 0 ? Math.min(found.densest[label]! / best, 1) : 1;
    }
    if (i % CHUNK === 0 && pacing.due) {
      pacing.report("density: further points", i, n);
      await pacing.turn();
    }
  }
}

function inOrder(
  points: Float32Array,
  dimensions: number,
  labels: Int32Array,
  strength: Float32Array,
  count: number,
): DensityClusters {
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
  order.forEach((cluster, place) => {
    rank[cluster] = place;
  });
  const centres = new Float32Array(count * dimensions);
  order.forEach((cluster, place) => {
    for (let d = 0; d < dimensions; d++) centres[place * dimensions + d] = mean(cluster, d);
  });
  return {
    labels: labels.map((label) => (label < 0 ? -1 : rank[label]!)),
    strength,
    centres,
    sizes: Int32Array.from(order, (cluster) => sizes[cluster]!),
  };
}
