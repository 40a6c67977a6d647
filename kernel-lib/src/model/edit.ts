import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { InputError } from "../errors";
import { checkMask, INSIDE } from "../maps/mask";
import type { Volume } from "../maps/volume";
import {
  copyModel,
  emptyModel,
  type GaussianModel,
  originInBox,
  physicalSize,
  withOrigin,
} from "./gaussianModel";

/**
 * Whether each Gaussian lies inside a mask, as 1 or 0.
 * @param mask a map of the model's physical size and any number of voxels; inside is 0.5 and above
 * @param name what to call the mask in errors
 * @throws InputError when the mask is no cube, of another physical size, or no mask (see `checkMask`)
 */
export function maskFlags(model: GaussianModel, mask: Volume, name = "mask"): Uint8Array {
  if (mask.size.some((n) => n !== mask.size[0]))
    throw new InputError(name, "a cubic mask", mask.size.join("×"));
  checkSamePhysicalSize(model, "model", { boxSize: mask.size[0], apix: mask.apix }, name);
  checkMask(mask, { name });
  const { count, params } = model;
  return Uint8Array.from({ length: count }, (_, i) =>
    isInside(mask, params[i]!, params[count + i]!, params[2 * count + i]!) ? 1 : 0,
  );
}

/** Whether a place in box units lies in the box and, where there is a mask, at a voxel of at least 0.5. */
export function isInside(mask: Volume | undefined, x: number, y: number, z: number): boolean {
  if (!(x >= -0.5 && x < 0.5 && y >= -0.5 && y < 0.5 && z >= -0.5 && z < 0.5)) return false;
  if (!mask) return true;
  const [nx, ny, nz] = mask.size;
  const at = (c: number, n: number) => Math.min(n - 1, Math.max(0, Math.round(c * n) + Math.floor(n / 2)));
  return mask.data[at(x, nx) + nx * (at(y, ny) + ny * at(z, nz))]! >= INSIDE;
}

/**
 * Refuses things that belong together but are not of the same size in Å, such as a map and particles.
 * @throws InputError when the edges of the boxes differ by more than 0.5 %
 */
export function checkSamePhysicalSize(
  a: { boxSize: number; apix: number },
  nameA: string,
  b: { boxSize: number; apix: number },
  nameB: string,
): void {
  const edgeA = physicalSize(a);
  const edgeB = physicalSize(b);
  if (Math.abs(edgeA - edgeB) <= 5e-3 * edgeA) return;
  const say = (box: { boxSize: number; apix: number }, edge: number) =>
    `${edge.toFixed(1)} Å (${box.boxSize} pixels of ${Number(box.apix.toFixed(4))} Å)`;
  throw new InputError(nameB, `a box of ${say(a, edgeA)} like ${nameA}`, say(b, edgeB));
}

/** A region of space in box units. */
export type Region =
  | { mask: Volume }
  | { lowest: readonly [number, number, number]; highest: readonly [number, number, number] }
  | { centre: readonly [number, number, number]; radius: number };

/** Places in the list of the Gaussians whose centres lie in a region, edges included. */
export function gaussiansInRegion(model: GaussianModel, region: Region): Int32Array {
  const { count, params } = model;
  const flags = "mask" in region ? maskFlags(model, region.mask) : undefined;
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const place = [params[i]!, params[count + i]!, params[2 * count + i]!];
    if (flags ? flags[i] === 1 : isInShape(place, region as Exclude<Region, { mask: Volume }>)) found.push(i);
  }
  return Int32Array.from(found);
}

function isInShape(place: readonly number[], region: Exclude<Region, { mask: Volume }>): boolean {
  if ("radius" in region) {
    return Math.hypot(...place.map((c, axis) => c - region.centre[axis]!)) <= region.radius;
  }
  return place.every((c, axis) => c >= region.lowest[axis]! && c <= region.highest[axis]!);
}

