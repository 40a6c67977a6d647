import { InputError } from "../errors";
import { Random } from "../random";

/** Points as rows of coordinates. */
export interface PointSet<T extends Float32Array | Float64Array = Float32Array> {
  /** Coordinates, row by row, [n · dimensions]. */
  points: T;
  /** Coordinates per point. */
  dimensions: number;
}

type AnyPoints = PointSet<Float32Array | Float64Array>;

/** Squared Euclidean distance of point `i` of one set and point `j` of another of the same dimensions. */
export function squaredDistance(a: AnyPoints, i: number, b: AnyPoints, j: number): number {
  const { points, dimensions } = a;
  let sum = 0;
  for (let d = 0, p = i * dimensions, q = j * dimensions; d < dimensions; d++, p++, q++) {
    const difference = points[p]! - b.points[q]!;
    sum += difference * difference;
  }
  return sum;
}

/**
 * Number of points in `points` [n · dimensions].
 * @throws InputError for fewer points than `least`, for numbers that are not rows of `dimensions`, and for a coordinate
 *   that is not finite, naming the point by its row from 0
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

/**
 * Checks standard deviations of points, [n · dimensions].
 * @throws InputError for another number of them than coordinates, and one that is negative or not finite, naming its point
 */
export function checkDeviations(
  deviations: Float32Array | undefined,
  coordinates: number,
  dimensions: number,
): void {
  if (!deviations) return;
  if (deviations.length !== coordinates) {
    throw new InputError("deviations", `${coordinates} numbers, one per coordinate`, `${deviations.length}`);
  }
  const wrong = deviations.findIndex(
    (deviation) => !(deviation >= 0 && deviation < Number.POSITIVE_INFINITY),
  );
  if (wrong >= 0) {
    const where = `deviation of point ${Math.floor(wrong / dimensions)}`;
    throw new InputError(where, "a number of 0 or more", String(deviations[wrong]));
  }
}

/** Points with each coordinate divided by the median deviation of its axis; an axis without deviations stays as it is. */
export function inDeviations(
  points: Float32Array,
  deviations: Float32Array,
  dimensions: number,
): Float32Array {
  const n = points.length / dimensions;
  const units = Float64Array.from({ length: dimensions }, (_, d) => {
    const sorted = Float32Array.from({ length: n }, (_, i) => deviations[i * dimensions + d]!).sort();
    return sorted[Math.floor(n / 2)]! || 1;
  });
  return points.map((x, i) => x / units[i % dimensions]!);
}

/** @throws InputError unless `k` is an integer from 1 to `n` */
export function checkClusters(k: number, n: number): void {
  if (!Number.isInteger(k) || k < 1 || k > n) {
    throw new InputError("k", `an integer from 1 to the ${n} points`, String(k));
  }
}

/** @throws InputError naming the first of these options that is not an integer of at least `least` */
export function checkIntegers(options: Record<string, number>, least: number): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isInteger(value) || value < least) {
      throw new InputError(name, `an integer of ${least} or more`, String(value));
    }
  }
}

/** A random sample of `count` of `n` rows without replacement, ascending; all rows if `count` ≥ `n`. */
export function sampleRows(n: number, count: number, seed: number): Uint32Array {
  if (count >= n) return Uint32Array.from({ length: n }, (_, i) => i);
  return Uint32Array.from(new Random(seed).permutation(n).subarray(0, count)).sort();
}

/** Says that something was found on a sample, with a blank before; empty if it was found on all. @param others what became of the others */
export function sampleSentence(sampled: number, n: number, others: string): string {
  if (sampled >= n) return "";
  const [some, all] = [sampled, n].map((count) => count.toLocaleString("en"));
  return ` Found on ${some} of the ${all} particles, drawn at random; ${others}.`;
}

/** Gathers rows of `points` [n · dimensions] in the given order, [rows · dimensions]. */
export function gatherPoints(
  points: Float32Array,
  dimensions: number,
  rows: ArrayLike<number>,
): Float32Array {
  const out = new Float32Array(rows.length * dimensions);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * dimensions;
    for (let d = 0; d < dimensions; d++) out[i * dimensions + d] = points[from + d]!;
  }
  return out;
}
