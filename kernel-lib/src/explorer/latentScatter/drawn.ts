import { Random } from "../../random";

/** What of many particles is sent to be drawn. */

/** Up to this many particles all are drawn. */
export const MOST_DRAWN = 100_000;
/** So many of more are, above their density. */
export const DRAWN_OF_MORE = 50_000;
/** Cells of the density along each axis. */
export const DENSITY_CELLS = 256;

/**
 * Rows of a random subset, ascending; the same for the same seed (selection sampling, Knuth, TAOCP 2, 3.4.2, S).
 * @returns an empty array where all are drawn
 */
export function drawnSubset(count: number, seed: number): Uint32Array {
  if (count <= MOST_DRAWN) return new Uint32Array(0);
  const random = new Random(seed);
  const rows = new Uint32Array(DRAWN_OF_MORE);
  let taken = 0;
  for (let row = 0; taken < DRAWN_OF_MORE; row++) {
    if (random.uniform() * (count - row) < DRAWN_OF_MORE - taken) rows[taken++] = row;
  }
  return rows;
}

/** Values of the given rows; all where no rows are given. */
export function gather(values: Float32Array, rows: Uint32Array): Float32Array {
  return rows.length === 0 ? values : Float32Array.from(rows, (row) => values[row]!);
}

/** The range of all finite values, and 4 % of it on either side. */
export function frameOf(values: ArrayLike<number>): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < low && value !== Number.NEGATIVE_INFINITY) low = value;
    if (value > high && value !== Number.POSITIVE_INFINITY) high = value;
  }
  if (!(low <= high)) return { low: -1, high: 1 };
  const margin = high > low ? 0.04 * (high - low) : Math.max(Math.abs(high), 1) / 2;
  return { low: low - margin, high: high + margin };
}

/**
 * Values between which the finite ones lie but for a fraction on either side; their whole range where that leaves none.
 * Of many values, a few thousand evenly spaced ones are looked at.
 */
export function robustRange(values: ArrayLike<number>, outside: number): { low: number; high: number } {
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const some: number[] = [];
  for (let i = 0; i < values.length; i += step) if (Number.isFinite(values[i])) some.push(values[i]!);
  if (some.length === 0) return { low: 0, high: 1 };
  const sorted = Float64Array.from(some).sort();
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!;
  const [low, high] = [at(outside), at(1 - outside)];
  if (low < high) return { low, high };
  const [first, last] = [sorted[0]!, sorted[sorted.length - 1]!];
  return first < last ? { low: first, high: last } : { low: first - 0.5, high: first + 0.5 };
}

/**
 * Heights that make a histogram of a cloud of points: of the n values in a bin one, chosen by chance, lies between 0 and 1,
 * one between 1 and 2, and so on to n, so that the outline of the cloud is the histogram. There are twice as many bins as
 * the square root of the number of values, 8 to 200: narrow ones, so that states close to each other stay apart.
 * @returns NaN for what is not finite
 */
export function histogramHeights(values: ArrayLike<number>, seed: number): Float32Array {
  const all = robustRange(values, 0);
  const bins = Math.min(Math.max(Math.round(2 * Math.sqrt(values.length)), 8), 200);
  const binOf = Float64Array.from(values, (value) => {
    const bin = Math.floor((bins * (value - all.low)) / (all.high - all.low));
    return Number.isFinite(value) ? Math.min(Math.max(bin, 0), bins - 1) : Number.NaN;
  });
  const below = new Float64Array(bins);
  const random = new Random(seed);
  const heights = new Float32Array(values.length).fill(Number.NaN);
  for (const i of random.permutation(values.length)) {
    const bin = binOf[i]!;
    if (bin >= 0) heights[i] = below[bin]!++ + random.uniform();
  }
  return heights;
}

interface Range {
  low: number;
  high: number;
}

/** How many of the points lie in each cell of a grid over two ranges, rows of y from below, [cells · cells]. */
export function densityOf(
  x: Float32Array,
  y: Float32Array,
  across: Range,
  up: Range,
  counted: (row: number) => boolean = () => true,
): Float32Array {
  const counts = new Float32Array(DENSITY_CELLS * DENSITY_CELLS);
  const perX = DENSITY_CELLS / (across.high - across.low);
  const perY = DENSITY_CELLS / (up.high - up.low);
  for (let i = 0; i < x.length; i++) {
    const column = Math.floor((x[i]! - across.low) * perX);
    const row = Math.floor((y[i]! - up.low) * perY);
    if (column >= 0 && column < DENSITY_CELLS && row >= 0 && row < DENSITY_CELLS && counted(i)) {
      counts[row * DENSITY_CELLS + column]!++;
    }
  }
  return counts;
}