/** All Gaussians of several models in one. @throws InputError unless all have the same box and pixel size */
export function mergedModels(models: readonly GaussianModel[]): GaussianModel {
  const first = models[0];
  if (!first) throw new InputError("models", "at least one model to merge", "none");
  models.forEach(({ boxSize, apix }, m) => {
    if (boxSize !== first.boxSize || apix !== first.apix) {
      throw new InputError(
        `models: model ${m + 1}`,
        `a box of ${first.boxSize} pixels of ${first.apix} Å like the first (rescaledModel brings it there)`,
        `${boxSize} pixels of ${apix} Å`,
      );
    }
  });
  const count = models.reduce((sum, m) => sum + m.count, 0);
  const merged = { ...first, ...emptyModel(count, first.boxSize, first.apix) };
  let from = 0;
  for (const model of models) {
    for (let row = 0; row < 5; row++) {
      merged.params.set(
        model.params.subarray(row * model.count, (row + 1) * model.count),
        row * count + from,
      );
    }
    from += model.count;
  }
  return merged;
}

/**
 * The model turned about the origin, then shifted: c → R c + t.
 * @param rotation R, 9 numbers, row-major
 * @param shift    t in Å
 */
export function movedModel(
  model: GaussianModel,
  rotation: ArrayLike<number>,
  shift: readonly [number, number, number] = [0, 0, 0],
): GaussianModel {
  const { count, params } = model;
  const moved = copyModel(model);
  const edge = physicalSize(model);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) {
      moved.params[axis * count + i] =
        rotation[3 * axis]! * params[i]! +
        rotation[3 * axis + 1]! * params[count + i]! +
        rotation[3 * axis + 2]! * params[2 * count + i]! +
        shift[axis]! / edge;
    }
  }
  return moved;
}

/**
 * The same Gaussians, at the same places in Å and of the same widths in Å, in another box.
 * @param apix default: what keeps the box as large as it is; another value makes it larger or smaller about its origin
 */
export function rescaledModel(model: GaussianModel, boxSize: number, apix?: number): GaussianModel {
  const edge = physicalSize(model);
  const pixel = apix ?? edge / boxSize;
  const { count, origin, ...rest } = copyModel(model);
  const box = { boxSize, apix: pixel };
  const rescaled: GaussianModel = { ...rest, count, ...box, ...withOrigin(originInBox(origin, model, box)) };
  for (let i = 0; i < 3 * count; i++) rescaled.params[i]! *= edge / (boxSize * pixel);
  for (let i = 4 * count; i < 5 * count; i++) rescaled.params[i]! *= model.apix / pixel;
  return rescaled;
}

/**
 * Where each Gaussian of one state is in another, as vectors in Å, [N · 3]: (x, y, z) of Gaussian i from 3i.
 * @throws InputError unless the models have the same number of Gaussians and the same physical size
 */
export function displacements(from: GaussianModel, to: GaussianModel): Float32Array {
  checkSameGaussians(from, to);
  const { count } = from;
  const edge = physicalSize(from);
  const vectors = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) {
      vectors[3 * i + axis] = edge * (to.params[axis * count + i]! - from.params[axis * count + i]!);
    }
  }
  return vectors;
}

/** A rigid motion, x → R (x − centre) + centre + shift. */
export interface RigidMotion {
  /** Degrees, 0 to 180. */
  angle: number;
  /** Unit vector about which the rotation is counter-clockwise; (0, 0, 1) where the angle is 0. */
  axis: [number, number, number];
  /** R, row-major. */
  rotation: Float64Array;
  /** Weighted centre of the Gaussians before the motion, Å from the origin. */
  centre: [number, number, number];
  /** Motion of that centre in Å. */
  shift: [number, number, number];
  /** Weighted root mean square of what the rigid motion leaves, in Å: how far the region changes its shape. */
  rmsd: number;
}

