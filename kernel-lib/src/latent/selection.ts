import { InputError } from "../errors";

/**
 * Choosing particles by where they lie. Points come as columns, one array of n numbers for each axis, so that any axes
 * can be put together: latent coordinates, principal components, columns of the particle table. What comes out are rows,
 * counted from 0, ascending and each once. A point that has NaN on one of the axes is nowhere and never chosen.
 */

/** Axes of points: arrays of equal length. */
export type Columns = readonly ArrayLike<number>[];

/** The columns of points [n · dimensions]: all of them, or those named by their index. */
export function columnsOf(
  points: ArrayLike<number>,
  dimensions: number,
  which: readonly number[] = Array.from({ length: dimensions }, (_, d) => d),
): Float32Array[] {
  const n = points.length / dimensions;
  if (!Number.isInteger(n)) {
    throw new InputError("points", `rows of ${dimensions} numbers`, `${points.length} numbers`);
  }
  return which.map((d) => {
    if (!Number.isInteger(d) || d < 0 || d >= dimensions) {
      throw new InputError("axis", `an index from 0 to ${dimensions - 1}`, String(d));
    }
    const column = new Float32Array(n);
    for (let i = 0, at = d; i < n; i++, at += dimensions) column[i] = points[at]!;
    return column;
  });
}

/** Cells of the grid laid over a polygon, along each axis. */
const CELLS = 256;

/**
 * Points inside a polygon by the even-odd rule: where a lasso crosses itself, what it goes round twice is outside.
 *
 * @param polygon corners x0, y0, x1, y1, …; the last is joined to the first. Fewer than three enclose nothing
 * @throws InputError for columns of unequal length, and for corners that are not pairs of finite numbers
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
  const inside = new PolygonGrid(Float64Array.from(polygon));
  return rowsWhere(n, (i) => inside.has(x[i]!, y[i]!));
}

/**
 * A polygon under a grid: cells that no edge touches are inside or outside as a whole, so that a million points need few
 * tests against edges, and those against the edges of their grid row only.
 */
class PolygonGrid {
  private readonly low: [number, number];
  private readonly high: [number, number];
  private readonly perUnit: [number, number];
  /** 0 outside, 1 inside, 2 touched by an edge. */
  private readonly cells = new Uint8Array(CELLS * CELLS);
  /** Edges that reach into each row of the grid: x0, y0, x1, y1, … */
  private readonly edges: Float64Array[];

