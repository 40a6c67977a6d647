import { InputError } from "../errors";
import { resizeVolume } from "../maps/resize";
import type { Volume } from "../maps/volume";
import { modelDensity } from "../model/density";
import { emptyModel, Row } from "../model/gaussianModel";
import type { AtomModel } from "./atomModel";
import { elementOf } from "./elements";

/** Options of {@link atomDensity}. */
export interface AtomDensityOptions {
  /** Voxels along each edge. */
  boxSize: number;
  /** Å per voxel. */
  apix: number;
  /** Resolution in Å: each atom is a Gaussian with a standard deviation of 0.225 of it. Default 3. */
  resolution?: number;
  /** Position in Å that comes to lie in the centre of the map, voxel ⌊boxSize/2⌋. Default: {@link atomCentre}. */
  centre?: readonly number[];
}

/** Standard deviation of an atom as a fraction of the resolution, 1/(π√2), as in ChimeraX's molmap. */
const widthOfAtom = 1 / (Math.PI * Math.SQRT2);
/** Least standard deviation in voxels of the grid on which Gaussians are summed. */
const leastSigma = 1;

/**
 * The mean position of the atoms of all models in Å, weighted by their electrons: one centre for the states of an ensemble.
 * @throws InputError without atoms
 * @example
 * ```ts
 * const model = await e2.atoms.read("start.pdb");
 * console.log(e2.atoms.centre([model]));
 * ```
 */
export function atomCentre(models: readonly AtomModel[]): [number, number, number] {
  const sum = [0, 0, 0];
  let total = 0;
  for (const { count, positions, elements, occupancies } of models) {
    for (let i = 0; i < count; i++) {
      const weight = elementOf(elements[i]!).number * occupancies[i]!;
      for (let axis = 0; axis < 3; axis++) sum[axis]! += weight * positions[3 * i + axis]!;
      total += weight;
    }
  }
  if (!(total > 0)) throw new InputError("atoms", "at least one", "none");
  return sum.map((x) => x / total) as [number, number, number];
}

/**
 * The density of an atomic model at a resolution: a Gaussian for each atom, whose weight is the number of its electrons times its
 * occupancy. Gaussians that are narrow for the voxels are summed on a finer grid, which is cropped in Fourier space. The map's
 * origin places it onto the atoms.
 * @throws InputError for an atom outside of the box
 * @example
 * ```ts
 * const model = await e2.atoms.read("start.pdb");
 * await e2.maps.write("start.mrc", e2.atoms.density(model, { boxSize: 64, apix: 3, resolution: 8 }));
 * ```
 */
export function atomDensity(model: AtomModel, options: AtomDensityOptions): Volume {
  const { boxSize, apix, resolution = 3, centre = atomCentre([model]) } = options;
  if (!(resolution > 0)) throw new InputError("resolution", "Å above 0", String(resolution));
  const { count, positions, elements, occupancies } = model;
  const boxLength = boxSize * apix;
  const sigma = widthOfAtom * resolution;
  const gaussians = emptyModel(count, boxSize, apix);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) {
      const place = (positions[3 * i + axis]! - centre[axis]!) / boxLength;
      if (!(Math.abs(place) < 0.5)) {
        const found = `${(2 * Math.abs(place) * boxLength).toFixed(0)} Å from side to side`;
        throw new InputError(`${model.file}: atom ${i + 1}`, `a place in the box of ${boxLength} Å`, found);
      }
      gaussians.params[axis * count + i] = place;
    }
    gaussians.params[Row.amplitude * count + i] =
      (elementOf(elements[i]!).number * occupancies[i]!) / (2 * Math.PI * sigma ** 2) ** 1.5;
    gaussians.params[Row.sigma * count + i] = sigma / apix;
  }
  const finer = Math.max(1, Math.ceil((leastSigma * apix) / sigma));
  const map = modelDensity(gaussians, { boxSize: finer * boxSize, apix: apix / finer });
  const { data } = finer === 1 ? map : resizeVolume(map, { size: boxSize });
  const origin = centre.map((x) => x - Math.floor(boxSize / 2) * apix) as [number, number, number];
  return { data, size: [boxSize, boxSize, boxSize], apix, origin };
}
