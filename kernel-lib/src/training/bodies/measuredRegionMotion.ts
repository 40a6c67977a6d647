import { InputError } from "../../errors";
import type { GaussianModel, Vector3 } from "../../model/gaussianModel";
import {
  chosenGaussians,
  type RegionMotion,
  type RegionMotionOptions,
  regionMotion,
  screwOf,
} from "../../model/regionMotion";
import type { Region } from "../../model/regions";
import { centresInAngstrom, integrals, type RigidMotion } from "../../model/rigidMotion";
import { vectorFromRotation } from "../../optics/pose";
import type { TaskOptions } from "../../progress";
import type { EngineChoice } from "../../projection/engines";
import { independentBlock } from "../evidence/noiseCorrelation";
import { reopenParticles } from "../evidence/reopen";
import { evenly } from "../evidence/sample";
import { defaultMemoryBudget } from "../memory";
import type { MeasuredRun } from "../runs/runEvidence";
import { refuseTiltSeries } from "../runs/runPasses";
import { bodyMotions } from "./bodyMotions";
import { type RigidTransform, transformed } from "./rigidTransform";

/** Options of `Run.regionMotion`. */
export interface MeasuredMotionOptions
  extends TaskOptions,
    Pick<RegionMotionOptions, "reference" | "mostLeft"> {
  /** Most particles to measure, evenly spaced. Default 5,000. Four times as many halve the errors. */
  particles?: number;
  /** Projection engine and number of threads. Default `wasm`. */
  engine?: EngineChoice;
  /** Called with a sentence about what has changed since the training. */
  onWarning?: (warning: string) => void;
}

/** The motion of a region as the images show it. */
export interface MeasuredMotion extends RegionMotion {
  /** Standard error of the angle in degrees, by leaving out each twentieth of the particles (jackknife). */
  angleError: number;
  /** Standard error of the shift in Å: root mean square length of its error. */
  shiftError: number;
  /** Particles that were measured. */
  particles: number;
  /** Axes of the latent space, from 0, along which it was measured; on the others the halves of the images do not agree. */
  axes: readonly number[];
}

/** What is measured on a run. */
export interface RegionRequest {
  points: readonly ArrayLike<number>[];
  region: Region | ArrayLike<number>;
}

const mostParticles = 5000;

/**
 * Measures how a region moves from the first of some points of a run's latent space to each other one, by its images; see
 * `bodyMotions`.
 */
export async function measuredRegionMotion(
  run: MeasuredRun,
  { points, region }: RegionRequest,
  options: MeasuredMotionOptions,
): Promise<MeasuredMotion[]> {
  const { files, record, decoder } = run;
  const { particles: most = mostParticles, reference } = options;
  if (!(Number.isInteger(most) && most >= 20)) {
    throw new InputError("particles", "a whole number from 20", String(most));
  }
  const { symmetry } = record.inputs;
  if (symmetry !== undefined) {
    throw new InputError(files.folder, "a run without symmetry; use model.regionMotion", symmetry);
  }
  refuseTiltSeries(
    files,
    record,
    "a run of single images, for motions by images; use decoded states (--by centres, in a notebook model.regionMotion)",
  );
  const states = statesAt(run, points);
  const model = states[0]!;
  const indices = chosenGaussians(model, region, "region");
  const still = reference === undefined ? undefined : chosenGaussians(model, reference, "reference");
  requireApart(indices, still);
  const left = leftOver(states, indices, { ...options, reference: still });
  const memoryBudget = defaultMemoryBudget() / 2;
  const reopened = await reopenParticles(files, record, { memoryBudget, ...options });
  try {
    const { trainingSet, validationSet, weights: _, placedWeights: weights, ...context } = reopened;
    const particles = evenly(Int32Array.from([...trainingSet, ...validationSet]).sort(), most);
    const block = await independentBlock(context, model.params, particles);
    const { refined: mean, standardDeviation } = run.places;
    const population = { latent: decoder.latent, members: trainingSet, mean, standardDeviation };
    const { motions, jackknife, axes } = await bodyMotions(
      { ...context, weights, particles, block, decoder, population },
      { points, region: indices, reference: still },
      options,
    );
    const of = { model, indices };
    return motions.map((motion, j) => ({
      ...described(motion, of, left[j]!),
      ...errorsOf(
        jackknife.map((without) => without[j]!),
        of,
      ),
      particles: particles.length,
      axes,
    }));
  } finally {
    await reopened.close();
  }
}

