import { InputError } from "../errors";
import type { Volume } from "./volume";

/** Number and size of the voxels of a map, or of anything else in a box. */
export type Grid = Pick<Volume, "size" | "apix">;

/** How far the edges of two boxes may differ, as a fraction, and still be the same box. */
const EDGE_TOLERANCE = 5e-3;
/** How far pixel sizes may differ and still count as equal: files round them to a few decimals. */
const APIX_TOLERANCE = 1e-3;

export function sameApix(a: number, b: number): boolean {
  return Math.abs(a - b) <= APIX_TOLERANCE * Math.max(a, b);
}

/** `64×64×64 voxels of 1.5 Å` */
export function describeGrid(volume: Grid): string {
  return `${volume.size.join("×")} voxels of ${Number(volume.apix.toFixed(4))} Å`;
}

/** @throws InputError naming both maps unless they have the same number of voxels of the same size */
export function requireSameGrid(a: Grid, b: Grid, nameA = "first map", nameB = "second map"): void {
  if (a.size.some((n, i) => n !== b.size[i]) || !sameApix(a.apix, b.apix)) {
    throw new InputError(nameB, `${describeGrid(a)} as in ${nameA}`, describeGrid(b));
  }
}

/**
 * For a map, a mask or a model that is to be used with another one, or with particles, in voxels of its own.
 * @param like the box that it has to fill; for particles, their box as a cube
 * @param whose what `like` is, for the message
 * @throws InputError unless both boxes have the same edges in Å (to 0.5 %)
 */
export function requireSameBox(grid: Grid, like: Grid, name: string, whose?: string): void {
  const edges = ({ size, apix }: Grid) => size.map((n) => n * apix);
  const wanted = edges(like);
  if (edges(grid).some((edge, i) => Math.abs(edge - wanted[i]!) > EDGE_TOLERANCE * wanted[i]!)) {
    const expected = `a box as large as ${describeGrid(like)}${whose === undefined ? "" : ` of ${whose}`}`;
    throw new InputError(name, expected, describeGrid(grid));
  }
}
