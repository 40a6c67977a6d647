import { type NineNumbers, quaternionOf } from "../model/hornQuaternion";
import { rotationMatrix } from "../model/rigidMotion";

/** Points before and after a motion, each [n · 3], of which some count with a weight. */
export interface WeightedPoints {
  before: Float64Array;
  after: Float64Array;
  /** Indices of the points, [m]. */
  indices: ArrayLike<number>;
  /** Their weights, [m]. */
  weights: ArrayLike<number>;
}

/** x → R (x − before) + after. */
export interface RigidFit {
  /** R, row-major. */
  rotation: Float64Array;
  before: Float64Array;
  after: Float64Array;
}

/** The weighted rigid motion of points by least squares (Horn, 1987). */
export function rigidFit(points: WeightedPoints): RigidFit {
  const { indices, weights } = points;
  const before = weightedMean(points.before, indices, weights);
  const after = weightedMean(points.after, indices, weights);
  const [bx, by, bz, ax, ay, az] = [...before, ...after] as [number, number, number, number, number, number];
  let [xx, xy, xz, yx, yy, yz, zx, zy, zz] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0; k < indices.length; k++) {
    const at = 3 * indices[k]!;
    const weight = weights[k]!;
    const x = weight * (points.before[at]! - bx);
    const y = weight * (points.before[at + 1]! - by);
    const z = weight * (points.before[at + 2]! - bz);
    const [u, v, w] = [points.after[at]! - ax, points.after[at + 1]! - ay, points.after[at + 2]! - az];
    xx += x * u;
    xy += x * v;
    xz += x * w;
    yx += y * u;
    yy += y * v;
    yz += y * w;
    zx += z * u;
    zy += z * v;
    zz += z * w;
  }
  const covariance: NineNumbers = [xx, xy, xz, yx, yy, yz, zx, zy, zz];
  return { rotation: rotationMatrix(quaternionOf(covariance)), before, after };
}

/** Moves one point of `positions` and writes it to `into` at the same index. */
export function moveRigidly(
  { rotation, before, after }: RigidFit,
  positions: Float64Array,
  index: number,
  into: Float64Array,
): void {
  const at = 3 * index;
  const [x, y, z] = [
    positions[at]! - before[0]!,
    positions[at + 1]! - before[1]!,
    positions[at + 2]! - before[2]!,
  ];
  for (let i = 0; i < 3; i++) {
    into[at + i] = after[i]! + rotation[3 * i]! * x + rotation[3 * i + 1]! * y + rotation[3 * i + 2]! * z;
  }
}

/** Weighted mean of some of the points, [3]. */
export function weightedMean(
  points: Float64Array,
  indices: ArrayLike<number>,
  weights: ArrayLike<number>,
): Float64Array {
  const mean = new Float64Array(3);
  let total = 0;
  for (let k = 0; k < indices.length; k++) {
    total += weights[k]!;
    for (let axis = 0; axis < 3; axis++) mean[axis]! += weights[k]! * points[3 * indices[k]! + axis]!;
  }
  return mean.map((sum) => sum / total);
}
