import type { TreeEdges } from "./spanningTree";
import { UnionFind } from "./unionFind";

/** Clusters that were extracted from a spanning tree; points by their place in the k-d tree. */
export interface ExtractedClusters {
  /** Number of clusters. */
  count: number;
  /** Cluster of each point, −1 for noise, [n]. */
  labels: Int32Array;
  /** Membership strength from 0 to 1 of each point, [n]. */
  strength: Float32Array;
  /** Distance at which each cluster splits off from the others, [clusters]. */
  birth: Float64Array;
  /** Distance of the densest point of each cluster, [clusters]. */
  densest: Float64Array;
}

/** What counts as a cluster. */
export interface ExtractionOptions {
  /** Fewest points of a cluster. */
  minClusterSize: number;
  /** Whether all points may form a single cluster. */
  allowSingleCluster: boolean;
}

/**
 * Extracts clusters by excess of mass (Campello, Moulavi and Sander, 2013). The hierarchy is cut at falling distances: a
 * branch of at least `minClusterSize` points is a cluster, which persists while smaller groups fall off and ends where it
 * splits into two such branches. Of nested clusters those with the largest total persistence are selected.
 */
export function extractClusters(edges: TreeEdges, options: ExtractionOptions): ExtractedClusters {
  const hierarchy = singleLinkage(edges);
  const tree = new CondensedTree(hierarchy, options.minClusterSize);
  const mayBeOne = options.allowSingleCluster && hierarchy.n >= options.minClusterSize;
  return tree.label(tree.select(mayBeOne ? 0 : 1));
}

/** Binary merge tree: nodes below n are points, node n + e is what edge e joins. */
interface Hierarchy {
  n: number;
  left: Int32Array;
  right: Int32Array;
  /** Points below each node, [2n − 1]. */
  size: Int32Array;
  /** Density (inverse distance) at which edge e joins its children. */
  density: (e: number) => number;
}

function singleLinkage({ a, b, length }: TreeEdges): Hierarchy {
  const n = length.length + 1;
  const left = new Int32Array(n - 1);
  const right = new Int32Array(n - 1);
  const size = new Int32Array(2 * n - 1).fill(1, 0, n);
  const components = new UnionFind(n);
  const node = Int32Array.from({ length: n }, (_, i) => i);
  for (let e = 0; e < n - 1; e++) {
    const [p, q] = [node[components.find(a[e]!)]!, node[components.find(b[e]!)]!];
    left[e] = p;
    right[e] = q;
    size[n + e] = size[p]! + size[q]!;
    components.union(a[e]!, b[e]!);
    node[components.find(a[e]!)] = n + e;
  }
  // Coincident points would have an infinite density.
  const least = Math.max(length.find((value) => value > 0) ?? 1, Number.MIN_VALUE) / 1e3;
  return { n, left, right, size, density: (e) => 1 / Math.max(length[e]!, least) };
}

/** A node of the condensed tree. Levels are densities. */
interface CondensedCluster {
  parent: number;
  birth: number;
  /** Sum over the points of how long, in density, they stay in the cluster. */
  persistence: number;
  densest: number;
  children: number[];
}

/** The hierarchy without branches that are smaller than a cluster. */
class CondensedTree {
  /** Parents come before their children; the first holds all points. */
  private readonly clusters: CondensedCluster[] = [newCluster(-1, 0)];
  /** The smallest cluster of each point, [n]. */
  private readonly clusterOf: Int32Array;
  /** Density at which each point leaves it, [n]. */
  private readonly leaves: Float64Array;

  constructor(
    private readonly hierarchy: Hierarchy,
    private readonly minClusterSize: number,
  ) {
    const { n } = hierarchy;
    this.clusterOf = new Int32Array(n);
    this.leaves = new Float64Array(n);
    const open: [node: number, cluster: number][] = [[2 * n - 2, 0]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [top, cluster] = next;
      if (top < n) this.removePoints(top, cluster, Number.POSITIVE_INFINITY);
      else open.push(...this.split(top, cluster));
    }
  }

  /** Splits a node of a cluster. @returns its branches that are clusters or go on as this one */
  private split(top: number, cluster: number): [node: number, cluster: number][] {
    const { n, left, right, size, density } = this.hierarchy;
    const level = density(top - n);
    const branches = [left[top - n]!, right[top - n]!];
    const large = branches.filter((branch) => size[branch]! >= this.minClusterSize);
    const current = this.clusters[cluster]!;
    current.densest = level;
    const open: [node: number, cluster: number][] = [];
    for (const branch of branches) {
      if (large.length === 2) {
        open.push([branch, this.add(cluster, level)]);
        current.persistence += (level - current.birth) * size[branch]!;
      } else if (large.includes(branch)) {
        open.push([branch, cluster]);
      } else {
        this.removePoints(branch, cluster, level);
        current.persistence += (level - current.birth) * size[branch]!;
      }
    }
    return open;
  }

  private add(parent: number, birth: number): number {
    const index = this.clusters.push(newCluster(parent, birth)) - 1;
    this.clusters[parent]!.children.push(index);
    return index;
  }

  /** Records that all points below a node leave a cluster at a density. */
  private removePoints(top: number, cluster: number, level: number): void {
    const { n, left, right } = this.hierarchy;
    const branch = [top];
    for (let next = branch.pop(); next !== undefined; next = branch.pop()) {
      if (next >= n) branch.push(left[next - n]!, right[next - n]!);
      else {
        this.clusterOf[next] = cluster;
        this.leaves[next] = level;
      }
    }
  }

  /** Flags the clusters, from `first` on, that persist longer than their children together. */
  select(first: number): Uint8Array {
    const { clusters } = this;
    const persistence = clusters.map((cluster) => cluster.persistence);
    const selected = new Uint8Array(clusters.length);
    for (let c = clusters.length - 1; c >= first; c--) {
      const below = clusters[c]!.children.reduce((sum, child) => sum + persistence[child]!, 0);
      if (below > persistence[c]!) persistence[c] = below;
      else selected[c] = 1;
    }
    return selected;
  }

  /** Labels the points by their outermost selected cluster. */
  label(selected: Uint8Array): ExtractedClusters {
    const { clusters, clusterOf, leaves } = this;
    const label = new Int32Array(clusters.length).fill(-1);
    const outermost: CondensedCluster[] = [];
    clusters.forEach((cluster, c) => {
      const above = label[cluster.parent] ?? -1;
      label[c] = above >= 0 ? above : selected[c] ? outermost.push(cluster) - 1 : -1;
    });
    const labels = clusterOf.map((cluster) => label[cluster]!);
    const strength = new Float32Array(labels.length);
    for (let place = 0; place < labels.length; place++) {
      if (labels[place]! < 0) continue;
      const highest = outermost[labels[place]!]!.densest;
      strength[place] = Math.min(leaves[place]!, highest) / highest;
    }
    return {
      count: outermost.length,
      labels,
      strength,
      birth: Float64Array.from(outermost, ({ birth }) => 1 / birth),
      densest: Float64Array.from(outermost, ({ densest }) => 1 / densest),
    };
  }
}

function newCluster(parent: number, birth: number): CondensedCluster {
  return { parent, birth, persistence: 0, densest: 0, children: [] };
}
