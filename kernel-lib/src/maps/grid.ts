import { InputError } from "../errors";
import type { Volume } from "./volume";

/** Number and size of the voxels of a map, or of any other box. */
export type Grid = Pick<Volume, "size" | "apix">;

/** A cubic box, such as that of a model or of particles. */
export interface CubicBox {
  /** Voxels or pixels along each edge. */
  boxSize: number;
  /** Å per voxel or pixel. */
  apix: number;
}

/**
 * How far the lengths of two boxes may differ, as a fraction, and still count as equal. Programs round pixel sizes to
 * two or three decimals (1.0625 Å becomes 1.06, 0.24 % less), so a tighter limit would refuse files that belong
 * together. At 0.5 % the faces of two boxes of 200 voxels are half a voxel apart.
 */
const lengthTolerance = 5e-3;

/** Number and size of the voxels of a cubic box as a {@link Grid}; a grid is returned unchanged. */
export function toGrid(box: Grid | CubicBox): Grid {
  if ("size" in box) return box;
  const { boxSize, apix } = box;
  return { size: [boxSize, boxSize, boxSize], apix };
}

/** Text for messages: `64×64×64 voxels of 1.5 Å`. */
export function describeGrid({ size, apix }: Grid): string {
  return `${size.join("×")} voxels of ${Number(apix.toFixed(4))} Å`;
}

/** Whether two boxes have the same lengths in Å (to 0.5 %), independent of their voxels. */
export function hasSameBoxLength(box: Grid | CubicBox, other: Grid | CubicBox): boolean {
  const [found, wanted] = [boxLengths(box), boxLengths(other)];
  return found.every((length, axis) => Math.abs(length - wanted[axis]!) <= lengthTolerance * wanted[axis]!);
}

/**
 * Checks that a map, mask or model fills the same box as another one, or as particles; their voxels may differ.
 * @param like     the box that it has to fill
 * @param name     what to call the checked box in the error, such as its file
 * @param likeName what to call `like`
 * @throws InputError unless both boxes have the same lengths in Å (to 0.5 %)
 */
export function checkSameBoxLength(
  box: Grid | CubicBox,
  like: Grid | CubicBox,
  name: string,
  likeName?: string,
): void {
  if (hasSameBoxLength(box, like)) return;
  const expected = `a box of ${describeBox(like)}${likeName === undefined ? "" : ` like ${likeName}`}`;
  throw new InputError(name, expected, describeBox(box));
}

/**
 * Checks that two maps have the same number of voxels and the same box length (to 0.5 %).
 * @throws InputError naming both maps
 */
export function checkSameGrid(a: Grid, b: Grid, nameA = "first map", nameB = "second map"): void {
  if (a.size.every((n, axis) => n === b.size[axis]) && hasSameBoxLength(a, b)) return;
  throw new InputError(nameB, `${describeGrid(a)} as in ${nameA}`, describeGrid(b));
}

function boxLengths(box: Grid | CubicBox): number[] {
  const { size, apix } = toGrid(box);
  return size.map((n) => n * apix);
}

/** `96.0 Å (64 voxels of 1.5 Å)`, with three numbers for a box that is not cubic. */
function describeBox(box: Grid | CubicBox): string {
  const { size, apix } = toGrid(box);
  const isCube = size.every((n) => n === size[0]);
  const lengths = boxLengths(box).map((length) => length.toFixed(1));
  const voxels = `${isCube ? size[0] : size.join("×")} voxels of ${Number(apix.toFixed(4))} Å`;
  return `${isCube ? lengths[0] : lengths.join(" × ")} Å (${voxels})`;
}
