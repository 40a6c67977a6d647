import { InputError } from "../../errors";
import { squaredDistances } from "../../maps/distanceTransform";
import type { Volume } from "../../maps/volume";
import { boxLengthOf, type GaussianModel, originInBox, withOrigin } from "../../model/gaussianModel";
import { gaussiansInShapes, isInSolid, type MaskShape, type SolidShape } from "../gaussianViewer/maskShapes";

/** How the mask of a region is made. */
export interface RegionMaskOptions {
  /** Width in Å of the raised-cosine border, of which half lies inside and half outside. Default 6 voxels of the mask. */
  softEdge?: number;
}

/** A mask, and what it holds. */
export interface RegionMask {
  mask: Volume;
  /** Gaussians of the neutral model where the mask is at least 0.5. */
  gaussians: number;
}

/** Voxels along an edge from which on the box of the model is fine enough. */
const fineBox = 64;
const defaultEdge = 6;
/** Standard deviations of a Gaussian that belong to the places around its centre. */
const reachOfGaussian = 2;

/**
 * The mask of a region: 1 inside, 0 outside, with a soft border at whose middle it is 0.5. Spheres and boxes have their own shape. Chosen
 * Gaussians take the places up to two standard deviations from their centres that are nearer to them than to another Gaussian.
 * The Gaussians where the mask is at least 0.5 are those of the region, except where two centres of which one is inside lie in the
 * same voxel.
 *
 * @param model the neutral model; the mask has its box and origin, with voxels half as large where that has fewer than 64
 * @throws InputError for a region without a Gaussian, and a border that is not positive
 */
export function regionMask(
  model: GaussianModel,
  shapes: readonly MaskShape[],
  options: RegionMaskOptions = {},
): RegionMask {
  const flags = gaussiansInShapes(model, shapes);
  if (!flags.includes(1))
    throw new InputError("region", "at least one Gaussian of the neutral model in it", "none");
  const n = model.boxSize < fineBox ? 2 * model.boxSize : model.boxSize;
  const apix = boxLengthOf(model) / n;
  const { softEdge = defaultEdge * apix } = options;
  if (!(softEdge > 0 && Number.isFinite(softEdge)))
    throw new InputError("soft edge", "a length in Å above 0", String(softEdge));
  const inside = insideVoxels(model, shapes, n);
  const centres = centreVoxels(model, n);
  // Those outside first: a voxel of both is inside.
  for (const wanted of [0, 1]) {
    centres.forEach((voxel, i) => {
      if (flags[i] === wanted) inside[voxel] = wanted;
    });
  }
  const data = softened(inside, n, softEdge / apix);
  const size: [number, number, number] = [n, n, n];
  const box = { boxSize: n, apix };
  const mask: Volume = { data, size, apix, ...withOrigin(originInBox(model.origin, model, box)) };
  return { mask, gaussians: centres.reduce((sum, voxel) => sum + inside[voxel]!, 0) };
}

/** The mask of voxels with a soft border, [n³]; what is far from them takes no time. @param width of the border in voxels */
function softened(inside: Uint8Array, n: number, width: number): Float32Array {
  const data = new Float32Array(n ** 3);
  // Beyond half the width the mask is 0; a voxel outside is needed on each side to count distances from
  const { lowest, size } = aroundVoxels(inside, n, Math.ceil(width / 2) + 2);
  const row = (y: number, z: number) => lowest[0] + n * (lowest[1] + y + n * (lowest[2] + z));
  const part = new Uint8Array(size[0] * size[1] * size[2]);
  const rows = (each: (at: number, from: number) => void) => {
    for (let z = 0, at = 0; z < size[2]; z++) {
      for (let y = 0; y < size[1]; y++, at += size[0]) each(at, row(y, z));
    }
  };
  rows((at, from) => part.set(inside.subarray(from, from + size[0]), at));
  const outward = squaredDistances(part, size);
  const inward = squaredDistances(
    part.map((value) => 1 - value),
    size,
  );
  rows((at, from) => {
    for (let x = 0; x < size[0]; x++) {
      // From the border between the voxels
      const isIn = part[at + x] === 1;
      const distance = isIn ? 0.5 - Math.sqrt(inward[at + x]!) : Math.sqrt(outward[at + x]!) - 0.5;
      data[from + x] = raisedCosine(distance, width);
    }
  });
  return data;
}

type Size = [number, number, number];

