import { InputError } from "../../errors";
import { describeGrid } from "../../maps/grid";
import type { Volume } from "../../maps/volume";

/** Local resolutions as they are sent to a page, on the grid of the drawn map. */
export interface DisplayedResolution {
  /** [z][y][x]: 0 where it is not known, else from 1 for `resolutionLow` to 255 for `resolutionHigh`. */
  resolution: Uint8Array;
  /** Å that step 1 stands for; what is finer has it too. */
  resolutionLow: number;
  /** Å that step 255 stands for; what is coarser has it too. */
  resolutionHigh: number;
}

/** The drawn map. */
export interface ResolvedMap {
  /** Values in the units of `level`, [z][y][x]. */
  data: ArrayLike<number>;
  /** Voxels along x, y, z. */
  size: readonly number[];
  /** Å per voxel. */
  apix: number;
  /** From here on a voxel belongs to the molecule, over which the colours are spread. */
  level: number;
}

/** Parts of the molecule's voxels that are finer than the one end of the colours and coarser than the other. */
const beyondEnds = 0.02;

/**
 * Packs a map of local resolution for the page: of the voxel nearest to each voxel of the drawn map, the ends at the 2nd and 98th
 * percentile of what is known within the molecule.
 *
 * @param local in Å, 0 where it is not known; on any grid that fills the box of the drawn map
 * @throws InputError for resolutions of which none is above 0, or which lie in another box
 */
export function displayedResolution(local: Volume, map: ResolvedMap): DisplayedResolution {
  const length = (axis: number) => map.size[axis]! * map.apix;
  if (local.size.some((n, axis) => Math.abs(n * local.apix - length(axis)) > 0.005 * length(axis))) {
    const found = describeGrid(local);
    throw new InputError(
      "local resolution",
      `a box of ${[0, 1, 2].map(length).join(" × ")} Å as the map`,
      found,
    );
  }
  const [nx, ny, nz] = map.size as [number, number, number];
  // Of each axis, the nearest voxel; both grids have voxel ⌊n/2⌋ at the same place
  const nearest = [nx, ny, nz].map((n, axis) =>
    Int32Array.from({ length: n }, (_, i) => {
      const place = ((i - Math.floor(n / 2)) * map.apix) / local.apix + Math.floor(local.size[axis]! / 2);
      return Math.min(local.size[axis]! - 1, Math.max(0, Math.round(place)));
    }),
  );
  const values = new Float32Array(nx * ny * nz);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const row = local.size[0] * (nearest[1]![y]! + local.size[1] * nearest[2]![z]!);
      for (let x = 0; x < nx; x++, i++) values[i] = local.data[row + nearest[0]![x]!]!;
    }
  }
  const [low, high] = endsOf(values, map);
  const step = high > low ? 254 / (high - low) : 0;
  const resolution = Uint8Array.from(values, (value) =>
    value > 0 ? 1 + Math.round((Math.min(high, Math.max(low, value)) - low) * step) : 0,
  );
  return { resolution, resolutionLow: low, resolutionHigh: high };
}

function endsOf(values: Float32Array, { data, level }: ResolvedMap): [low: number, high: number] {
  const known = values.filter((value) => value > 0);
  if (known.length === 0) throw new InputError("local resolution", "resolutions in Å above 0", "none");
  const inside = values.filter((value, i) => value > 0 && data[i]! >= level);
  const sorted = (inside.length > 0 ? inside : known).sort();
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))]!;
  return [at(beyondEnds), at(1 - beyondEnds)];
}
