import { checkMask, insideThreshold } from "../maps/mask";
import type { Volume } from "../maps/volume";
import type { GaussianModel } from "./gaussianModel";

/**
 * Whether the centre of each Gaussian lies inside a mask, as 1 or 0, [count].
 * @param mask a map with the box length of the model and any number of voxels; 0.5 and above is inside
 * @param name what to call the mask in errors
 * @throws InputError when the box lengths differ, or the map is not a mask (see `checkMask`)
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * const flags = e2.model.maskFlags(model, await e2.maps.readMask("mask.mrc"));
 * ```
 */
export function maskFlags(model: GaussianModel, mask: Volume, name = "mask"): Uint8Array {
  checkMask(mask, { name, like: model, likeName: "the model" });
  const { count, params } = model;
  return Uint8Array.from({ length: count }, (_, i) =>
    isInside(mask, params[i]!, params[count + i]!, params[2 * count + i]!) ? 1 : 0,
  );
}

/**
 * Whether a position in box units lies in the box and, if a mask is given, in a voxel of at least 0.5.
 * @example
 * ```ts
 * const mask = await e2.maps.readMask("mask.mrc");
 * const centreIsInside = e2.model.isInside(mask, 0, 0, 0);
 * ```
 */
export function isInside(mask: Volume | undefined, x: number, y: number, z: number): boolean {
  if (!(x >= -0.5 && x < 0.5 && y >= -0.5 && y < 0.5 && z >= -0.5 && z < 0.5)) return false;
  if (!mask) return true;
  const [nx, ny, nz] = mask.size;
  const at = (c: number, n: number) => Math.min(n - 1, Math.max(0, Math.round(c * n) + Math.floor(n / 2)));
  return mask.data[at(x, nx) + nx * (at(y, ny) + ny * at(z, nz))]! >= insideThreshold;
}

/** A region of space, in box units: a mask, a box or a sphere. */
export type Region =
  | { mask: Volume }
  | { lowest: readonly [number, number, number]; highest: readonly [number, number, number] }
  | { centre: readonly [number, number, number]; radius: number };

/**
 * Indices of the Gaussians whose centres lie in a region, its border included.
 * @throws InputError for a mask that {@link maskFlags} refuses
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * const nearCentre = e2.model.gaussiansInRegion(model, { centre: [0, 0, 0], radius: 0.1 });
 * ```
 */
export function gaussiansInRegion(model: GaussianModel, region: Region): Int32Array {
  const { count, params } = model;
  const flags = "mask" in region ? maskFlags(model, region.mask) : undefined;
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const centre = [params[i]!, params[count + i]!, params[2 * count + i]!];
    const inside = flags ? flags[i] === 1 : isInShape(centre, region as Exclude<Region, { mask: Volume }>);
    if (inside) found.push(i);
  }
  return Int32Array.from(found);
}

function isInShape(position: readonly number[], region: Exclude<Region, { mask: Volume }>): boolean {
  if ("radius" in region) {
    return Math.hypot(...position.map((c, axis) => c - region.centre[axis]!)) <= region.radius;
  }
  return position.every((c, axis) => c >= region.lowest[axis]! && c <= region.highest[axis]!);
}
