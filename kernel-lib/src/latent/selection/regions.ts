import { InputError } from "../../errors";
import { type Columns, checkCount, checkPoint, lengthOf, withoutNaN } from "./columns";
import { quickselect } from "./quickselect";
import { rowsByLabel, rowsWhere } from "./rowSets";

/**
 * Points in a box, borders included. Points with NaN are never inside.
 * @param low  one number for each column; −Infinity for no limit
 * @param high the same; Infinity for no limit. The two may be swapped
 * @returns rows, ascending
 * @throws InputError for columns of unequal length, and limits that are not a number for each column
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const rows = e2.latent.rowsInBox(e2.latent.columnsOf(refined, 2), [0, -1], [Infinity, 1]);
 * ```
 */
export function rowsInBox(columns: Columns, low: ArrayLike<number>, high: ArrayLike<number>): Uint32Array {
  const n = lengthOf(columns);
  checkPoint("box", low, columns);
  checkPoint("box", high, columns);
  const outside = new Uint8Array(n);
  for (const [d, column] of columns.entries()) {
    const from = Math.min(low[d]!, high[d]!);
    const to = Math.max(low[d]!, high[d]!);
    for (let i = 0; i < n; i++) if (!(column[i]! >= from && column[i]! <= to)) outside[i] = 1;
  }
  return rowsWhere(n, (i) => outside[i] === 0);
}

/**
 * Points within a radius of a centre, the border included, in as many dimensions as there are columns.
 * @returns rows, ascending
 * @throws InputError for columns of unequal length, and a centre that is not a number for each column
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const rows = e2.latent.rowsWithin(e2.latent.columnsOf(refined, 2), [0, 0], 0.5);
 * ```
 */
export function rowsWithin(columns: Columns, centre: ArrayLike<number>, radius: number): Uint32Array {
  const squared = squaredDistances(columns, centre);
  const limit = radius >= 0 ? radius * radius : Number.NaN;
  return rowsWhere(squared.length, (i) => squared[i]! <= limit);
}

/**
 * The `count` points nearest to a centre, or all if there are fewer; of equally distant ones the first.
 * @returns rows, ascending
 * @throws InputError for columns of unequal length, a centre that is not a number for each column, and a count that is
 *   not an integer of 0 or more
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const rows = e2.latent.nearestRows(e2.latent.columnsOf(refined, 2), [0, 0], 20);
 * ```
 */
export function nearestRows(columns: Columns, centre: ArrayLike<number>, count: number): Uint32Array {
  checkCount("count", count, 0);
  const squared = squaredDistances(columns, centre);
  const known = withoutNaN(squared);
  if (count >= known.length) return rowsWhere(squared.length, (i) => !Number.isNaN(squared[i]!));
  if (count === 0) return new Uint32Array(0);
  const limit = quickselect(known, count - 1);
  let ties = count;
  for (let i = 0; i < known.length; i++) if (known[i]! < limit) ties--;
  return rowsWhere(squared.length, (i) => squared[i]! < limit || (squared[i] === limit && ties-- > 0));
}

/**
 * Squared distance of every point from a centre, [n]; NaN for points with NaN.
 * @throws InputError for columns of unequal length, and a centre that is not a number for each column
 * @example
 * ```ts
 * const squared = e2.latent.squaredDistances([[0, 3], [0, 4]], [0, 0]); // [0, 25]
 * ```
 */
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
 * Assigns every point to the nearest of several positions, such as the stations of a path.
 * @param places [k · columns]
 * @param maxDistance points farther than this from all places are in no list. Default Infinity
 * @returns the rows of each place, ascending; of equally near places the first takes the point
 * @throws InputError for columns of unequal length, and places that are not rows of finite numbers
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { stations } = e2.latent.pathThrough([-1, 0, 1, 0], 2, 3);
 * const rows = e2.latent.rowsByNearest(e2.latent.columnsOf(refined, 2), stations);
 * ```
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
    const centre = columns.map((_, d) => places[place * columns.length + d]!);
    const squared = squaredDistances(columns, centre);
    for (let i = 0; i < n; i++) {
      if (squared[i]! < least[i]! && squared[i]! <= limit) {
        least[i] = squared[i]!;
        labels[i] = place;
      }
    }
  }
  return rowsByLabel(labels, k);
}