/** The box around all voxels that are set, and a margin, as far as it lies in the volume. */
function aroundVoxels(inside: Uint8Array, n: number, margin: number): { lowest: Size; size: Size } {
  const lowest: Size = [n, n, n];
  const highest: Size = [-1, -1, -1];
  for (let i = inside.indexOf(1); i >= 0; i = inside.indexOf(1, i + 1)) {
    const place = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)];
    for (let axis = 0; axis < 3; axis++) {
      lowest[axis] = Math.min(lowest[axis]!, place[axis]!);
      highest[axis] = Math.max(highest[axis]!, place[axis]!);
    }
  }
  for (let axis = 0; axis < 3; axis++) {
    lowest[axis] = Math.max(0, lowest[axis]! - margin);
    highest[axis] = Math.min(n - 1, highest[axis]! + margin);
  }
  return { lowest, size: lowest.map((low, axis) => highest[axis]! - low + 1) as Size };
}

/** 1 from half the width inside, 0 from half the width outside, 0.5 on the border. */
function raisedCosine(distance: number, width: number): number {
  const part = Math.min(1, Math.max(0, distance / width + 0.5));
  return 0.5 + 0.5 * Math.cos(Math.PI * part);
}

/** The voxel of each centre, as masks are looked up. */
function centreVoxels({ count, params }: GaussianModel, n: number): number[] {
  const at = (c: number) => Math.min(n - 1, Math.max(0, Math.round(c * n) + Math.floor(n / 2)));
  return Array.from(
    { length: count },
    (_, i) => at(params[i]!) + n * (at(params[count + i]!) + n * at(params[2 * count + i]!)),
  );
}

/** From the first to the last voxel along each axis. */
type Range = readonly [first: Size, last: Size];

function insideVoxels(model: GaussianModel, shapes: readonly MaskShape[], n: number): Uint8Array {
  const inside = new Uint8Array(n ** 3);
  const owner = shapes.some(({ kind }) => kind === "gaussians") ? ownersOf(model, n) : undefined;
  for (const shape of shapes) {
    const value = shape.mode === "add" ? 1 : 0;
    if (shape.kind !== "gaussians") {
      fillSolid(inside, shape, { n, apix: boxLengthOf(model) / n, value });
      continue;
    }
    for (const g of shape.indices) {
      if (g >= model.count) continue;
      eachVoxel(reachOf(model, g, n).range, n, (i) => {
        if (owner![i] === g) inside[i] = value;
      });
    }
  }
  return inside;
}

function fillSolid(
  inside: Uint8Array,
  shape: SolidShape,
  { n, apix, value }: { n: number; apix: number; value: number },
): void {
  const middle = Math.floor(n / 2);
  const half = shape.kind === "sphere" ? [0, 0, 0].fill(shape.radius) : shape.size.map((edge) => edge / 2);
  const end = (side: -1 | 1) =>
    shape.centre.map((c, axis) => within((c + side * half[axis]!) / apix + middle, side, n)) as Size;
  eachVoxel([end(-1), end(1)], n, (i, x, y, z) => {
    const place = [x, y, z].map((k) => (k - middle) * apix) as Size;
    if (isInSolid(shape, ...place)) inside[i] = value;
  });
}

/** The voxel of the volume at a border or just beyond. */
const within = (place: number, side: -1 | 1, n: number) =>
  Math.min(n - 1, Math.max(0, side < 0 ? Math.floor(place) : Math.ceil(place)));

function eachVoxel(
  [first, last]: Range,
  n: number,
  each: (i: number, x: number, y: number, z: number) => void,
): void {
  for (let z = first[2]; z <= last[2]; z++) {
    for (let y = first[1]; y <= last[1]; y++) {
      for (let x = first[0]; x <= last[0]; x++) each(x + n * (y + n * z), x, y, z);
    }
  }
}

/** Centre and reach of a Gaussian in voxels, and the voxels that it may reach. */
function reachOf({ count, params, boxSize }: GaussianModel, g: number, n: number) {
  const reach = (reachOfGaussian * params[4 * count + g]! * n) / boxSize;
  const centre = [0, 1, 2].map((axis) => params[axis * count + g]! * n + Math.floor(n / 2)) as Size;
  const first = centre.map((c) => Math.max(0, Math.ceil(c - reach))) as Size;
  const last = centre.map((c) => Math.min(n - 1, Math.floor(c + reach))) as Size;
  return { reach, centre, range: [first, last] as const };
}

/** The Gaussian nearest to each voxel among those that reach it; −1 for none. */
function ownersOf(model: GaussianModel, n: number): Int32Array {
  const owner = new Int32Array(n ** 3).fill(-1);
  const least = new Float32Array(n ** 3).fill(Number.POSITIVE_INFINITY);
  for (let g = 0; g < model.count; g++) {
    const { reach, centre, range } = reachOf(model, g, n);
    eachVoxel(range, n, (i, x, y, z) => {
      const squared = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2;
      if (squared > reach ** 2 || squared >= least[i]!) return;
      least[i] = squared;
      owner[i] = g;
    });
  }
  return owner;
}
