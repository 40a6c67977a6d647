/** A disjoint-set forest: which of n elements are connected. */
export class UnionFind {
  private readonly parent: Int32Array;
  private readonly size: Int32Array;

  constructor(n: number) {
    this.parent = Int32Array.from({ length: n }, (_, i) => i);
    this.size = new Int32Array(n).fill(1);
  }

  /** The representative of the set of `i`. */
  find(i: number): number {
    const { parent } = this;
    let root = i;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]!]!;
      root = parent[root]!;
    }
    return root;
  }

  /** Merges the sets of `i` and `j`. @returns false if they are the same already */
  union(i: number, j: number): boolean {
    let [p, q] = [this.find(i), this.find(j)];
    if (p === q) return false;
    if (this.size[p]! < this.size[q]!) [p, q] = [q, p];
    this.parent[q] = p;
    this.size[p]! += this.size[q]!;
    return true;
  }
}
