import { Matrix, pseudoInverse } from "ml-matrix";
import type { LinearAxis } from "./table";

/** Relations between latent vectors, coordinates along axes, and particles. */

/** Coordinate of a latent vector along an axis. */
export function along({ weights, offset }: LinearAxis, z: ArrayLike<number>): number {
  let sum = offset;
  for (let d = 0; d < weights.length; d++) sum += weights[d]! * z[d]!;
  return sum;
}

/**
 * The latent vector nearest to `z` with given coordinates along linear axes: z + A⁺(target − A z) with the pseudo-inverse.
 * Inconsistent targets are met in the least-squares sense.
 */
export function nearestWithCoordinates(
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
 * The row nearest to a point.
 * @param units unit of distance along each column
 * @returns −1 if no row has numbers in all columns
 */
export function nearestRow(
  columns: readonly ArrayLike<number>[],
  point: readonly number[],
  units: readonly number[],
): number {
  const n = columns[0]?.length ?? 0;
  let nearest = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let d = 0; d < columns.length; d++) sum += ((columns[d]![i]! - point[d]!) / units[d]!) ** 2;
    if (sum < least) {
      least = sum;
      nearest = i;
    }
  }
  return nearest;
}

/**
 * The row of the latent vectors [n · dimensions] nearest to one; −1 if there is none.
 * @param among rows to choose from; empty: all
 */
export function nearestPoint(
  latents: Float32Array,
  z: ArrayLike<number>,
  among: Uint32Array = new Uint32Array(0),
): number {
  const dimensions = z.length;
  const count = among.length || latents.length / dimensions;
  let nearest = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const row = among.length > 0 ? among[i]! : i;
    let sum = 0;
    for (let d = 0, at = row * dimensions; d < dimensions; d++, at++) sum += (latents[at]! - z[d]!) ** 2;
    if (sum < least) {
      least = sum;
      nearest = row;
    }
  }
  return nearest;
}
