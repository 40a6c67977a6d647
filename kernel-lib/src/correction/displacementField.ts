import type { Blobs } from "../atoms/blobs";
import { CellGrid } from "../atoms/cellGrid";
import { carryPoints, gaussianSpacing } from "../atoms/displacementField";

/** A lattice of points around a state on which displacements are computed, in Å from the middle of the box. */
export interface FieldLattice {
  /** Position of the first point, [3]. */
  low: Float64Array;
  /** Points along x, y and z. */
  size: [number, number, number];
  /** Distance between points, in Å. */
  spacing: number;
  /** Points that take part in the motion, as indices x + nx·(y + ny·z). */
  near: Int32Array;
  /** How far they take part, from 0 to 1, [near]. */
  share: Float64Array;
}

/** What becomes of each lattice point in another state; between points it is interpolated linearly. */
export interface DisplacementField {
  lattice: FieldLattice;
  /** Displacement in Å, [points · 3]; 0 far from the molecule. */
  displacements: Float32Array;
  /** Volume element: factor on volumes, [points]. */
  volume: Float32Array;
}

/** Distance between lattice points in Å: the field changes over the spacing of Gaussians, which is larger. */
const latticeSpacing = 3;
/** In spacings of the Gaussians: distance from the nearest of them up to which places move with the molecule, … */
const inner = 1.5;
/** … and from which on they stay. A hard edge tears the map. */
const outer = 3.5;

/** The lattice around a state. */
export function fieldLattice(target: Blobs): FieldLattice {
  const unit = gaussianSpacing(target);
  const reach = outer * unit;
  const low = new Float64Array(3);
  const size: [number, number, number] = [1, 1, 1];
  for (let axis = 0; axis < 3; axis++) {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = axis; i < 3 * target.count; i += 3) {
      least = Math.min(least, target.centres[i]!);
      most = Math.max(most, target.centres[i]!);
    }
    low[axis] = least - reach - latticeSpacing;
    size[axis] = Math.ceil((most - least + 2 * reach) / latticeSpacing) + 3;
  }
  const grid = new CellGrid(target.centres, reach);
  const near: number[] = [];
  const share: number[] = [];
  for (let n = 0; n < size[0] * size[1] * size[2]; n++) {
    const [x, y, z] = latticePoint({ low, size, spacing: latticeSpacing }, n);
    let squared = Number.POSITIVE_INFINITY;
    grid.near(x, y, z, (_, found) => {
      if (found < squared) squared = found;
    });
    const far = (Math.sqrt(squared) / unit - inner) / (outer - inner);
    if (far >= 1) continue;
    near.push(n);
    share.push(far <= 0 ? 1 : 0.5 + 0.5 * Math.cos(Math.PI * far));
  }
  return {
    ...{ low, size, spacing: latticeSpacing },
    near: Int32Array.from(near),
    share: Float64Array.from(share),
  };
}

function latticePoint(
  { low, size, spacing }: Pick<FieldLattice, "low" | "size" | "spacing">,
  n: number,
): [number, number, number] {
  const x = n % size[0];
  const y = Math.floor(n / size[0]) % size[1];
  const z = Math.floor(n / (size[0] * size[1]));
  return [low[0]! + x * spacing, low[1]! + y * spacing, low[2]! + z * spacing];
}

/** The field that carries the target state into another one of the same Gaussians. */
export function displacementField(lattice: FieldLattice, target: Blobs, other: Blobs): DisplacementField {
  const { near, share, size } = lattice;
  const points = new Float64Array(3 * near.length);
  for (const [i, n] of near.entries()) points.set(latticePoint(lattice, n), 3 * i);
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
    volume[n] =
      j[0]! * (j[4]! * j[8]! - j[5]! * j[7]!) -
      j[1]! * (j[3]! * j[8]! - j[5]! * j[6]!) +
      j[2]! * (j[3]! * j[7]! - j[4]! * j[6]!);
  }
  return volume;
}