/**
 * What the decoded centres leave of the best rigid motion from the first state to each other one, in Å.
 * @throws InputError if the region is no rigid body
 */
function leftOver(
  [first, ...others]: readonly GaussianModel[],
  indices: Int32Array,
  { reference, mostLeft }: Pick<RegionMotionOptions, "mostLeft"> & { reference: Int32Array | undefined },
): number[] {
  return others.map((state, s) => {
    // Only the whole motion must be rigid: small steps are all noise.
    const most = s < others.length - 1 ? Number.POSITIVE_INFINITY : mostLeft;
    return regionMotion(first!, state, indices, {
      by: "centres",
      ...(reference && { reference }),
      ...(most !== undefined && { mostLeft: most }),
    }).rmsd;
  });
}

/** @throws InputError unless there are two points or more in the latent space */
function statesAt({ decoder, neutral }: MeasuredRun, points: RegionRequest["points"]): GaussianModel[] {
  if (points.length < 2) throw new InputError("points", "two points or more", String(points.length));
  return points.map((z, p) => {
    const place = Float32Array.from(z);
    if (place.length !== decoder.latent || !place.every(Number.isFinite)) {
      throw new InputError(`point ${p + 1}`, `${decoder.latent} numbers`, JSON.stringify(Array.from(z)));
    }
    return { ...neutral, params: decoder.decode(place, 1) };
  });
}

function requireApart(region: Int32Array, reference: Int32Array | undefined): void {
  const inside = new Set(region);
  const both = reference?.filter((i) => inside.has(i)).length ?? 0;
  if (both > 0) {
    throw new InputError("reference", "Gaussians outside of the region", `${both} that are in both`);
  }
}

interface MovedRegion {
  model: GaussianModel;
  indices: Int32Array;
}

/** The centre of a region in Å, and where a motion takes it. */
function centreOf(
  { model, indices }: MovedRegion,
  motion: RigidTransform,
): { centre: Vector3; shift: Vector3 } {
  const chosen = Array.from(indices);
  const mass = integrals(model, chosen);
  const total = mass.reduce((sum, w) => sum + w, 0);
  const places = centresInAngstrom(model, chosen);
  const centre = [0, 1, 2].map((axis) =>
    places.reduce((sum, p, k) => sum + (mass[k]! / total) * p[axis]!, 0),
  ) as Vector3;
  return { centre, shift: transformed(motion, centre).map((x, axis) => x - centre[axis]!) as Vector3 };
}

const degrees = (rotation: Float64Array) => (Math.hypot(...vectorFromRotation(rotation)) * 180) / Math.PI;

function described(motion: RigidTransform, of: MovedRegion, rmsd: number): RegionMotion {
  const { rotation } = motion;
  const vector = vectorFromRotation(rotation);
  const length = Math.hypot(...vector);
  const axis = length > 1e-12 ? (vector.map((x) => x / length) as Vector3) : ([0, 0, 1] as Vector3);
  const rigid: RigidMotion = { angle: degrees(rotation), axis, rotation, ...centreOf(of, motion), rmsd };
  const chosen = Array.from(of.indices);
  const mass = integrals(of.model, chosen);
  const total = mass.reduce((sum, w) => sum + w, 0);
  const square = centresInAngstrom(of.model, chosen).reduce((sum, p, k) => {
    const to = transformed(motion, p);
    return sum + (mass[k]! / total) * p.reduce((s, x, a) => s + (to[a]! - x) ** 2, 0);
  }, 0);
  return { ...rigid, ...screwOf(rigid), size: Math.sqrt(square), indices: of.indices };
}

function errorsOf(
  without: readonly RigidTransform[],
  of: MovedRegion,
): Pick<MeasuredMotion, "angleError" | "shiftError"> {
  const spread = (values: readonly number[]) => {
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    return ((values.length - 1) / values.length) * values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  };
  const shifts = without.map((motion) => centreOf(of, motion).shift);
  return {
    angleError: Math.sqrt(spread(without.map(({ rotation }) => degrees(rotation)))),
    shiftError: Math.sqrt([0, 1, 2].reduce((sum, axis) => sum + spread(shifts.map((s) => s[axis]!)), 0)),
  };
}
