import { Random } from "../../random";
import { robustRange } from "./ranges";

/** Reduces many particles to what a page can draw: a subset above a density, or the points of a histogram. */

/** Up to this many particles are all drawn. */
export const maxAllDrawn = 100_000;
/** Size of the subset that is drawn of more particles. */
export const subsetSize = 50_000;
/** Cells of the density along each axis. */
export const densityCells = 256;

/** Rows of the random subset that is drawn, ascending; an empty array if all particles are drawn. */
export function drawnSubset(count: number, seed: number): Uint32Array {
  return count <= maxAllDrawn ? new Uint32Array(0) : randomRows(count, subsetSize, seed);
}

/**
 * Some of `count` rows, ascending, reproducible by the seed (selection sampling, Knuth, TAOCP 2, 3.4.2, algorithm S).
 * @param size at most `count`
 */
export function randomRows(count: number, size: number, seed: number): Uint32Array {
  const random = new Random(seed);
  const rows = new Uint32Array(size);
  let taken = 0;
  for (let row = 0; taken < size; row++) {
    if (random.uniform() * (count - row) < size - taken) rows[taken++] = row;
  }
  return rows;
}

/** Values of the given rows; of all for an empty array of rows. */
export function gather(values: Float32Array, rows: Uint32Array): Float32Array {
  return rows.length === 0 ? values : Float32Array.from(rows, (row) => values[row]!);
}

/** The bins of {@link histogramHeights}: their number, where the first begins, and their width. */
export function histogramBins(values: ArrayLike<number>): { bins: number; low: number; width: number } {
  const { low, high } = robustRange(values, 0);
  const bins = Math.min(Math.max(Math.round(2 * Math.sqrt(values.length)), 8), 200);
  return { bins, low, width: (high - low) / bins };
}

/**
 * Heights that spread points to a histogram: of the n values in a bin a random one lies between 0 and 1, another between 1
 * and 2, and so on to n, so that the outline of the points is the histogram. The number of bins is twice the square root of
 * the number of values, 8 to 200; narrow bins keep similar states apart.
 * @returns NaN for values that are not finite
 */
export function histogramHeights(values: ArrayLike<number>, seed: number): Float32Array {
  const { bins, low, width } = histogramBins(values);
  const binOf = Float64Array.from(values, (value) => {
    const bin = Math.floor((value - low) / width);
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

/** Coordinates along an axis, and the range of a grid along it. */
export interface DensityAxis {
  /** One for each row. */
  values: Float32Array;
  low: number;
  high: number;
}

/**
 * Numbers of points in the cells of a grid, rows of y from below, [{@link densityCells} · {@link densityCells}].
 * @param counted whether a row counts. Default all
 */
export function densityOf(
  x: DensityAxis,
  y: DensityAxis,
  counted: (row: number) => boolean = () => true,
): Float32Array {
  const counts = new Float32Array(densityCells * densityCells);
  const perX = densityCells / (x.high - x.low);
  const perY = densityCells / (y.high - y.low);
  for (let i = 0; i < x.values.length; i++) {
    const column = Math.floor((x.values[i]! - x.low) * perX);
    const row = Math.floor((y.values[i]! - y.low) * perY);
    if (column >= 0 && column < densityCells && row >= 0 && row < densityCells && counted(i)) {
      counts[row * densityCells + column]!++;
    }
  }
  return counts;
}