  constructor(polygon: Float64Array) {
    const range = (axis: number) => {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let i = axis; i < polygon.length; i += 2) {
        low = Math.min(low, polygon[i]!);
        high = Math.max(high, polygon[i]!);
      }
      return [low, high] as const;
    };
    const [lowX, highX] = range(0);
    const [lowY, highY] = range(1);
    this.low = [lowX, lowY];
    this.high = [highX, highY];
    this.perUnit = [CELLS / (highX - lowX || 1), CELLS / (highY - lowY || 1)];
    const edges: number[][] = Array.from({ length: CELLS }, () => []);
    for (let i = 0; i < polygon.length; i += 2) {
      const j = (i + 2) % polygon.length;
      this.addEdge(polygon[i]!, polygon[i + 1]!, polygon[j]!, polygon[j + 1]!, edges);
    }
    this.edges = edges.map((list) => Float64Array.from(list));
    for (let row = 0, cell = 0; row < CELLS; row++) {
      for (let column = 0; column < CELLS; column++, cell++) {
        if (this.cells[cell] === 2) continue;
        const x = lowX + (column + 0.5) / this.perUnit[0];
        const y = lowY + (row + 0.5) / this.perUnit[1];
        if (this.crossings(x, y, row)) this.cells[cell] = 1;
      }
    }
  }

  private addEdge(x0: number, y0: number, x1: number, y1: number, edges: number[][]): void {
    // A little more than the edge itself, for what rounding may move over a cell's border.
    const margin = 1e-6;
    const place = (value: number, axis: 0 | 1) => (value - this.low[axis]) * this.perUnit[axis];
    const cell = (at: number) => Math.min(Math.max(Math.floor(at), 0), CELLS - 1);
    const [ax, ay, bx, by] = [place(x0, 0), place(y0, 1), place(x1, 0), place(y1, 1)];
    const first = cell(Math.min(ay, by) - margin);
    const last = cell(Math.max(ay, by) + margin);
    for (let row = first; row <= last; row++) {
      edges[row]!.push(x0, y0, x1, y1);
      const along = (y: number) => Math.min(Math.max((y - ay) / (by - ay), 0), 1);
      const [s, t] = ay === by ? [0, 1] : [along(row - margin), along(row + 1 + margin)];
      const [p, q] = [ax + s * (bx - ax), ax + t * (bx - ax)];
      const to = cell(Math.max(p, q) + margin);
      for (let column = cell(Math.min(p, q) - margin); column <= to; column++) {
        this.cells[row * CELLS + column] = 2;
      }
    }
  }

  has(x: number, y: number): boolean {
    const { low, high, perUnit } = this;
    if (!(x >= low[0] && x <= high[0] && y >= low[1] && y <= high[1])) return false;
    const column = Math.min(Math.floor((x - low[0]) * perUnit[0]), CELLS - 1);
    const row = Math.min(Math.floor((y - low[1]) * perUnit[1]), CELLS - 1);
    const cell = this.cells[row * CELLS + column]!;
    return cell === 2 ? this.crossings(x, y, row) : cell === 1;
  }

  /** Whether a ray towards +x crosses an odd number of edges. */
  private crossings(x: number, y: number, row: number): boolean {
    const edges = this.edges[row]!;
    let odd = false;
    for (let e = 0; e < edges.length; e += 4) {
      const y0 = edges[e + 1]!;
      const y1 = edges[e + 3]!;
      // Half-open, so that a corner on the ray counts once.
      if (y0 > y === y1 > y) continue;
      const x0 = edges[e]!;
      if (x < x0 + ((y - y0) / (y1 - y0)) * (edges[e + 2]! - x0)) odd = !odd;
    }
    return odd;
  }
}

/**
 * Points in a box, its borders included; a side without a limit is given as ±Infinity.
 * @param low one number for each column, as `high`; the two may be swapped
 */
export function rowsInBox(columns: Columns, low: ArrayLike<number>, high: ArrayLike<number>): Uint32Array {
  const n = lengthOf(columns);
  checkPoint("box", low, columns);
  checkPoint("box", high, columns);
  const out = new Uint8Array(n);
  for (const [d, column] of columns.entries()) {
    const from = Math.min(low[d]!, high[d]!);
    const to = Math.max(low[d]!, high[d]!);
    for (let i = 0; i < n; i++) if (!(column[i]! >= from && column[i]! <= to)) out[i] = 1;
  }
  return rowsWhere(n, (i) => out[i] === 0);
}

/** Points within a distance of a point, the border included, in as many dimensions as there are columns. */
export function rowsWithin(columns: Columns, centre: ArrayLike<number>, radius: number): Uint32Array {
  const squared = squaredDistances(columns, centre);
  const limit = radius >= 0 ? radius * radius : Number.NaN;
  return rowsWhere(squared.length, (i) => squared[i]! <= limit);
}

/**
 * The `count` points that lie nearest to a point, or all where there are fewer; of equally distant ones those that come
 * first.
 */
export function nearestRows(columns: Columns, centre: ArrayLike<number>, count: number): Uint32Array {
  checkCount("count", count, 0);
  const squared = squaredDistances(columns, centre);
  const real = withoutNaN(squared);
  if (count >= real.length) return rowsWhere(squared.length, (i) => !Number.isNaN(squared[i]!));
  if (count === 0) return new Uint32Array(0);
  const limit = smallest(real, count - 1);
  let ties = count;
  for (let i = 0; i < real.length; i++) if (real[i]! < limit) ties--;
  return rowsWhere(squared.length, (i) => squared[i]! < limit || (squared[i] === limit && ties-- > 0));
}

