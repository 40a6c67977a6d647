import { vectorFromRotation } from "../../optics/pose";
import type { RowPoses } from "./metadata";

/** Fields of a pose. */
export const poseFields = ["alignments3D/pose", "alignments3D/shift"] as const;
/** cryoSPARC takes a vector of exactly 0 for a particle without alignment; this angle in radians is none. */
const smallestAngle = 1e-9;

/**
 * New poses as numbers of a `.cs` file, NaN for rows that stay as they are.
 * @param shiftUnits Å per pixel of the shifts of each row
 */
export function cryosparcPoses(
  { rotations, shifts, changed }: RowPoses,
  shiftUnits: ArrayLike<number>,
): Record<(typeof poseFields)[number], Float64Array> {
  const count = changed.length;
  const pose = new Float64Array(3 * count).fill(Number.NaN);
  const shift = new Float64Array(2 * count).fill(Number.NaN);
  for (let row = 0; row < count; row++) {
    if (changed[row] === 0) continue;
    // cryoSPARC's vector rotates the image to the reference; its shift is the negative of the particle's position.
    const vector = vectorFromRotation(rotations, 9 * row).map((x) => -x);
    pose.set(vector.every((x) => Math.fround(x) === 0) ? [smallestAngle, 0, 0] : vector, 3 * row);
    for (const axis of [0, 1]) shift[2 * row + axis] = -shifts[2 * row + axis]! / shiftUnits[row]!;
  }
  return { "alignments3D/pose": pose, "alignments3D/shift": shift };
}
