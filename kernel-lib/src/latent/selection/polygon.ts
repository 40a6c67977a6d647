import { InputError } from "../../errors";
import { lengthOf } from "./columns";
import { rowsWhere } from "./rowSets";

/**
 * Points inside a polygon by the even-odd rule: a region that a lasso encloses twice is outside. Points with NaN are
 * never inside.
 *
 * @param polygon vertices x0, y0, x1, y1, …; the last is joined to the first. Fewer than three enclose nothing
 * @returns rows, ascending
 * @throws InputError for columns of unequal length, and vertices that are not pairs of finite numbers
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const [x, y] = e2.latent.columnsOf(refined, run.latent);
 * const rows = e2.latent.rowsInPolygon(x!, y!, [0, 0, 2, 0, 0, 2]);
 * ```
 */
export function rowsInPolygon(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  polygon: ArrayLike<number>,
): Uint32Array {
  const n = lengthOf([x, y]);
  if (polygon.length % 2 !== 0 || !Array.from(polygon).every(Number.isFinite)) {
    throw new InputError("polygon", "pairs of finite numbers", `${polygon.length} numbers`);
  }
  if (polygon.length < 6) return new Uint32Array(0);
  const grid = new PolygonGrid(Float64Array.from(polygon));
  return rowsWhere(n, (i) => grid.contains(x[i]!, y[i]!));
}

/** Cells of the grid along each axis. */
const cells = 256;
const outside = 0;
const inside = 1;
const touched = 2;

type Range = readonly [low: number, high: number];

/**
 * A polygon on a grid. Cells that no edge touches are inside or outside as a whole, so that a million points need few
 * tests against edges, and only against those in their row of the grid.
 */
class PolygonGrid {
  private readonly x: Range;
  private readonly y: Range;
  private readonly perUnit: readonly [x: number, y: number];
  /** State of each cell, row by row. */
  private readonly state = new Uint8Array(cells * cells).fill(outside);
  /** Edges in each row of the grid: x0, y0, x1, y1, … */
  private readonly edges: Float64Array[];

  constructor(polygon: Float64Array) {
    this.x = rangeOf(polygon, 0);
    this.y = rangeOf(polygon, 1);
    this.perUnit = [cells / (this.x[1] - this.x[0] || 1), cells / (this.y[1] - this.y[0] || 1)];
    const edges: number[][] = Array.from({ length: cells }, () => []);
    for (let i = 0; i < polygon.length; i += 2) {
      const j = (i + 2) % polygon.length;
      this.addEdge([polygon[i]!, polygon[i + 1]!, polygon[j]!, polygon[j + 1]!], edges);
    }
    this.edges = edges.map((list) => Float64Array.from(list));
    for (let row = 0, cell = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++, cell++) {
        if (this.state[cell] === touched) continue;
        const x = this.x[0] + (column + 0.5) / this.perUnit[0];
        const y = this.y[0] + (row + 0.5) / this.perUnit[1];
        if (this.crossesOdd(x, y, row)) this.state[cell] = inside;
      }
    }
  }

  /** Marks the cells that an edge touches, and lists it in its rows. */
  private addEdge(edge: readonly [number, number, number, number], edges: number[][]): void {
    // A margin for points that rounding moves across a cell's border.
    const margin = 1e-6;
    const cell = (at: number) => Math.min(Math.max(Math.floor(at), 0), cells - 1);
    const [ax, bx] = [edge[0], edge[2]].map((x) => (x - this.x[0]) * this.perUnit[0]) as [number, number];
    const [ay, by] = [edge[1], edge[3]].map((y) => (y - this.y[0]) * this.perUnit[1]) as [number, number];
    const first = cell(Math.min(ay, by) - margin);
    const last = cell(Math.max(ay, by) + margin);
    for (let row = first; row <= last; row++) {
      edges[row]!.push(...edge);
      const along = (y: number) => Math.min(Math.max((y - ay) / (by - ay), 0), 1);
      const [s, t] = ay === by ? [0, 1] : [along(row - margin), along(row + 1 + margin)];
      const [p, q] = [ax + s * (bx - ax), ax + t * (bx - ax)];
      const to = cell(Math.max(p, q) + margin);
      for (let column = cell(Math.min(p, q) - margin); column <= to; column++) {
        this.state[row * cells + column] = touched;
      }
    }
  }

  /** Whether a point is inside the polygon. */
  contains(x: number, y: number): boolean {
    const { x: rangeX, y: rangeY, perUnit } = this;
    if (!(x >= rangeX[0] && x <= rangeX[1] && y >= rangeY[0] && y <= rangeY[1])) return false;
    const column = Math.min(Math.floor((x - rangeX[0]) * perUnit[0]), cells - 1);
    const row = Math.min(Math.floor((y - rangeY[0]) * perUnit[1]), cells - 1);
    const state = this.state[row * cells + column]!;
    return state === touched ? this.crossesOdd(x, y, row) : state === inside;
  }

  /** Whether a ray towards +x crosses an odd number of edges. */
  private crossesOdd(x: number, y: number, row: number): boolean {
    const edges = this.edges[row]!;
    let odd = false;
    for (let e = 0; e < edges.length; e += 4) {
      const y0 = edges[e + 1]!;
      const y1 = edges[e + 3]!;
      // Half-open, so that a vertex on the ray counts once.
      if (y0 > y === y1 > y) continue;
      const x0 = edges[e]!;
      if (x < x0 + ((y - y0) / (y1 - y0)) * (edges[e + 2]! - x0)) odd = !odd;
    }
    return odd;
  }
}

/** Range of the polygon's vertices along x (0) or y (1). */
function rangeOf(polygon: Float64Array, axis: 0 | 1): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = axis; i < polygon.length; i += 2) {
    low = Math.min(low, polygon[i]!);
    high = Math.max(high, polygon[i]!);
  }
  return [low, high];
}
