import type { Blobs } from "../atoms/blobs";
import { PointCarrier } from "../atoms/displacementField";
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

/**
 * The fields that carry a target state into other ones of the same Gaussians. What depends on the target alone is found once.
 */
export class DisplacementFields {
  private readonly carry: (other: Blobs) => Float64Array;

  /**
   * @param target all Gaussians of the target
   * @param bodies shares of rigid bodies in the lattice points
   */
  constructor(
    private readonly lattice: FieldLattice,
    target: Blobs,
    bodies?: BodyShares | undefined,
  ) {
    const { points } = lattice;
    if (bodies) {
      this.carry = bodyCarrier(points, target, bodies);
      return;
    }
    const carrier = new PointCarrier(points, target);
    this.carry = (other) => carrier.carry(other);
  }

  /**
   * The field into another state.
   * @param other all Gaussians of the other state
   * @param moving those that the motion is about
   */
  into(other: Blobs, moving: Blobs): DisplacementField {
    return fieldOf(this.lattice, this.carry(other), moving);
  }
}

function fieldOf(lattice: FieldLattice, moved: Float64Array, moving: Blobs): DisplacementField {
  const { near, points, share, size } = lattice;
  const count = size[0] * size[1] * size[2];
  const displacements = new Float32Array(3 * count);
  const own = new Float64Array(count);
  for (let i = 0; i < near.length; i++) {
    const n = near[i]!;
    own[n] = share[i]!;
    for (let axis = 0; axis < 3; axis++)
      displacements[3 * n + axis] = moved[3 * i + axis]! - points[3 * i + axis]!;
  }
  const shares = [own, sharesOf(lattice, moving)] as const;
  return { lattice, displacements, volume: volumeElements(lattice, displacements), shares };
}

/** Moves points by the exact motion of each body, and what is in none by the Gaussians around it. */
function bodyCarrier(points: Float64Array, target: Blobs, given: BodyShares): (other: Blobs) => Float64Array {
  const free = given.shares[given.bodies.length]!;
  const chosen = [...free.keys()].filter((i) => free[i]! > 1e-6);
  const some = new Float64Array(3 * chosen.length);
  for (const [k, i] of chosen.entries()) some.set(points.subarray(3 * i, 3 * i + 3), 3 * k);
  const carrier = new PointCarrier(some, target);
  return (other) => {
    const moved = movedByBodies(points, target, other, given);
    const carried = carrier.carry(other);
    for (const [k, i] of chosen.entries())
      for (let axis = 0; axis < 3; axis++) moved[3 * i + axis]! += free[i]! * carried[3 * k + axis]!;
    return moved;
  };
}

/** Σ over bodies of a point's share in one times where that takes the point, [points · 3]. */
function movedByBodies(
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
  const isInside = (n: number) => {
    for (const step of steps) if (!known[n - step] || !known[n + step]) return false;
    return true;
  };
  for (let i = 0; i < near.length; i++) {
    const n = near[i]!;
    // At the edge of the field its derivatives are not known, and not wanted.
    if (share[i] === 0 && !isInside(n)) continue;
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
