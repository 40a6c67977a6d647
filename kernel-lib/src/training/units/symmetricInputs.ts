import { InputError } from "../../errors";
import { symmetriseModel } from "../../model/asymmetricUnit";
import { modelDensity } from "../../model/density";
import { type GaussianModel, pickGaussians, Row } from "../../model/gaussianModel";
import { symmetryWarnings } from "../../model/growthSymmetry";
import { allUnits, centreOf } from "../../model/symmetricModel";
import type { PointGroup } from "../../optics/symmetry";
import { readFreeGaussians } from "../freeGaussians";

/** A symmetric neutral model, and what may change in each of its units. */
export interface SymmetricInputs {
  /** Gaussian g·m + j is Gaussian j of the first unit turned by operator g. */
  neutral: GaussianModel;
  /** 1 for the Gaussians of the first unit that may change, 0 for all others; the other units change alike. */
  free: Uint8Array;
}

/** How {@link symmetricInputs} finds the unit. */
export interface SymmetryOptions {
  group: PointGroup;
  /** Mask of the Gaussians of one unit that may change. Default: all of them. */
  mask?: string | undefined;
  /** Called with a sentence about the unit, and about assumptions. */
  warn: (warning: string) => void;
}

/** Largest difference in box units of the places, and of the amplitudes as a fraction, of a symmetric model. */
const samePlace = 1e-3;
const sameAmplitude = 1e-2;
/** Part of the masked Gaussians whose copies may lie in the mask, too: at its border. */
const mostCopies = 0.3;

/**
 * Makes the neutral model symmetric by one of its units: that of the mask, or the most compact one.
 * @throws InputError for a model without the symmetry, and for a mask of several units
 */
export async function symmetricInputs(
  model: GaussianModel,
  { group, mask, warn }: SymmetryOptions,
): Promise<SymmetricInputs> {
  for (const warning of symmetryWarnings(modelDensity(model), group, "neutral model")) warn(warning);
  const near = mask === undefined ? undefined : await readFreeGaussians(model, mask, warn);
  const { model: neutral, gaussians } = symmetriseModel(model, group, near);
  if (!isSame(model, neutral)) {
    warn(
      `the neutral model is not exactly symmetric: its ${model.count} Gaussians are replaced by ${group.order} copies of the ` +
        `${gaussians} of one unit (a model of e2gmm neutral --symmetry ${group.name} is kept as it is)`,
    );
  }
  const found =
    mask === undefined
      ? freeUnit(neutral, gaussians)
      : unitOfMask(neutral, await readFreeGaussians(neutral, mask, warn), { gaussians, group, mask });
  warn(varyingSentence(found, group));
  return found;
}

/**
 * What may change in each unit of the model of a run from which a second round starts. Its Gaussians keep their order, so that
 * what the run decodes stays as it is: a Gaussian of the first unit may change if one of its copies is in the mask.
 * @param inherited Gaussians that could change in the run; undefined if all could
 * @throws InputError for a mask of several units
 */
export async function symmetricRound(
  neutral: GaussianModel,
  inherited: Uint8Array | undefined,
  { group, mask, warn }: SymmetryOptions,
): Promise<SymmetricInputs> {
  const gaussians = neutral.count / group.order;
  let found = freeUnit(neutral, gaussians);
  if (mask !== undefined) {
    const flags = await readFreeGaussians(neutral, mask, warn);
    found = { neutral, free: copiesInMask(flags, { gaussians, mask }).free };
  } else if (inherited) {
    found = { neutral, free: inherited };
  }
  warn(varyingSentence(found, group));
  return found;
}

function varyingSentence({ neutral, free }: SymmetricInputs, { name, order }: PointGroup): string {
  const varied = free.reduce((sum, flag) => sum + flag, 0);
  return (
    `symmetry ${name}: the ${order} units of a particle vary independently, each with ${varied} of its ${neutral.count / order} ` +
    `Gaussians (${neutral.count} in all), with one decoder for all of them`
  );
}

/** All Gaussians of the first unit are free. */
function freeUnit(neutral: GaussianModel, gaussians: number): SymmetricInputs {
  return { neutral, free: Uint8Array.from({ length: neutral.count }, (_, i) => (i < gaussians ? 1 : 0)) };
}

/**
 * Makes the masked Gaussians a part of the first unit: of each Gaussian and its copies that in the mask represents the others.
 * @throws InputError for a mask of several units
 */
function unitOfMask(
  neutral: GaussianModel,
  flags: Uint8Array,
  { gaussians, group, mask }: { gaussians: number; group: PointGroup; mask: string },
): SymmetricInputs {
  const { free, first } = copiesInMask(flags, { gaussians, mask });
  return { neutral: allUnits(pickGaussians(neutral, first), group), free };
}

/**
 * Which Gaussians of the first unit have a copy in a mask, and the first of these copies.
 * @param flags 1 for the Gaussians in the mask
 * @throws InputError for a mask of several units
 */
function copiesInMask(
  flags: Uint8Array,
  { gaussians, mask }: { gaussians: number; mask: string },
): { free: Uint8Array; first: Int32Array } {
  const free = new Uint8Array(flags.length);
  let several = 0;
  const first = Int32Array.from({ length: gaussians }, (_, j) => {
    const copies: number[] = [];
    for (let i = j; i < flags.length; i += gaussians) if (flags[i] === 1) copies.push(i);
    if (copies.length > 0) free[j] = 1;
    if (copies.length > 1) several++;
    return copies[0] ?? j;
  });
  const orbits = free.reduce((sum, flag) => sum + flag, 0);
  if (several > mostCopies * orbits) {
    const found = `${several} of ${orbits} Gaussians with their symmetric copies`;
    throw new InputError(mask, "a mask of one asymmetric unit, or of a part of it", found);
  }
  return { free, first };
}

/** Whether two models have the same Gaussians, in any order. */
function isSame(model: GaussianModel, symmetric: GaussianModel): boolean {
  if (model.count !== symmetric.count) return false;
  const amplitude = (of: GaussianModel, i: number) => of.params[Row.amplitude * of.count + i]!;
  const cell = ([x, y, z]: readonly number[]) => [x!, y!, z!].map((c) => Math.floor(c / (2 * samePlace)));
  const cells = new Map<string, number[]>();
  for (let i = 0; i < model.count; i++) {
    const key = cell(centreOf(model, i)).join();
    cells.set(key, [...(cells.get(key) ?? []), i]);
  }
  const nearby = (centre: readonly number[]) => {
    const [x, y, z] = cell(centre) as [number, number, number];
    const around = [-1, 0, 1];
    return around.flatMap((a) =>
      around.flatMap((b) => around.flatMap((c) => cells.get([x + a, y + b, z + c].join()) ?? [])),
    );
  };
  for (let i = 0; i < symmetric.count; i++) {
    const own = centreOf(symmetric, i);
    const known = nearby(own).some((j) => {
      const distance = Math.hypot(...centreOf(model, j).map((c, axis) => c - own[axis]!));
      const change = Math.abs(amplitude(model, j) - amplitude(symmetric, i));
      return distance < samePlace && change <= sameAmplitude * Math.abs(amplitude(model, j));
    });
    if (!known) return false;
  }
  return true;
}