/** Squared distance of every point from one of them or any other place, [n]. */
export function squaredDistances(columns: Columns, centre: ArrayLike<number>): Float64Array {
  const n = lengthOf(columns);
  checkPoint("centre", centre, columns);
  const out = new Float64Array(n);
  for (const [d, column] of columns.entries()) {
    const at = centre[d]!;
    for (let i = 0; i < n; i++) {
      const difference = column[i]! - at;
      out[i]! += difference * difference;
    }
  }
  return out;
}

/**
 * The value of rank `k`, counted from 0, among `values`, which are put in another order (Hoare's selection: no more
 * than the parts that hold the rank are looked at again). Equal to `values.sort()[k]`.
 */
function smallest(values: Float64Array, k: number, from = 0, to = values.length - 1): number {
  let low = from;
  let high = to;
  while (low < high) {
    // The middle one of three keeps sorted and reversed input quick.
    const [a, b, c] = [values[low]!, values[(low + high) >>> 1]!, values[high]!];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i <= j) {
        const keep = values[i]!;
        values[i++] = values[j]!;
        values[j--] = keep;
      }
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k]!;
}

export interface LineParts {
  /** Rows of each part, from the start of the line to its end. */
  rows: Uint32Array[];
  /** Where the parts begin and end along the line, [parts + 1]: 0 at `from`, 1 at `to`. */
  edges: Float64Array;
}

export interface LineOptions {
  /** Parts of equal numbers of points (they differ by one at most), or of equal length. Default `count`. */
  by?: "count" | "length";
  /** Leaves out what lies before the line's start or beyond its end. Default false: the line goes on. */
  within?: boolean;
  /** Leaves out what is farther from the line than this. Default: nothing. */
  maxDistance?: number;
}

/**
 * Divides points into parts along the line through two points, by where each projects on it.
 *
 * Points of equal projection on the border of two parts of equal count go to either, in the order of their rows. Parts
 * of equal length reach from the first point to the last, or with `within` from `from` to `to`; some may be empty.
 *
 * @throws InputError where `from` and `to` are one point, and unless `parts` is an integer of 1 or more
 */
export function partsAlongLine(
  columns: Columns,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  parts: number,
  options: LineOptions = {},
): LineParts {
  const n = lengthOf(columns);
  checkPoint("from", from, columns);
  checkPoint("to", to, columns);
  checkCount("parts", parts, 1);
  const direction = Float64Array.from(columns, (_, d) => to[d]! - from[d]!);
  const squaredLength = direction.reduce((sum, v) => sum + v * v, 0);
  if (!(squaredLength > 0)) throw new InputError("to", "another point than from", "the same");
  const along = new Float64Array(n);
  for (const [d, column] of columns.entries()) {
    const factor = direction[d]! / squaredLength;
    for (let i = 0; i < n; i++) along[i]! += (column[i]! - from[d]!) * factor;
  }
  if (options.within)
    for (let i = 0; i < n; i++) if (!(along[i]! >= 0 && along[i]! <= 1)) along[i] = Number.NaN;
  if (options.maxDistance !== undefined) {
    const squared = squaredDistances(columns, from);
    const limit = options.maxDistance ** 2;
    for (let i = 0; i < n; i++) {
      if (squared[i]! - along[i]! ** 2 * squaredLength > limit) along[i] = Number.NaN;
    }
  }
  const values = withoutNaN(along);
  return options.by === "length"
    ? partsOfLength(along, parts, options.within ? [0, 1] : extent(values))
    : partsOfCount(along, values, parts);
}

function extent(values: Float64Array): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return values.length > 0 ? [low, high] : [0, 0];
}

