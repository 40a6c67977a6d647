import { InputError } from "../errors";
import { Random } from "../random";

/**
 * Number of points in `points` [n · dimensions].
 * @throws InputError where there are fewer than `least`, the numbers are not rows of `dimensions`, or one is not finite; that
 * names the row of the point, from 0
 */
export function countPoints(points: Float32Array, dimensions: number, least: number): number {
  const n = points.length / dimensions;
  if (!Number.isInteger(dimensions) || dimensions < 1 || !Number.isInteger(n)) {
    throw new InputError("points", `rows of ${dimensions} numbers`, `${points.length} numbers`);
  }
  if (n < least) throw new InputError("points", `at least ${least}`, String(n));
  for (let i = 0; i < points.length; i++) {
    if (!Number.isFinite(points[i]!)) {
      throw new InputError(`point ${Math.floor(i / dimensions)}`, "finite numbers", String(points[i]));
    }
  }
  return n;
}

/** @throws InputError unless `k` of `n` points is an integer of 1 or more, and no more than there are */
export function checkClusters(k: number, n: number): void {
  if (!Number.isInteger(k) || k < 1 || k > n) {
    throw new InputError("k", `an integer from 1 to the ${n} points`, String(k));
  }
}

/** @throws InputError that names the first of these options that is no integer of `least` or more */
export function checkIntegers(options: Record<string, number>, least: number): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isInteger(value) || value < least) {
      throw new InputError(name, `an integer of ${least} or more`, String(value));
    }
  }
}

/** Rows of `count` points drawn from `n` without one twice, ascending; all rows where there are no more than that. */
export function drawRows(n: number, count: number, seed: number): Uint32Array {
  if (count >= n) return Uint32Array.from({ length: n }, (_, i) => i);
  return Uint32Array.from(new Random(seed).permutation(n).subarray(0, count)).sort();
}

/** Some of the points [n · dimensions], in the order of `rows`. */
export function pointsOf(points: Float32Array, dimensions: number, rows: ArrayLike<number>): Float32Array {
  const out = new Float32Array(rows.length * dimensions);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * dimensions;
    for (let d = 0; d < dimensions; d++) out[i * dimensions + d] = points[from + d]!;
  }
  return out;
}
