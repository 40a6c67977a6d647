import type { Blobs } from "../atoms/blobs";
import { carryPoints } from "../atoms/displacementField";
import type { FieldLattice } from "./fieldLattice";

/** What becomes of each lattice point in another state; between points it is interpolated linearly. */
export interface DisplacementField {
  lattice: FieldLattice;
  /** Displacement in Å, [points · 3]; 0 far from the molecule. */
  displacements: Float32Array;
  /** Volume element: factor on volumes, not below 0, [points]. */
  volume: Float32Array;
}

/** The field that carries the target state into another one of the same Gaussians. */
export function displacementField(lattice: FieldLattice, target: Blobs, other: Blobs): DisplacementField {
  const { near, points, share, size } = lattice;
  const moved = carryPoints(points, target, other);
  const displacements = new Float32Array(3 * size[0] * size[1] * size[2]);
  for (const [i, n] of near.entries())
    for (let axis = 0; axis < 3; axis++)
      displacements[3 * n + axis] = share[i]! * (moved[3 * i + axis]! - points[3 * i + axis]!);
  return { lattice, displacements, volume: volumeElements(lattice, displacements) };
}

/** det(1 + ∂u/∂x) by central differences; 1 where the field is 0 all around. */
function volumeElements({ size, spacing, near }: FieldLattice, u: Float32Array): Float32Array {
  const [nx, ny] = size;
  const volume = new Float32Array(u.length / 3).fill(1);
  const steps = [1, nx, nx * ny];
  const j = new Float64Array(9);
  for (const n of near) {
    for (let column = 0; column < 3; column++) {
      const [before, after] = [3 * (n - steps[column]!), 3 * (n + steps[column]!)];
      for (let row = 0; row < 3; row++)
        j[3 * row + column] = (u[after + row]! - u[before + row]!) / (2 * spacing) + (row === column ? 1 : 0);
    }
    const element =
      j[0]! * (j[4]! * j[8]! - j[5]! * j[7]!) -
      j[1]! * (j[3]! * j[8]! - j[5]! * j[6]!) +
      j[2]! * (j[3]! * j[7]! - j[4]! * j[6]!);
    // Where the field folds, places have no density of their own.
    volume[n] = Math.max(0, element);
  }
  return volume;
}
