import { InputError } from "../errors";
import type { Volume } from "../maps/volume";
import { type GaussianModel, physicalSize } from "./gaussianModel";

/**
 * Whether each Gaussian lies inside a mask, as 1 or 0.
 * @param mask a map of the model's physical size and any number of voxels; inside is 0.5 and above
 * @param name what to call the mask in errors
 * @throws InputError when the mask is of another physical size
 */
export function maskFlags(model: GaussianModel, mask: Volume, name = "mask"): Uint8Array {
  checkSamePhysicalSize(model, "model", { boxSize: mask.size[0], apix: mask.apix }, name);
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
  return mask.data[at(x, nx) + nx * (at(y, ny) + ny * at(z, nz))]! >= 0.5;
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
