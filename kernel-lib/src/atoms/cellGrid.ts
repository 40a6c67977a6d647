/** Lists of neighbours: those of query q are `indices[starts[q]] … indices[starts[q + 1] − 1]`. */
export interface NeighbourLists {
  /** [queries + 1] */
  starts: Int32Array;
  indices: Int32Array;
}

/** Points in cells as large as the search radius, to find those near any place. */
export class CellGrid {
  private readonly cells = new Map<number, number[]>();
  private readonly low = [0, 0, 0];
  private readonly sizes = [1, 1, 1];

  /**
   * @param points [n · 3]
   * @param radius the largest distance that is asked for
   */
  constructor(
    private readonly points: Float64Array,
    private readonly radius: number,
  ) {
    for (let axis = 0; axis < 3; axis++) {
      let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = axis; i < points.length; i += 3) {
        least = Math.min(least, points[i]!);
        most = Math.max(most, points[i]!);
      }
      this.low[axis] = least;
      this.sizes[axis] = Math.floor((most - least) / radius) + 3;
    }
    for (let i = 0; i < points.length / 3; i++) {
      const key = this.key(
        this.cell(points[3 * i]!, 0),
        this.cell(points[3 * i + 1]!, 1),
        this.cell(points[3 * i + 2]!, 2),
      );
      const cell = this.cells.get(key);
      if (cell) cell.push(i);
      else this.cells.set(key, [i]);
    }
  }

  private cell(x: number, axis: number): number {
    return Math.floor((x - this.low[axis]!) / this.radius) + 1;
  }

  private key(x: number, y: number, z: number): number {
    return x + this.sizes[0]! * (y + this.sizes[1]! * z);
  }

  /** Calls `found` for every point within the radius of (x, y, z), in an order that is always the same. */
  near(x: number, y: number, z: number, found: (index: number, squaredDistance: number) => void): void {
    const limit = this.radius ** 2;
    const [cx, cy, cz] = [this.cell(x, 0), this.cell(y, 1), this.cell(z, 2)];
    for (let k = cz - 1; k <= cz + 1; k++) {
      for (let j = cy - 1; j <= cy + 1; j++) {
        for (let i = cx - 1; i <= cx + 1; i++) {
          if (i < 0 || j < 0 || k < 0 || i >= this.sizes[0]! || j >= this.sizes[1]! || k >= this.sizes[2]!)
            continue;
          for (const p of this.cells.get(this.key(i, j, k)) ?? []) {
            const [dx, dy, dz] = [
              x - this.points[3 * p]!,
              y - this.points[3 * p + 1]!,
              z - this.points[3 * p + 2]!,
            ];
            const squared = dx * dx + dy * dy + dz * dz;
            if (squared <= limit) found(p, squared);
          }
        }
      }
    }
  }

  /**
   * Lists of the neighbours of many places.
   * @param queries [m · 3]
   * @param wanted which of the points within the radius to list. Default: all
   */
  lists(
    queries: Float64Array,
    wanted: (query: number, index: number, squaredDistance: number) => boolean = () => true,
  ): NeighbourLists {
    const starts = new Int32Array(queries.length / 3 + 1);
    const indices: number[] = [];
    for (let q = 0; q < starts.length - 1; q++) {
      this.near(queries[3 * q]!, queries[3 * q + 1]!, queries[3 * q + 2]!, (index, squared) => {
        if (wanted(q, index, squared)) indices.push(index);
      });
      starts[q + 1] = indices.length;
    }
    return { starts, indices: Int32Array.from(indices) };
  }
}
