import { InputError } from "../errors";
import type { Volume } from "./volume";

/** How far pixel sizes may differ and still count as equal: files round them to a few decimals. */
const APIX_TOLERANCE = 1e-3;

export function sameApix(a: number, b: number): boolean {
  return Math.abs(a - b) <= APIX_TOLERANCE * Math.max(a, b);
}

/** `64×64×64 voxels of 1.5 Å` */
export function describeGrid(volume: Pick<Volume, "size" | "apix">): string {
  return `${volume.size.join("×")} voxels of ${Number(volume.apix.toFixed(4))} Å`;
}

/** @throws InputError naming both maps unless they have the same number of voxels of the same size */
export function requireSameGrid(
  a: Pick<Volume, "size" | "apix">,
  b: Pick<Volume, "size" | "apix">,
  nameA = "first map",
  nameB = "second map",
): void {
  if (a.size.some((n, i) => n !== b.size[i]) || !sameApix(a.apix, b.apix)) {
    throw new InputError(nameB, `${describeGrid(a)} as in ${nameA}`, describeGrid(b));
  }
}
