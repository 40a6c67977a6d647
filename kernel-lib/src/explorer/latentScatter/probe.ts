import { Matrix, pseudoInverse } from "ml-matrix";
import type { LinearAxis } from "./table";

/** Coordinate of a latent vector along an axis. */
export function along({ weights, offset }: LinearAxis, z: ArrayLike<number>): number {
  let sum = offset;
  for (let d = 0; d < weights.length; d++) sum += weights[d]! * z[d]!;
  return sum;
}

/**
 * The latent vector nearest to `z` that has given coordinates along linear axes; where they contradict each other, the
 * one that comes nearest to them: z + A⁺(target − A z) with the pseudo-inverse.
 */
export function movedLeast(
  z: readonly number[],
  targets: readonly { axis: LinearAxis; value: number }[],
): number[] {
  if (targets.length === 0) return [...z];
  const step = pseudoInverse(new Matrix(targets.map(({ axis }) => Array.from(axis.weights)))).mmul(
    Matrix.columnVector(targets.map(({ axis, value }) => value - along(axis, z))),
  );
  return z.map((x, d) => x + step.get(d, 0));
}

/**
 * The row nearest to a point, each axis measured in its own unit of length.
 * @param units what counts as distance 1 along each column
 * @returns −1 where no row has numbers on all columns
 */
export function nearestRow(
  columns: readonly ArrayLike<number>[],
  point: readonly number[],
  units: readonly number[],
): number {
  const n = columns[0]?.length ?? 0;
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let d = 0; d < columns.length; d++) sum += ((columns[d]![i]! - point[d]!) / units[d]!) ** 2;
    if (sum < least) {
      least = sum;
      best = i;
    }
  }
  return best;
}

/** The row of points [n · dimensions] nearest to a place; −1 where there is none. */
export function nearestPoint(points: Float32Array, place: ArrayLike<number>): number {
  const dimensions = place.length;
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0, at = 0; at < points.length; i++) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++, at++) sum += (points[at]! - place[d]!) ** 2;
    if (sum < least) {
      least = sum;
      best = i;
    }
  }
  return best;
}
