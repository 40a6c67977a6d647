import { InputError } from "../errors";
import { densityMotion } from "./densityMotion";
import { type GaussianModel, Row, type Vector3 } from "./gaussianModel";
import { gaussiansInRegion, type Region } from "./regions";
import { displacements, type RigidMotion, rigidMotion } from "./rigidMotion";

/** Options of {@link regionMotion}. */
export interface RegionMotionOptions {
  /**
   * What is held still: Gaussians or a region, such as all other domains. The second state is first superimposed on the
   * first there. Default: nothing; the motion is measured in the frame of the map.
   */
  reference?: Region | ArrayLike<number>;
  /**
   * What is superimposed: the densities of the region's Gaussians, or their centres, Gaussian by Gaussian. Gaussians of a
   * trained decoder slip within a density, so that their centres turn by less than the density does. Default `density`.
   */
  by?: "density" | "centres";
  /** Refused if the rest is larger than this fraction of the motion. Default 0.5. */
  mostLeft?: number;
}

/** The motion of a region between two states as a screw: a turn about an axis with a shift along it. */
export interface RegionMotion extends RigidMotion {
  /** RMS displacement of the region's Gaussians in Å, weighted by mass. */
  size: number;
  /** Shift along the axis in Å; negative against it. */
  translation: number;
  /**
   * The point of the screw's axis in Å from the middle of the box that is nearest to the region's centre. Undefined for
   * turns of less than half a degree, whose axis has no place.
   */
  axisPoint: Vector3 | undefined;
  /** Indices of the region's Gaussians. */
  indices: Int32Array;
}

/** A turn in degrees below which the axis has no place. */
const leastTurn = 0.5;
/** Rests in Å that are never refused: Gaussians move by as much from noise alone. */
const noiseLevel = 0.2;

/**
 * The motion of a region between two states as rotation angle, axis and screw, from the best superposition of its density,
 * or of the centres of its Gaussians (see {@link rigidMotion}). Every rigid motion is a screw (Chasles): with rotation R about the unit axis n by θ,
 * and shift t of the centre c, the translation is t·n, and the axis passes through c + (t′ + cot(θ/2) n × t′)/2, where t′ is
 * the part of t across n.
 *
 * It is as large as the decoder shows it. `run.regionMotion` measures what the particles' images show, with standard errors.
 *
 * @param from   first state, in which the centres of Gaussians decide what is in a shape or mask
 * @param region a part of space, or the indices of Gaussians
 * @throws InputError for fewer than three Gaussians, models that do not match, and a region that is no rigid body: if what
 *   is left after the best superposition is more than half of the motion
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const [a, b] = [run.decode([-1, 0]), run.decode([1, 0])];
 * const all = { mostLeft: Number.POSITIVE_INFINITY }; // accepts what is not rigid, too
 * const { angle, axis, translation, rmsd } = e2.model.regionMotion(a, b, { centre: [0, 0, 0], radius: 0.2 }, all);
 * ```
 */
export function regionMotion(
  from: GaussianModel,
  to: GaussianModel,
  region: Region | ArrayLike<number>,
  options: RegionMotionOptions = {},
): RegionMotion {
  const { mostLeft = 0.5 } = options;
  if (!(mostLeft > 0)) throw new InputError("mostLeft", "a number above 0", String(mostLeft));
  const indices = chosenGaussians(from, region, "region");
  const second =
    options.reference === undefined
      ? to
      : superimposed(from, to, chosenGaussians(from, options.reference, "reference"));
  const centres = rigidMotion(from, second, indices);
  const size = rmsDisplacement(from, second, indices);
  const motion = options.by === "centres" ? centres : densityMotion(from, second, indices, centres);
  if (centres.rmsd > mostLeft * size && centres.rmsd > noiseLevel) {
    const found = `${centres.rmsd.toFixed(2)} Å left of a motion of ${size.toFixed(2)} Å`;
    throw new InputError(
      "region",
      `a rigid body, of whose motion at most ${100 * mostLeft} % is left`,
      found,
    );
  }
  return { ...motion, ...screwOf(motion), size, indices };
}

/**
 * Indices of the Gaussians of a region.
 * @throws InputError for fewer than three, and for indices that are not Gaussians
 */
export function chosenGaussians(
  model: GaussianModel,
  region: Region | ArrayLike<number>,
  where: string,
): Int32Array {
  const indices = "length" in region ? Int32Array.from(region) : gaussiansInRegion(model, region);
  if (indices.length < 3) throw new InputError(where, "three Gaussians or more", String(indices.length));
  const wrong = indices.find((i) => i < 0 || i >= model.count);
  if (wrong !== undefined) {
    throw new InputError(where, `indices of Gaussians from 0 to ${model.count - 1}`, String(wrong));
  }
  return indices;
}

/** The second state moved as a whole, so that its reference lies on that of the first. */
function superimposed(from: GaussianModel, to: GaussianModel, reference: Int32Array): GaussianModel {
  // The motion from `to` to `from`, applied to all Gaussians
  const { rotation, centre, shift } = rigidMotion(to, from, reference);
  const { count, boxSize, apix } = to;
  const length = boxSize * apix;
  const params = to.params.slice();
  for (let i = 0; i < count; i++) {
    const arm = [0, 1, 2].map((axis) => length * to.params[axis * count + i]! - centre[axis]!);
    for (let axis = 0; axis < 3; axis++) {
      const turned = arm.reduce((sum, x, k) => sum + rotation[3 * axis + k]! * x, 0);
      params[axis * count + i] = (turned + centre[axis]! + shift[axis]!) / length;
    }
  }
  return { ...to, params };
}

function rmsDisplacement(from: GaussianModel, to: GaussianModel, indices: Int32Array): number {
  const vectors = displacements(from, to);
  const { count, params } = from;
  let square = 0;
  let mass = 0;
  for (const i of indices) {
    const weight = Math.max(0, params[Row.amplitude * count + i]!) * params[Row.sigma * count + i]! ** 3;
    square += weight * (vectors[3 * i]! ** 2 + vectors[3 * i + 1]! ** 2 + vectors[3 * i + 2]! ** 2);
    mass += weight;
  }
  return mass > 0 ? Math.sqrt(square / mass) : 0;
}

/** The screw of a rigid motion. */
export function screwOf({
  angle,
  axis,
  centre,
  shift,
}: RigidMotion): Pick<RegionMotion, "translation" | "axisPoint"> {
  const translation = shift.reduce((sum, x, a) => sum + x * axis[a]!, 0);
  if (angle < leastTurn) return { translation, axisPoint: undefined };
  const across = shift.map((x, a) => x - translation * axis[a]!) as Vector3;
  const [x, y, z] = cross(axis, across);
  const cotangent = 1 / Math.tan((angle * Math.PI) / 360);
  const axisPoint = [x, y, z].map((value, a) => centre[a]! + (across[a]! + cotangent * value) / 2) as Vector3;
  return { translation, axisPoint };
}

function cross(a: Vector3, b: Vector3): Vector3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