function partsOfLength(along: Float64Array, parts: number, [low, high]: [number, number]): LineParts {
  const scale = high > low ? parts / (high - low) : 0;
  const labels = new Int32Array(along.length);
  for (let i = 0; i < along.length; i++) {
    labels[i] = Number.isNaN(along[i]!) ? -1 : Math.min(Math.floor((along[i]! - low) * scale), parts - 1);
  }
  const edges = Float64Array.from({ length: parts + 1 }, (_, p) => low + ((high - low) * p) / parts);
  return { rows: rowsByLabel(labels, parts), edges };
}

function partsOfCount(along: Float64Array, values: Float64Array, parts: number): LineParts {
  const n = values.length;
  const [low, high] = extent(values);
  const borders = valuesOfRanks(
    values,
    Array.from({ length: parts - 1 }, (_, p) => Math.min(Math.ceil(((p + 1) * n) / parts), n - 1)),
  );
  const different = Float64Array.from(new Set(borders));
  // Classes in order: below the first border, equal to it, between it and the second, …
  const classes = new Int32Array(along.length).fill(-1);
  const counts = new Int32Array(2 * different.length + 1);
  for (let i = 0; i < along.length; i++) {
    const value = along[i]!;
    if (Number.isNaN(value)) continue;
    const border = lowerBound(different, value);
    classes[i] = 2 * border + (different[border] === value ? 1 : 0);
    counts[classes[i]!]!++;
  }
  const rank = new Int32Array(counts.length);
  for (let c = 1; c < rank.length; c++) rank[c] = rank[c - 1]! + counts[c - 1]!;
  const labels = new Int32Array(along.length).fill(-1);
  for (let i = 0; i < along.length; i++) {
    const c = classes[i]!;
    // All between two borders are of one part; those on a border are told apart by their rank.
    if (c >= 0) labels[i] = Math.floor(((c % 2 === 0 ? rank[c]! : rank[c]!++) * parts) / n);
  }
  return { rows: rowsByLabel(labels, parts), edges: Float64Array.from([low, ...borders, high]) };
}

/** What stands at the given ascending ranks of sorted `values`; the values are put in another order. */
function valuesOfRanks(values: Float64Array, ranks: readonly number[]): Float64Array {
  const out = new Float64Array(ranks.length);
  const find = (first: number, last: number, from: number, to: number) => {
    if (first > last || from > to) return;
    const middle = (first + last) >> 1;
    const rank = ranks[middle]!;
    out[middle] = smallest(values, rank, from, to);
    // What lies left of a found rank is no larger, so that the other ranks are looked for in shorter pieces.
    find(first, middle - 1, from, rank);
    find(middle + 1, last, rank, to);
  };
  find(0, ranks.length - 1, 0, values.length - 1);
  return out;
}

function lowerBound(sorted: Float64Array, value: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/**
 * Every point with the nearest of several places, such as the stations of a path.
 * @param places [k · columns]
 * @param maxDistance leaves out what is farther from all of them. Default: nothing
 * @returns the rows of each place; of equally near places the first takes the point
 */
export function rowsByNearest(
  columns: Columns,
  places: ArrayLike<number>,
  maxDistance = Number.POSITIVE_INFINITY,
): Uint32Array[] {
  const n = lengthOf(columns);
  const k = places.length / columns.length;
  if (!Number.isInteger(k) || !Array.from(places).every(Number.isFinite)) {
    throw new InputError("places", `rows of ${columns.length} finite numbers`, `${places.length} numbers`);
  }
  const least = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const labels = new Int32Array(n).fill(-1);
  const limit = maxDistance >= 0 ? maxDistance ** 2 : Number.NaN;
  for (let place = 0; place < k; place++) {
    const squared = squaredDistances(
      columns,
      columns.map((_, d) => places[place * columns.length + d]!),
    );
    for (let i = 0; i < n; i++) {
      if (squared[i]! < least[i]! && squared[i]! <= limit) {
        least[i] = squared[i]!;
        labels[i] = place;
      }
    }
  }
  return rowsByLabel(labels, k);
}

/** Rows of each label from 0 to `count` − 1; those with another label, such as −1 for noise, are in none. */
export function rowsByLabel(labels: ArrayLike<number>, count: number): Uint32Array[] {
  const sizes = new Uint32Array(count);
  for (let i = 0; i < labels.length; i++) if (labels[i]! >= 0 && labels[i]! < count) sizes[labels[i]!]!++;
  const rows = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label >= 0 && label < count) rows[label]![sizes[label]!++] = i;
  }
  return rows;
}

