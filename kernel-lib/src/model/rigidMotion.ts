import { InputError } from "../errors";
import { checkSameBoxLength } from "../maps/grid";
import { boxLengthOf, type GaussianModel, type Vector3 } from "./gaussianModel";
import { type NineNumbers, type Quaternion, quaternionOf } from "./hornQuaternion";

/**
 * Displacement of each Gaussian between two states, as vectors in Å, [N · 3]: (x, y, z) of Gaussian i from 3i.
 * @throws InputError unless the models have the same number of Gaussians and the same box length
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const vectors = e2.model.displacements(run.decode([-1, 0]), run.decode([1, 0]));
 * ```
 */
export function displacements(from: GaussianModel, to: GaussianModel): Float32Array {
  checkSameGaussians(from, to);
  const { count } = from;
  const boxLength = boxLengthOf(from);
  const vectors = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) {
      vectors[3 * i + axis] = boxLength * (to.params[axis * count + i]! - from.params[axis * count + i]!);
    }
  }
  return vectors;
}

/** A rigid motion, x → R (x − centre) + centre + shift. */
export interface RigidMotion {
  /** Degrees, 0 to 180. */
  angle: number;
  /** Unit vector of the counter-clockwise rotation; (0, 0, 1) if the angle is 0. */
  axis: Vector3;
  /** R, row-major. */
  rotation: Float64Array;
  /** Weighted centre of the Gaussians before the motion, in Å from the origin. */
  centre: Vector3;
  /** Motion of that centre in Å. */
  shift: Vector3;
  /** Weighted root mean square deviation in Å after the rigid motion: how much the region changes its shape. */
  rmsd: number;
}

/**
 * The rigid motion that best superimposes a region of one state on another: least squares over the centres, each
 * weighted by its integral Aσ³ in the first state, by the quaternion method (Horn, J. Opt. Soc. Am. A 4, 629, 1987),
 * which never returns a reflection.
 *
 * @param indices the Gaussians of the region. Default: all
 * @throws InputError for models that do not match and for fewer than three Gaussians
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { angle, shift, rmsd } = e2.model.rigidMotion(run.decode([-1, 0]), run.decode([1, 0]));
 * ```
 */
export function rigidMotion(
  from: GaussianModel,
  to: GaussianModel,
  indices: ArrayLike<number> = Int32Array.from({ length: from.count }, (_, i) => i),
): RigidMotion {
  checkSameGaussians(from, to);
  if (indices.length < 3) throw new InputError("indices", "three Gaussians or more", String(indices.length));
  const chosen = Array.from(indices);
  return bestRigidMotion({
    before: centresInAngstrom(from, chosen),
    after: centresInAngstrom(to, chosen),
    weights: integrals(from, chosen),
  });
}

/** Points before and after a motion. */
export interface MovedPoints {
  before: readonly Vector3[];
  after: readonly Vector3[];
  /** Weight of each point. */
  weights: readonly number[];
}

/** The rigid motion that best takes points to other points, see {@link rigidMotion}. */
export function bestRigidMotion({ before, after, weights }: MovedPoints): RigidMotion {
  const { quaternion, centre, centreAfter, a, b } = superimpose(before, after, weights);
  const [w, x, y, z] = quaternion;
  const half = Math.hypot(x, y, z);
  const rotation = rotationMatrix(quaternion);
  return {
    angle: (2 * Math.atan2(half, w) * 180) / Math.PI,
    axis: half > 1e-12 ? [x / half, y / half, z / half] : [0, 0, 1],
    rotation,
    centre,
    shift: subtract(centreAfter, centre),
    rmsd: rmsdAfter(rotation, { a, b, weights }),
  };
}

/** The best rotation of points to others, and both relative to their weighted centres. */
interface Superposition {
  quaternion: Quaternion;
  centre: Vector3;
  centreAfter: Vector3;
  a: Vector3[];
  b: Vector3[];
}

function superimpose(
  before: readonly Vector3[],
  after: readonly Vector3[],
  weights: readonly number[],
): Superposition {
  const centre = weightedMean(before, weights);
  const centreAfter = weightedMean(after, weights);
  const a = before.map((p) => subtract(p, centre));
  const b = after.map((p) => subtract(p, centreAfter));
  return { quaternion: bestQuaternion(a, b, weights), centre, centreAfter, a, b };
}

/** Rounds of reweighting in {@link coreMotion}; the weights hardly change after half of them. */
const reweightings = 8;
/** Deviations below this, in Å, are no motion. */
const leastScale = 0.3;

