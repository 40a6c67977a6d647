import type { Blobs } from "../atoms/blobs";
import { carryPoints } from "../atoms/displacementField";
import { moveRigidly, type RigidFit, rigidFit } from "../atoms/rigidFit";
import type { BodyShares } from "./bodyShares";
import { type FieldLattice, sharesOf } from "./fieldLattice";

/** What becomes of each lattice point in another state; between points it is interpolated linearly. */
export interface DisplacementField {
  lattice: FieldLattice;
  /** Displacement in Å, [points · 3]; 0 far from the molecule. */
  displacements: Float32Array;
  /** Volume element: factor on volumes, not below 0, [points]. */
  volume: Float32Array;
  /** How far each point belongs to the molecule, from 0 to 1, in the target state and in the other one, [points]. */
  shares: readonly [Float64Array, Float64Array];
}

/** States between which a field carries. */
export interface FieldStates {
  /** All Gaussians of the target and of the other state. */
  target: Blobs;
  other: Blobs;
  /** The Gaussians of the other state that the motion is about. */
  moving: Blobs;
  /** Shares of rigid bodies in the lattice points. */
  bodies?: BodyShares | undefined;
}

/** The field that carries the target state into another one of the same Gaussians. */
export function displacementField(
  lattice: FieldLattice,
  { target, other, moving, bodies }: FieldStates,
): DisplacementField {
  const { near, points, share, size } = lattice;
  const moved = bodies ? carryBodies(points, target, other, bodies) : carryPoints(points, target, other);
  const count = size[0] * size[1] * size[2];
  const displacements = new Float32Array(3 * count);
  const own = new Float64Array(count);
  for (const [i, n] of near.entries()) {
    own[n] = share[i]!;
    for (let axis = 0; axis < 3; axis++)
      displacements[3 * n + axis] = moved[3 * i + axis]! - points[3 * i + axis]!;
  }
  const shares = [own, sharesOf(lattice, moving)] as const;
  return { lattice, displacements, volume: volumeElements(lattice, displacements), shares };
}

/** Points moved by the exact motion of each body, and what is in none by the Gaussians around it. */
function carryBodies(
  points: Float64Array,
  target: Blobs,
  other: Blobs,
  { bodies, shares }: BodyShares,
): Float64Array {
  const count = points.length / 3;
  const moved = new Float64Array(points.length);
  const add = (share: Float64Array, places: Float64Array) => {
    for (let i = 0; i < count; i++)
      for (let axis = 0; axis < 3; axis++) moved[3 * i + axis]! += share[i]! * places[3 * i + axis]!;
  };
  for (const [b, members] of bodies.entries()) {
    const weights = Float64Array.from(
      members,
      (i) => Math.min(target.amplitudes[i]!, other.amplitudes[i]!) + 1e-9,
    );
    const fit: RigidFit = rigidFit({
      before: target.centres,
      after: other.centres,
      indices: members,
      weights,
    });
    const own = new Float64Array(points.length);
    for (let i = 0; i < count; i++) moveRigidly(fit, points, i, own);
    add(shares[b]!, own);
  }
  const free = shares[bodies.length]!;
  const chosen = [...free.keys()].filter((i) => free[i]! > 1e-6);
  const some = Float64Array.from(
    chosen.flatMap((i) => [points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!]),
  );
  const carried = carryPoints(some, target, other);
  for (const [k, i] of chosen.entries())
    for (let axis = 0; axis < 3; axis++) moved[3 * i + axis]! += free[i]! * carried[3 * k + axis]!;
  return moved;
}

/** det(1 + ∂u/∂x) by central differences; 1 far from the molecule. */
function volumeElements({ size, spacing, near, share }: FieldLattice, u: Float32Array): Float32Array {
  const [nx, ny] = size;
  const volume = new Float32Array(u.length / 3).fill(1);
  const steps = [1, nx, nx * ny];
  const known = new Uint8Array(volume.length);
  for (const n of near) known[n] = 1;
  const j = new Float64Array(9);
  for (const [i, n] of near.entries()) {
    // At the edge of the field its derivatives are not known, and not wanted.
    if (share[i] === 0 && steps.some((step) => !known[n - step] || !known[n + step])) continue;
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
