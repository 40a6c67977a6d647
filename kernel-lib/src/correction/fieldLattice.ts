import type { Blobs } from "../atoms/blobs";
import { gaussianSpacing } from "../atoms/displacementField";

/** A lattice of points around a state on which displacements are computed, in Å from the middle of the box. */
export interface FieldLattice {
  /** Position of the first point, [3]. */
  low: Float64Array;
  /** Points along x, y and z. */
  size: [number, number, number];
  /** Distance between points, in Å. */
  spacing: number;
  /** Spacing of the Gaussians, in Å. */
  unit: number;
  /** Points at which displacements are wanted, as indices x + nx·(y + ny·z). */
  near: Int32Array;
  /** Their positions, [near · 3]. */
  points: Float64Array;
  /** How far they belong to the molecule, from 0 to 1, [near]. */
  share: Float64Array;
}

/** Distance between lattice points in Å: the field changes over the spacing of Gaussians, which is larger. */
const latticeSpacing = 3;
/** In spacings of the Gaussians: distance from the nearest of them up to which places move with the molecule, … */
const inner = 1.5;
/** … and from which on they stay. A hard edge tears the map. */
const outer = 3;

/**
 * The lattice around a state.
 * @param others states whose molecules have to lie within the lattice as well
 */
export function fieldLattice(target: Blobs, others: readonly Blobs[] = []): FieldLattice {
  const unit = gaussianSpacing(target);
  // Displacements are interpolated: they are wanted at all corners around a place with a share.
  const reach = outer * unit + 2 * latticeSpacing;
  const low = new Float64Array(3);
  const size: [number, number, number] = [1, 1, 1];
  for (let axis = 0; axis < 3; axis++) {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { centres } of [target, ...others]) {
      for (let i = axis; i < centres.length; i += 3) {
        least = Math.min(least, centres[i]!);
        most = Math.max(most, centres[i]!);
      }
    }
    low[axis] = least - reach - latticeSpacing;
    size[axis] = Math.ceil((most - least + 2 * reach) / latticeSpacing) + 3;
  }
  const place = { low, size, spacing: latticeSpacing, unit };
  const far = distances(place, target, reach);
  const near = Int32Array.from([...far.keys()].filter((n) => far[n]! < reach));
  return {
    ...place,
    near,
    points: Float64Array.from([...near].flatMap((n) => latticePoint(place, n))),
    share: Float64Array.from(near, (n) => shareAt(far[n]! / unit)),
  };
}

type LatticePlace = Pick<FieldLattice, "low" | "size" | "spacing" | "unit">;

/** How far the places of a lattice belong to the molecule in some state, from 0 to 1, [points]. */
export function sharesOf(lattice: LatticePlace, state: Blobs): Float64Array {
  return distances(lattice, state, outer * lattice.unit).map((far) => shareAt(far / lattice.unit));
}

/** Distance of each lattice point from the nearest Gaussian in Å, ∞ beyond a reach, [points]. */
function distances({ low, size, spacing }: LatticePlace, { centres }: Blobs, reach: number): Float64Array {
  const [nx, ny, nz] = size;
  const squared = new Float64Array(nx * ny * nz).fill(Number.POSITIVE_INFINITY);
  /** The points along an axis within some distance of a place. */
  const within = (axis: number, at: number, most: number): [number, number] => [
    Math.max(0, Math.ceil((at - most - low[axis]!) / spacing)),
    Math.min(size[axis]! - 1, Math.floor((at + most - low[axis]!) / spacing)),
  ];
  for (let i = 0; i < centres.length; i += 3) {
    const [cx, cy, cz] = [centres[i]!, centres[i + 1]!, centres[i + 2]!];
    const [z0, z1] = within(2, cz, reach);
    for (let z = z0; z <= z1; z++) {
      const dz = (low[2]! + z * spacing - cz) ** 2;
      const [y0, y1] = within(1, cy, Math.sqrt(Math.max(0, reach ** 2 - dz)));
      for (let y = y0; y <= y1; y++) {
        const dyz = dz + (low[1]! + y * spacing - cy) ** 2;
        const [x0, x1] = within(0, cx, Math.sqrt(Math.max(0, reach ** 2 - dyz)));
        const row = nx * (y + ny * z);
        for (let x = x0; x <= x1; x++) {
          const own = dyz + (low[0]! + x * spacing - cx) ** 2;
          if (own < squared[row + x]!) squared[row + x] = own;
        }
      }
    }
  }
  return squared.map(Math.sqrt);
}

/** @param far distance in spacings of the Gaussians */
function shareAt(far: number): number {
  const part = (far - inner) / (outer - inner);
  if (part <= 0) return 1;
  return part >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * part);
}

/** Position of a lattice point in Å from the middle of the box. */
export function latticePoint(
  { low, size, spacing }: Pick<FieldLattice, "low" | "size" | "spacing">,
  n: number,
): [number, number, number] {
  const x = n % size[0];
  const y = Math.floor(n / size[0]) % size[1];
  const z = Math.floor(n / (size[0] * size[1]));
  return [low[0]! + x * spacing, low[1]! + y * spacing, low[2]! + z * spacing];
}

/** Voxels along one axis within a lattice. */
export interface LatticeAxis {
  first: number;
  last: number;
  /** Lattice point before each voxel, [n]. */
  cell: Int32Array;
  /** Fraction of the way to the next one, [n]. */
  part: Float64Array;
}

/** Where the voxels of a cubic map are in a lattice, along each axis. */
export function latticeAxes(
  { low, size, spacing }: FieldLattice,
  { boxSize: n, apix }: { boxSize: number; apix: number },
): [LatticeAxis, LatticeAxis, LatticeAxis] {
  const along = (axis: number): LatticeAxis => {
    const cell = new Int32Array(n);
    const part = new Float64Array(n);
    let [first, last] = [n, -1];
    for (let i = 0; i < n; i++) {
      const at = ((i - Math.floor(n / 2)) * apix - low[axis]!) / spacing;
      cell[i] = Math.floor(at);
      part[i] = at - cell[i]!;
      if (at < 0 || cell[i]! + 1 >= size[axis]!) continue;
      first = Math.min(first, i);
      last = i;
    }
    return { first, last, cell, part };
  };
  return [along(0), along(1), along(2)];
}

/**
 * Values on a lattice, interpolated to the voxels of a cubic map; 0 outside of the lattice.
 * @returns [S · S · S]
 */
export function onVoxels(
  lattice: FieldLattice,
  values: Float64Array,
  box: { boxSize: number; apix: number },
): Float32Array {
  const { boxSize: n } = box;
  const [ax, ay, az] = latticeAxes(lattice, box);
  const [nx, ny] = lattice.size;
  const out = new Float32Array(n ** 3);
  for (let z = az.first; z <= az.last; z++) {
    for (let y = ay.first; y <= ay.last; y++) {
      for (let x = ax.first; x <= ax.last; x++) {
        let sum = 0;
        for (let c = 0; c < 8; c++) {
          const [dx, dy, dz] = [c & 1, (c >> 1) & 1, c >> 2];
          const at = ax.cell[x]! + dx + nx * (ay.cell[y]! + dy + ny * (az.cell[z]! + dz));
          sum +=
            (dx ? ax.part[x]! : 1 - ax.part[x]!) *
            (dy ? ay.part[y]! : 1 - ay.part[y]!) *
            (dz ? az.part[z]! : 1 - az.part[z]!) *
            values[at]!;
        }
        out[x + n * (y + n * z)] = sum;
      }
    }
  }
  return out;
}
