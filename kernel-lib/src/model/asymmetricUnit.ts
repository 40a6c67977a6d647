import type { Volume } from "../maps/volume";
import { type PointGroup, turned } from "../optics/symmetry";
import {
  copyModel,
  type GaussianModel,
  originInBox,
  pickGaussians,
  Row,
  type Vector3,
  withOrigin,
} from "./gaussianModel";
import { allUnits, centreOf } from "./symmetricModel";

/** Most Gaussians that the search for a compact unit starts from. */
const maxStarts = 64;
const maxIterations = 50;
/** Copies of a Gaussian that are closer than this fraction of its width are one Gaussian, on a symmetry axis. */
const sameGaussian = 0.5;
/** Distances in box units that differ by less are equal, and positions that are closer the same. */
const tie = 1e-4;
const samePlace = 1e-3;

/** A symmetric model, and its first unit. */
export interface SymmetricModel {
  /** All units: Gaussian g·m + j is Gaussian j of the first unit turned by operator g. */
  model: GaussianModel;
  /** m, Gaussians of a unit. */
  gaussians: number;
  /** Centre of the first unit, in box units. */
  centre: Vector3;
}

/**
 * A symmetric model from the Gaussians of one unit: those that are nearer to the centre of this unit than to that of any
 * other, and their copies. A Gaussian on a symmetry axis is taken as shared by the units.
 *
 * The unit is the most compact one: the centre that its Gaussians, weighted by their integrals, have the smallest mean
 * square distance from. Among the equal ones it is that with the largest x.
 *
 * @param model a model of the whole molecule, about as symmetric as the group
 * @param near  Gaussians, 1 or 0 for each, whose centre of mass is to be the unit's. Default: the most compact unit
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * const { model: symmetric, gaussians } = e2.model.symmetrise(model, e2.optics.pointGroup("C3"));
 * console.log(symmetric.count === 3 * gaussians); // true
 * ```
 */
export function symmetriseModel(model: GaussianModel, group: PointGroup, near?: Uint8Array): SymmetricModel {
  const centre = near ? centreOfMass(model, near) : compactUnit(model, group);
  const first = pickGaussians(model, gaussiansOfUnit(model, centre, group));
  const { params, count, boxSize } = first;
  for (let j = 0; j < count; j++) {
    const apart = (sameGaussian * params[Row.sigma * count + j]!) / boxSize;
    params[Row.amplitude * count + j]! /= copiesWithin(apart, centreOf(first, j), group).length;
  }
  return { model: allUnits(first, group), gaussians: count, centre };
}

/** Gaussians that are nearer to the centre of the first unit than to any other; of those on a border one of its copies. */
function gaussiansOfUnit(model: GaussianModel, centre: Vector3, group: PointGroup): number[] {
  const centres = group.operators.map((operator) => turned(operator, centre));
  const own: number[] = [];
  const onBorder: Vector3[] = [];
  for (let i = 0; i < model.count; i++) {
    const position = centreOf(model, i);
    const [first, ...others] = centres.map((other) => Math.sqrt(squaredDistance(position, other)));
    const margin = Math.min(...others) - first!;
    if (margin < -tie) continue;
    if (margin <= tie) {
      const isCopy = onBorder.some((other) =>
        group.operators.some(
          (operator) => squaredDistance(turned(operator, other), position) < samePlace ** 2,
        ),
      );
      if (isCopy) continue;
      onBorder.push(position);
    }
    own.push(i);
  }
  return own;
}

/** Each Gaussian replaced by that of its copies which lies in the first unit of another choice of units. */
export function withUnitAt(first: GaussianModel, centre: Vector3, group: PointGroup): GaussianModel {
  const moved = copyModel(first);
  for (let j = 0; j < first.count; j++) {
    const own = centreOf(first, j);
    const places = group.operators.map((operator) => turned(operator, own));
    const best = nearestOf(places, centre);
    for (let axis = 0; axis < 3; axis++) moved.params[axis * first.count + j] = best[axis]!;
  }
  return moved;
}

/** Centre of the most compact unit; see {@link symmetriseModel}. */
export function compactUnit(model: GaussianModel, group: PointGroup): Vector3 {
  const copies = Array.from({ length: model.count }, (_, i) =>
    group.operators.map((operator) => turned(operator, centreOf(model, i))),
  );
  const mass = masses(model);
  const starts = Math.min(maxStarts, model.count);
  let best: { centre: Vector3; spread: number } | undefined;
  for (let s = 0; s < starts; s++) {
    const found = settled(copies, mass, centreOf(model, Math.floor((s * model.count) / starts)));
    if (!best || found.spread < best.spread * (1 - 1e-6)) best = found;
  }
  const equal = group.operators.map((operator) => turned(operator, best!.centre));
  return equal.reduce((a, b) => (b[0] > a[0] + 1e-6 ? b : a));
}