/**
 * The rigid motion that best takes a region from one state to another: least squares over the centres, each weighted
 * by its integral Aσ³ in the first state, by the quaternion method of Horn (1987), which never returns a reflection.
 *
 * @param indices the Gaussians of the region; default all
 * @throws InputError for models that do not match and for fewer than three Gaussians
 */
export function rigidMotion(
  from: GaussianModel,
  to: GaussianModel,
  indices: ArrayLike<number> = Int32Array.from({ length: from.count }, (_, i) => i),
): RigidMotion {
  checkSameGaussians(from, to);
  if (indices.length < 3) throw new InputError("indices", "three Gaussians or more", String(indices.length));
  const { count, params } = from;
  const edge = physicalSize(from);
  const before: Vector[] = [];
  const after: Vector[] = [];
  const weights: number[] = [];
  for (let k = 0; k < indices.length; k++) {
    const i = indices[k]!;
    before.push([0, 1, 2].map((axis) => edge * params[axis * count + i]!) as Vector);
    after.push([0, 1, 2].map((axis) => edge * to.params[axis * count + i]!) as Vector);
    weights.push(Math.max(0, params[3 * count + i]!) * params[4 * count + i]! ** 3);
  }
  if (!weights.some((w) => w > 0)) weights.fill(1);
  const centre = weightedMean(before, weights);
  const centreAfter = weightedMean(after, weights);
  const relative = (points: Vector[], c: Vector) =>
    points.map((p) => p.map((v, axis) => v - c[axis]!) as Vector);
  const a = relative(before, centre);
  const b = relative(after, centreAfter);
  const [w, x, y, z] = bestQuaternion(a, b, weights);
  const half = Math.hypot(x, y, z);
  const rotation = Float64Array.of(
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
  let square = 0;
  let total = 0;
  a.forEach((p, k) => {
    for (let axis = 0; axis < 3; axis++) {
      const turned =
        rotation[3 * axis]! * p[0] + rotation[3 * axis + 1]! * p[1] + rotation[3 * axis + 2]! * p[2];
      square += weights[k]! * (b[k]![axis]! - turned) ** 2;
    }
    total += weights[k]!;
  });
  return {
    angle: (2 * Math.atan2(half, w) * 180) / Math.PI,
    axis: half > 1e-12 ? [x / half, y / half, z / half] : [0, 0, 1],
    rotation,
    centre,
    shift: centreAfter.map((v, axis) => v - centre[axis]!) as Vector,
    rmsd: Math.sqrt(square / total),
  };
}

type Vector = [number, number, number];

function weightedMean(points: readonly Vector[], weights: readonly number[]): Vector {
  const total = weights.reduce((sum, w) => sum + w, 0);
  return [0, 1, 2].map(
    (axis) => points.reduce((sum, p, k) => sum + weights[k]! * p[axis]!, 0) / total,
  ) as Vector;
}

/** (w, x, y, z) with w ≥ 0 of the rotation that best takes points a onto b: top eigenvector of Horn's matrix. */
function bestQuaternion(
  a: readonly Vector[],
  b: readonly Vector[],
  weights: readonly number[],
): [number, number, number, number] {
  const s = (i: number, j: number) => a.reduce((sum, p, k) => sum + weights[k]! * p[i]! * b[k]![j]!, 0);
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => s(i, j))) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const horn = new Matrix([
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ]);
  const decomposition = new EigenvalueDecomposition(horn, { assumeSymmetric: true });
  const values = decomposition.realEigenvalues;
  const top = values.indexOf(Math.max(...values));
  const q = decomposition.eigenvectorMatrix.getColumn(top) as [number, number, number, number];
  return (q[0] < 0 ? q.map((v) => -v) : q) as [number, number, number, number];
}

function checkSameGaussians(from: GaussianModel, to: GaussianModel): void {
  if (from.count !== to.count) {
    throw new InputError("second model", `${from.count} Gaussians like the first`, String(to.count));
  }
  checkSamePhysicalSize(from, "the first model", to, "second model");
}
