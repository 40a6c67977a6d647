import { emptyModel, type GaussianModel, Row } from "../model/gaussianModel";
import { pointGroup, turned } from "../optics/symmetry";
import { Random } from "../random";
import type { MoleculeBox } from "./molecule";

/** State of one unit of a ring. */
export interface UnitState {
  /** Displacement of its mobile domain along z, in box units. Default 0. */
  displacement?: number;
  /** Whether it is absent. Default false. */
  missing?: boolean;
}

/** Gaussians of the body and of the mobile domain of a unit. */
export const unitGaussians = { body: 8, domain: 6 } as const;

/** An asymmetric unit beside the z axis, around an angle of 0. */
function unitPlaces(seed: number): { centre: number[]; amplitude: number }[] {
  const random = new Random(seed);
  const around = (middle: number[], radius: number) =>
    middle.map((c) => c + radius * Math.max(-1.5, Math.min(1.5, random.normal())));
  const body = Array.from({ length: unitGaussians.body }, () => around([0.16, 0.01, -0.02], 0.035));
  const domain = Array.from({ length: unitGaussians.domain }, () => around([0.25, -0.01, 0.07], 0.022));
  return [...body, ...domain].map((centre) => ({ centre, amplitude: 0.7 + 0.6 * random.uniform() }));
}

/**
 * A molecule of symmetry Cn whose units are in different states.
 * @param states one for each operator of the group, in their order
 */
export function ringMolecule(box: MoleculeBox, states: readonly UnitState[], seed = 1): GaussianModel {
  const { operators } = pointGroup(`C${states.length}`);
  const places = unitPlaces(seed);
  const all = states.flatMap(({ displacement = 0, missing = false }, g) =>
    missing
      ? []
      : places.map(({ centre: [x, y, z], amplitude }, j) => ({
          centre: turned(operators[g]!, [x!, y!, z! + (j >= unitGaussians.body ? displacement : 0)]),
          amplitude,
        })),
  );
  const model = emptyModel(all.length, box.boxSize, box.apix);
  for (const [i, { centre, amplitude }] of all.entries()) {
    for (let axis = 0; axis < 3; axis++) model.params[axis * all.length + i] = centre[axis]!;
    model.params[Row.amplitude * all.length + i] = amplitude;
    model.params[Row.sigma * all.length + i] = 0.024 * box.boxSize;
  }
  return model;
}