/** Moves a centre to the mean of the nearest copies of all Gaussians until it stays. */
function settled(
  copies: readonly Vector3[][],
  mass: Float64Array,
  start: Vector3,
): { centre: Vector3; spread: number } {
  let centre = start;
  let spread = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const sum: Vector3 = [0, 0, 0];
    let [total, squares] = [0, 0];
    for (const [i, places] of copies.entries()) {
      const place = nearestOf(places, centre);
      const m = mass[i]!;
      total += m;
      squares += m * squaredDistance(place, centre);
      for (let axis = 0; axis < 3; axis++) sum[axis]! += m * place[axis]!;
    }
    const before = spread;
    spread = squares / total;
    if (spread >= before * (1 - 1e-9)) break;
    centre = sum.map((x) => x / total) as Vector3;
  }
  return { centre, spread };
}

/** The operators that move a position by no more than a distance. */
function copiesWithin(apart: number, position: Vector3, { operators }: PointGroup): Float64Array[] {
  return operators.filter((operator) => squaredDistance(turned(operator, position), position) <= apart ** 2);
}

function nearestOf(places: readonly Vector3[], centre: Vector3): Vector3 {
  return places.reduce((a, b) => (squaredDistance(b, centre) < squaredDistance(a, centre) ? b : a));
}

/** Integrals of the Gaussians, as far as they are positive. */
function masses({ params, count }: GaussianModel): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    Math.max(0, params[Row.amplitude * count + i]! * params[Row.sigma * count + i]! ** 3),
  );
}

/** Centre of mass of the flagged Gaussians, in box units. */
function centreOfMass(model: GaussianModel, flags: Uint8Array): Vector3 {
  const sum: Vector3 = [0, 0, 0];
  let total = 0;
  for (const [i, mass] of masses(model).entries()) {
    if (flags[i] !== 1) continue;
    total += mass;
    for (const [axis, x] of centreOf(model, i).entries()) sum[axis]! += mass * x;
  }
  return sum.map((x) => x / total) as Vector3;
}

function squaredDistance(a: Vector3, b: Vector3): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}

/** Reach of a Gaussian in a mask, in standard deviations. */
const maskReach = 2;

/**
 * A mask of some Gaussians of a model: 1 in the voxels within two standard deviations of a Gaussian whose nearest centre is
 * that of one of them, 0 elsewhere.
 * @param flags   1 for the Gaussians to mask, 0 for the others
 * @param boxSize voxels along each edge; the box length is the model's. Default: the model's box
 * @example
 * ```ts
 * const { model, gaussians } = e2.model.symmetrise(
 *   await e2.model.readText("neutral.txt"),
 *   e2.optics.pointGroup("C3"),
 * );
 * const flags = Uint8Array.from({ length: model.count }, (_, i) => (i < gaussians ? 1 : 0));
 * await e2.maps.write("unit.mrc", e2.model.maskOf(model, flags));
 * ```
 */
export function maskOfGaussians(model: GaussianModel, flags: Uint8Array, boxSize = model.boxSize): Volume {
  const { count, params } = model;
  const apix = (model.boxSize * model.apix) / boxSize;
  const nearest = new Float32Array(boxSize ** 3).fill(Number.POSITIVE_INFINITY);
  const data = new Float32Array(boxSize ** 3);
  const origin = Math.floor(boxSize / 2);
  for (let i = 0; i < count; i++) {
    const centre = centreOf(model, i).map((c) => c * boxSize + origin);
    const reach = Math.max(1, (maskReach * params[Row.sigma * count + i]! * boxSize) / model.boxSize);
    const [x, y, z] = centre.map((c) => [
      Math.max(0, Math.ceil(c - reach)),
      Math.min(boxSize - 1, Math.floor(c + reach)),
    ]) as [[number, number], [number, number], [number, number]];
    for (let iz = z[0]; iz <= z[1]; iz++) {
      for (let iy = y[0]; iy <= y[1]; iy++) {
        for (let ix = x[0]; ix <= x[1]; ix++) {
          const square = (ix - centre[0]!) ** 2 + (iy - centre[1]!) ** 2 + (iz - centre[2]!) ** 2;
          const voxel = ix + boxSize * (iy + boxSize * iz);
          if (square > reach * reach || square >= nearest[voxel]!) continue;
          nearest[voxel] = square;
          data[voxel] = flags[i]!;
        }
      }
    }
  }
  const placed = withOrigin(originInBox(model.origin, model, { boxSize, apix }));
  return { data, size: [boxSize, boxSize, boxSize], apix, ...placed };
}
