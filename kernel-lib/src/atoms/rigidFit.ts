import { type NineNumbers, quaternionOf, rotationMatrix } from "../model/rigidMotion";

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
  const covariance: NineNumbers = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0; k < indices.length; k++) {
    const at = 3 * indices[k]!;
    for (let i = 0; i < 3; i++) {
      const a = weights[k]! * (points.before[at + i]! - before[i]!);
      for (let j = 0; j < 3; j++) covariance[3 * i + j]! += a * (points.after[at + j]! - after[j]!);
    }
  }
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
