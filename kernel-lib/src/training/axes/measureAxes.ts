import type { GaussianModel } from "../../model/gaussianModel";
import { stateChange } from "../../model/stateChange";
import { ArcLengthScale } from "../../network/arcLength";
import type { AxisRoles } from "../../network/decoder";
import type { Evidence } from "../evidence/evidence";
import { type AxisKind, type AxisSize, LatentAxis } from "./latentAxis";

/** The model along whose axes changes are measured. */
export interface AxesModel {
  latent: number;
  roles: AxisRoles;
  /** Parameters of the Gaussians at points [n · latent], [n · 5N]. */
  decodeMany(points: Float32Array): Float32Array;
  /** Gives box and number of Gaussians. */
  neutral: GaussianModel;
  /** For each Gaussian 1 if it may change, [N]; undefined if all may. */
  free: Uint8Array | undefined;
}

/** What is known about the particles. */
export interface AxesPopulation {
  /** Coordinates, [n · latent]; empty if there are none yet. */
  places: Float32Array;
  /** Fraction of each axis that the view of each particle tells, [n · latent]. */
  observability?: Float32Array | undefined;
  /** The evidence of the run. */
  evidence?: Pick<Evidence, "axes" | "fixed"> | undefined;
}

/** Steps of the path along an axis. */
const steps = 48;
/** Part of the population on either side of the central 95 %. */
const outside = 0.025;
/** Ends of the central 95 % of a normal distribution, for a population that is not known. */
const normal = [-1.96, 1.96] as const;

/**
 * Measures what the axes of a latent space change, by the length of the path of the decoded models along each of them, the
 * others at 0.
 */
export function measureAxes(model: AxesModel, population: AxesPopulation): LatentAxis[] {
  const { latent, roles } = model;
  const { places, observability, evidence } = population;
  const column = (of: Float32Array, axis: number) => of.filter((_, i) => i % latent === axis);
  const kinds = Array.from({ length: latent }, (_, axis) => kindOf(roles, axis));
  return kinds.map((kind, axis) => {
    const own = column(places, axis).sort();
    const at = (part: number) => own[Math.round(part * (own.length - 1))]!;
    const range = own.length > 0 ? ([at(outside), at(1 - outside)] as const) : normal;
    const ends = own.length > 0 ? ([at(0), at(1)] as const) : normal;
    const scales = pathAlong(model, axis, ends);
    return new LatentAxis({
      ...{ name: `z${axis + 1}`, kind, range, scales },
      number: kinds.slice(0, axis + 1).filter((other) => other === kind).length,
      motion: sizeOver(scales.motion, range),
      density: sizeOver(scales.density, range),
      real: evidence?.axes[axis - (evidence.fixed ?? 0)]?.real,
      observability: observability && column(observability, axis),
    });
  });
}

function kindOf({ position, density }: AxisRoles, axis: number): AxisKind {
  if (!density.includes(axis)) return "conformation";
  return position.includes(axis) ? "mixed" : "composition";
}

/** Lengths of the path along an axis from coordinate 0: in Å, and in fractions of the density. */
function pathAlong(
  { latent, decodeMany, neutral, free }: AxesModel,
  axis: number,
  [low, high]: readonly [number, number],
): { motion: ArcLengthScale; density: ArcLengthScale } {
  const [first, last] = high > low ? [Math.min(low, 0), Math.max(high, 0)] : normal;
  const at = Float32Array.from({ length: steps + 1 }, (_, s) => first + ((last - first) * s) / steps);
  const points = new Float32Array(at.length * latent);
  for (const [s, z] of at.entries()) points[s * latent + axis] = z;
  const models = decodeMany(points);
  const width = neutral.params.length;
  const stateOf = (s: number) => ({ ...neutral, params: models.subarray(s * width, (s + 1) * width) });
  const motion = new Float32Array(at.length);
  const density = new Float32Array(at.length);
  for (let s = 1; s < at.length; s++) {
    const change = stateChange(stateOf(s - 1), stateOf(s), free);
    motion[s] = motion[s - 1]! + change.rms;
    density[s] = density[s - 1]! + change.density;
  }
  return { motion: fromZero(at, motion), density: fromZero(at, density) };
}

/** A scale whose length is 0 at coordinate 0. */
function fromZero(at: Float32Array, length: Float32Array): ArcLengthScale {
  const zero = new ArcLengthScale(at, length).toArcLength(0);
  return new ArcLengthScale(
    at,
    length.map((x) => x - zero),
  );
}

function sizeOver(scale: ArcLengthScale, [low, high]: readonly [number, number]): AxisSize {
  const range = scale.toArcLength(high) - scale.toArcLength(low);
  return { range, perUnit: high > low ? range / (high - low) : 0 };
}
