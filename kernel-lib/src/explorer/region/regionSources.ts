import type { AtomModel } from "../../atoms/atomModel";
import { CellGrid } from "../../atoms/cellGrid";
import { InputError } from "../../errors";
import { boxLengthOf, type GaussianModel } from "../../model/gaussianModel";
import { shorten } from "../../shortText";
import type { DensityMapState } from "../gaussianViewer/densityMap";

/** Gaussians of a chain. */
export interface ChainGaussians {
  /** Name of the chain in the file; empty where the file has none. */
  chain: string;
  /** Indices in the model, ascending. */
  indices: number[];
}

/**
 * The Gaussians of each chain of an atomic model: those whose nearest atom belongs to it.
 * @param model    the neutral model; its origin places it over the atoms
 * @param distance in Å: Gaussians that are farther from every atom belong to no chain
 * @returns all chains in the order of the file, also those without a Gaussian
 * @throws InputError if no Gaussian is near an atom, as with atoms of another frame than the map's
 */
export function gaussiansOfChains(
  model: GaussianModel,
  atoms: AtomModel,
  distance: number,
): ChainGaussians[] {
  if (!(distance > 0 && Number.isFinite(distance)))
    throw new InputError("distance", "a length in Å above 0", String(distance));
  const { count, params, boxSize, apix, origin = [0, 0, 0] } = model;
  const grid = new CellGrid(atoms.positions, distance);
  const chains = new Map<string, number[]>(atoms.chains.map((chain) => [chain, []]));
  const place = (i: number, axis: number) =>
    params[axis * count + i]! * boxSize * apix + Math.floor(boxSize / 2) * apix + origin[axis]!;
  for (let i = 0; i < count; i++) {
    let [nearest, least] = [-1, Number.POSITIVE_INFINITY];
    grid.near(place(i, 0), place(i, 1), place(i, 2), (atom, squared) => {
      if (squared < least) [nearest, least] = [atom, squared];
    });
    if (nearest >= 0) chains.get(atoms.chains[nearest]!)!.push(i);
  }
  const found = [...chains].map(([chain, indices]) => ({ chain, indices }));
  if (found.every(({ indices }) => indices.length === 0)) {
    throw new InputError(
      shorten(atoms.file, 200),
      `atoms within ${distance} Å of the Gaussians, in the frame of the map that the model was made from`,
      "none",
    );
  }
  return found;
}

/**
 * The Gaussians with their centres where a map of the viewer is at its level or above.
 * @returns indices, ascending
 * @throws InputError if there is none
 */
export function gaussiansAboveLevel(model: GaussianModel, map: DensityMapState): number[] {
  const { data, size, apix, origin, low, high, level, name } = map;
  const { count, params } = model;
  const boxLength = boxLengthOf(model);
  const indices: number[] = [];
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [0, 1, 2].map((axis) =>
      Math.round((params[axis * count + i]! * boxLength - origin[axis]!) / apix),
    ) as [number, number, number];
    if (x < 0 || y < 0 || z < 0 || x >= size[0]! || y >= size[1]! || z >= size[2]!) continue;
    const value = low + ((high - low) * data[x + size[0]! * (y + size[1]! * z)]!) / 65535;
    if (value >= level) indices.push(i);
  }
  if (indices.length === 0)
    throw new InputError(
      shorten(name, 100),
      `Gaussians where the map is at least ${Number(level.toPrecision(4))}`,
      "none",
    );
  return indices;
}