/** A rigid motion x → R·x + shift, in Å from the origin. */
export interface CoreMotion {
  /** R, row-major. */
  rotation: Float64Array;
  shift: Vector3;
}

/**
 * The rigid motion of that part of a molecule which does not change its shape: as {@link rigidMotion} of all Gaussians, with
 * weights that decrease for those that it does not explain (Cauchy's, with the median deviation as scale), so that a domain that
 * moves has little influence.
 */
export function coreMotion(from: GaussianModel, to: GaussianModel): CoreMotion {
  checkSameGaussians(from, to);
  const all = Array.from({ length: from.count }, (_, i) => i);
  const [before, after] = [centresInAngstrom(from, all), centresInAngstrom(to, all)];
  const mass = integrals(from, all);
  let weights = mass;
  let motion: CoreMotion = { rotation: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), shift: [0, 0, 0] };
  for (let round = 0; round < reweightings; round++) {
    const { rotation, centre, shift: by } = bestRigidMotion({ before, after, weights });
    const moved = centre.map((x, axis) => x + by[axis]!) as Vector3;
    motion = { rotation, shift: subtract(moved, rotated(rotation, centre)) };
    const off = before.map((p, k) =>
      Math.hypot(...subtract(subtract(after[k]!, motion.shift), rotated(rotation, p))),
    );
    const scale = Math.max(leastScale, off.slice().sort((a, b) => a - b)[off.length >> 1]!);
    weights = mass.map((m, k) => m / (1 + (off[k]! / scale) ** 2));
  }
  return motion;
}

function rotated(m: Float64Array, [x, y, z]: Vector3): Vector3 {
  return [0, 3, 6].map((row) => m[row]! * x + m[row + 1]! * y + m[row + 2]! * z) as Vector3;
}

/** Centres in Å from the middle of the box. */
export function centresInAngstrom(model: GaussianModel, indices: readonly number[]): Vector3[] {
  const boxLength = boxLengthOf(model);
  const { count, params } = model;
  return indices.map((i) => [0, 1, 2].map((axis) => boxLength * params[axis * count + i]!) as Vector3);
}

/** Aσ³ of each Gaussian; 1 for all if none is positive. */
export function integrals({ count, params }: GaussianModel, indices: readonly number[]): number[] {
  const weights = indices.map((i) => Math.max(0, params[3 * count + i]!) * params[4 * count + i]! ** 3);
  return weights.some((w) => w > 0) ? weights : weights.map(() => 1);
}

function subtract(a: Vector3, b: Vector3): Vector3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** The rotation matrix of a unit quaternion (w, x, y, z), row-major. */
export function rotationMatrix([w, x, y, z]: Quaternion): Float64Array {
  return Float64Array.of(
    w * w + x * x - y * y - z * z,
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    w * w - x * x + y * y - z * z,
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    w * w - x * x - y * y + z * z,
  );
}

/** Weighted root mean square distance between R·a and b. */
function rmsdAfter(
  rotation: Float64Array,
  { a, b, weights }: { a: readonly Vector3[]; b: readonly Vector3[]; weights: readonly number[] },
): number {
  let square = 0;
  let total = 0;
  a.forEach((p, k) => {
    for (let axis = 0; axis < 3; axis++) {
      const rotated =
        rotation[3 * axis]! * p[0] + rotation[3 * axis + 1]! * p[1] + rotation[3 * axis + 2]! * p[2];
      square += weights[k]! * (b[k]![axis]! - rotated) ** 2;
    }
    total += weights[k]!;
  });
  return Math.sqrt(square / total);
}

function weightedMean(points: readonly Vector3[], weights: readonly number[]): Vector3 {
  const total = weights.reduce((sum, w) => sum + w, 0);
  return [0, 1, 2].map(
    (axis) => points.reduce((sum, p, k) => sum + weights[k]! * p[axis]!, 0) / total,
  ) as Vector3;
}

/** The quaternion, w ≥ 0, of the rotation that best takes points a to b: the top eigenvector of Horn's matrix. */
function bestQuaternion(
  a: readonly Vector3[],
  b: readonly Vector3[],
  weights: readonly number[],
): Quaternion {
  const s = (i: number, j: number) => a.reduce((sum, p, k) => sum + weights[k]! * p[i]! * b[k]![j]!, 0);
  return quaternionOf([0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => s(i, j))) as NineNumbers);
}

function checkSameGaussians(from: GaussianModel, to: GaussianModel): void {
  if (from.count !== to.count) {
    throw new InputError("second model", `${from.count} Gaussians like the first`, String(to.count));
  }
  checkSameBoxLength(to, from, "second model", "the first");
}
