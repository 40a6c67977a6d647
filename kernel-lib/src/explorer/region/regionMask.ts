import { InputError } from "../../errors";
import { squaredDistances } from "../../maps/distanceTransform";
import type { Volume } from "../../maps/volume";
import { boxLengthOf, type GaussianModel, originInBox, withOrigin } from "../../model/gaussianModel";
import { gaussiansInShapes, isInSolid, type MaskShape } from "../gaussianViewer/maskShapes";

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
  const size: [number, number, number] = [n, n, n];
  const outward = squaredDistances(inside, size);
  const inward = squaredDistances(
    inside.map((value) => 1 - value),
    size,
  );
  const width = softEdge / apix;
  const data = Float32Array.from(inside, (value, i) => {
    // From the border between the voxels
    const distance = value ? 0.5 - Math.sqrt(inward[i]!) : Math.sqrt(outward[i]!) - 0.5;
    return raisedCosine(distance, width);
  });
  const box = { boxSize: n, apix };
  const mask: Volume = { data, size, apix, ...withOrigin(originInBox(model.origin, model, box)) };
  return { mask, gaussians: centres.reduce((sum, voxel) => sum + inside[voxel]!, 0) };
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

function insideVoxels(model: GaussianModel, shapes: readonly MaskShape[], n: number): Uint8Array {
  const apix = boxLengthOf(model) / n;
  const inside = new Uint8Array(n ** 3);
  const owner = shapes.some(({ kind }) => kind === "gaussians") ? ownersOf(model, n) : undefined;
  for (const shape of shapes) {
    const value = shape.mode === "add" ? 1 : 0;
    const chosen = shape.kind === "gaussians" ? new Set(shape.indices) : undefined;
    for (let z = 0, i = 0; z < n; z++) {
      for (let y = 0; y < n; y++) {
        for (let x = 0; x < n; x++, i++) {
          const is = chosen
            ? chosen.has(owner![i]!)
            : isInSolid(
                shape as Exclude<MaskShape, { kind: "gaussians" }>,
                ...([x, y, z].map((k) => (k - Math.floor(n / 2)) * apix) as [number, number, number]),
              );
          if (is) inside[i] = value;
        }
      }
    }
  }
  return inside;
}

/** The Gaussian nearest to each voxel among those that reach it; −1 for none. */
function ownersOf(model: GaussianModel, n: number): Int32Array {
  const { count, params, boxSize } = model;
  const owner = new Int32Array(n ** 3).fill(-1);
  const least = new Float32Array(n ** 3).fill(Number.POSITIVE_INFINITY);
  for (let g = 0; g < count; g++) {
    const reach = (reachOfGaussian * params[4 * count + g]! * n) / boxSize;
    const centre = [0, 1, 2].map((axis) => params[axis * count + g]! * n + Math.floor(n / 2));
    const range = (axis: number): [number, number] => [
      Math.max(0, Math.ceil(centre[axis]! - reach)),
      Math.min(n - 1, Math.floor(centre[axis]! + reach)),
    ];
    const [[x0, x1], [y0, y1], [z0, z1]] = [range(0), range(1), range(2)];
    for (let z = z0; z <= z1; z++) {
      for (let y = y0; y <= y1; y++) {
        for (let x = x0; x <= x1; x++) {
          const squared = (x - centre[0]!) ** 2 + (y - centre[1]!) ** 2 + (z - centre[2]!) ** 2;
          const i = x + n * (y + n * z);
          if (squared > reach ** 2 || squared >= least[i]!) continue;
          least[i] = squared;
          owner[i] = g;
        }
      }
    }
  }
  return owner;
}
