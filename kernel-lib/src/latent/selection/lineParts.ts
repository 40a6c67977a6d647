import { InputError } from "../../errors";
import { type Columns, checkCount, checkPoint, lengthOf, withoutNaN } from "./columns";
import { quickselect } from "./quickselect";
import { squaredDistances } from "./regions";
import { rowsByLabel } from "./rowSets";

/** A line through two points, each with a number for each column. */
export interface Line {
  /** Start of the line. */
  from: ArrayLike<number>;
  /** End of the line. */
  to: ArrayLike<number>;
}

/** Points divided into parts along a line. */
export interface LineParts {
  /** Rows of each part from the start of the line to its end, ascending. */
  rows: Uint32Array[];
  /** Borders of the parts along the line, [parts + 1]: 0 at `from`, 1 at `to`. */
  edges: Float64Array;
}

/** Options of {@link partsAlongLine}. */
export interface LineOptions {
  /** Parts with equal numbers of points (they differ by at most one), or of equal length. Default `count`. */
  by?: "count" | "length";
  /** Whether to exclude points that project beyond the ends of the line. Default false: the line is infinite. */
  within?: boolean;
  /** Excludes points farther from the line than this. Default: none. */
  maxDistance?: number;
}

/**
 * Divides points into parts by their projection onto a line.
 *
 * Points with the same projection at the border of two parts of equal count are distributed in the order of their rows.
 * Parts of equal length cover the range of the projections or, with `within`, the line from `from` to `to`; some may be
 * empty. Points with NaN are in no part.
 *
 * @throws InputError if `from` and `to` coincide, and unless `parts` is an integer of 1 or more
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const columns = e2.latent.columnsOf(refined, 2);
 * const { rows } = e2.latent.partsAlongLine(columns, { from: [-1, 0], to: [1, 0] }, 4);
 * ```
 */
export function partsAlongLine(
  columns: Columns,
  line: Line,
  parts: number,
  options: LineOptions = {},
): LineParts {
  checkCount("parts", parts, 1);
  const along = projections(columns, line, options);
  const values = withoutNaN(along);
  return options.by === "length"
    ? equalLengths(along, parts, options.within ? [0, 1] : extent(values))
    : equalCounts(along, values, parts);
}

/** Projection of each point onto the line, 0 at `from` and 1 at `to`; NaN for points that are excluded. */
function projections(columns: Columns, { from, to }: Line, options: LineOptions): Float64Array {
  const n = lengthOf(columns);
  checkPoint("from", from, columns);
  checkPoint("to", to, columns);
  const direction = Float64Array.from(columns, (_, d) => to[d]! - from[d]!);
  const squaredLength = direction.reduce((sum, v) => sum + v * v, 0);
  if (!(squaredLength > 0)) throw new InputError("to", "another point than from", "the same");
  const along = new Float64Array(n);
  for (const [d, column] of columns.entries()) {
    const factor = direction[d]! / squaredLength;
    for (let i = 0; i < n; i++) along[i]! += (column[i]! - from[d]!) * factor;
  }
  if (options.within) {
    for (let i = 0; i < n; i++) if (!(along[i]! >= 0 && along[i]! <= 1)) along[i] = Number.NaN;
  }
  if (options.maxDistance !== undefined) {
    const squared = squaredDistances(columns, from);
    const limit = options.maxDistance ** 2;
    for (let i = 0; i < n; i++) {
      if (squared[i]! - along[i]! ** 2 * squaredLength > limit) along[i] = Number.NaN;
    }
  }
  return along;
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

function equalLengths(along: Float64Array, parts: number, [low, high]: [number, number]): LineParts {
  const scale = high > low ? parts / (high - low) : 0;
  const labels = new Int32Array(along.length);
  for (let i = 0; i < along.length; i++) {
    labels[i] = Number.isNaN(along[i]!) ? -1 : Math.min(Math.floor((along[i]! - low) * scale), parts - 1);
  }
  const edges = Float64Array.from({ length: parts + 1 }, (_, p) => low + ((high - low) * p) / parts);
  return { rows: rowsByLabel(labels, parts), edges };
}

/** @param values those of `along` that are not NaN; reordered */
function equalCounts(along: Float64Array, values: Float64Array, parts: number): LineParts {
  const n = values.length;
  const [low, high] = extent(values);
  const borders = orderStatistics(
    values,
    Array.from({ length: parts - 1 }, (_, p) => Math.min(Math.ceil(((p + 1) * n) / parts), n - 1)),
  );
  const distinct = Float64Array.from(new Set(borders));
  // Classes in order: below the first border, equal to it, between it and the second, …
  const classes = new Int32Array(along.length).fill(-1);
  const counts = new Int32Array(2 * distinct.length + 1);
  for (let i = 0; i < along.length; i++) {
    const value = along[i]!;
    if (Number.isNaN(value)) continue;
    const border = lowerBound(distinct, value);
    classes[i] = 2 * border + (distinct[border] === value ? 1 : 0);
    counts[classes[i]!]!++;
  }
  const rank = new Int32Array(counts.length);
  for (let c = 1; c < rank.length; c++) rank[c] = rank[c - 1]! + counts[c - 1]!;
  const labels = new Int32Array(along.length).fill(-1);
  for (let i = 0; i < along.length; i++) {
    const c = classes[i]!;
    // All points between two borders are in one part; those on a border are divided by rank.
    if (c >= 0) labels[i] = Math.floor(((c % 2 === 0 ? rank[c]! : rank[c]!++) * parts) / n);
  }
  return { rows: rowsByLabel(labels, parts), edges: Float64Array.from([low, ...borders, high]) };
}

/** Values at the given ascending ranks, as after sorting; reorders `values`. */
function orderStatistics(values: Float64Array, ranks: readonly number[]): Float64Array {
  const out = new Float64Array(ranks.length);
  const find = (first: number, last: number, from: number, to: number) => {
    if (first > last || from > to) return;
    const middle = (first + last) >> 1;
    const rank = ranks[middle]!;
    out[middle] = quickselect(values, rank, { from, to });
    // The values are partitioned at that rank, so the other ranks are searched in its halves.
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