function withoutNaN(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length);
  let count = 0;
  // A sixth of the time of `filter`.
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i]!)) out[count++] = values[i]!;
  return out.subarray(0, count);
}

/** Rows for which `chosen` says so; it is called once for every row, in order. */
function rowsWhere(n: number, chosen: (row: number) => boolean): Uint32Array {
  const rows = new Uint32Array(n);
  let count = 0;
  for (let i = 0; i < n; i++) if (chosen(i)) rows[count++] = i;
  return rows.slice(0, count);
}

/**
 * Any list of rows as the functions here take them: ascending, each once.
 * @throws InputError for an entry that is not a row of a table of `n`
 */
export function checkedRows(rows: ArrayLike<number>, n: number): Uint32Array {
  let ascending = true;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= n) {
      throw new InputError(`rows: entry ${i + 1}`, `a row from 0 to ${n - 1}`, String(row));
    }
    if (i > 0 && row <= rows[i - 1]!) ascending = false;
  }
  const out = Uint32Array.from(rows);
  if (ascending) return out;
  const sorted = out.sort();
  return sorted.filter((row, i) => i === 0 || row !== sorted[i - 1]);
}

/** Rows that are in one of two ascending lists, or in both. */
export function unionRows(a: Uint32Array, b: Uint32Array): Uint32Array {
  return merge(a, b, true, true, true);
}

/** Rows that are in both of two ascending lists. */
export function intersectRows(a: Uint32Array, b: Uint32Array): Uint32Array {
  return merge(a, b, false, true, false);
}

/** Rows of the first of two ascending lists that are not in the second. */
export function subtractRows(a: Uint32Array, b: Uint32Array): Uint32Array {
  return merge(a, b, true, false, false);
}

/** All rows of a table of `n` that are not in an ascending list. */
export function otherRows(rows: Uint32Array, n: number): Uint32Array {
  let at = 0;
  return rowsWhere(n, (i) => {
    if (rows[at] !== i) return true;
    at++;
    return false;
  });
}

function merge(a: Uint32Array, b: Uint32Array, onlyA: boolean, both: boolean, onlyB: boolean): Uint32Array {
  const out = new Uint32Array(onlyB ? a.length + b.length : a.length);
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [p, q] = [a[i]!, b[j]!];
    if (p === q ? both : p < q ? onlyA : onlyB) out[count++] = Math.min(p, q);
    if (p <= q) i++;
    if (q <= p) j++;
  }
  if (onlyA) while (i < a.length) out[count++] = a[i++]!;
  if (onlyB) while (j < b.length) out[count++] = b[j++]!;
  return out.slice(0, count);
}

function lengthOf(columns: Columns): number {
  const n = columns[0]?.length;
  if (n === undefined) throw new InputError("columns", "at least one", "none");
  for (const column of columns) {
    if (column.length !== n) {
      throw new InputError("columns", "columns of equal length", `${n} and ${column.length} numbers`);
    }
  }
  return n;
}

function checkPoint(name: string, point: ArrayLike<number>, columns: Columns): void {
  if (point.length !== columns.length || Array.from(point).some(Number.isNaN)) {
    throw new InputError(name, `${columns.length} numbers`, JSON.stringify(Array.from(point)));
  }
}

function checkCount(name: string, count: number, least: number): void {
  if (!Number.isInteger(count) || count < least) {
    throw new InputError(name, `an integer of ${least} or more`, String(count));
  }
}
