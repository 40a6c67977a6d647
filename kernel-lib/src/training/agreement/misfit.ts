import type { GaussianModel } from "../../model/gaussianModel";
import { evenly } from "../evidence/sample";
import type { ProjectionContext } from "../projectionContext";
import { ownShifts, type Pair, peakInPlane, peakInSpace, type Triple } from "./crossCorrelation";
import { type FittedFactor, fitDefocus } from "./defocusFit";
import type { Gain } from "./gain";
import type { MisfitOptions } from "./misfitOptions";
import { bestScale, scaledModel } from "./modelScale";
import { meanAndError } from "./moments";
import { measureOwnPose, type OwnPose } from "./ownPose";
import { Trial } from "./trial";

/**
 * Whether particles and neutral model would fit better if the model were moved or scaled, if the images were shifted, or
 * if they had each other's poses: typical mistakes in files and conversions, which training would take for motion.
 * Measured on a sample of the particles by the log-likelihood of `weights.ts`, Σ w·FRC, in nats.
 */
export interface Misfit {
  /** Particles of the sample. */
  sample: number;
  /** Gain of the particles' own rotations over those of other particles. Undefined if the rotations hardly differ. */
  ownPose: OwnPose | undefined;
  /** The best offset of the model in Å, and its gain. */
  offset: Gain & { by: [number, number, number] };
  /** The best common shift of all images in Å, and its gain. */
  shift: Gain & { by: [number, number] };
  /**
   * Individual shifts of the images: their gain, and their root mean square in Å. A shift is estimated from one half of
   * the Fourier samples and scored on the other, so that the gain is negative if there is none.
   */
  ownShift: Gain & { by: number };
  /** The best factor on the size of the model, from 0.98 to 1.02; undefined if none is best. */
  scale: FittedFactor | undefined;
  /** The best factor on the defocus of all particles; undefined without CTFs, or with too few particles. */
  defocus: FittedFactor | undefined;
}

/** Most particles of the sample, and of that for the defocus, which needs one projection of each only. */
const sampleSize = 512;
const defocusSampleSize = 2048;
/** Most particles over whose views the power of the model is averaged. */
const powerSampleSize = 128;
/** Outermost ring of the cross-correlations: offsets are found at low resolution, and then scored on all rings. */
const offsetRings = 12;
/** Measures the misfit on at most 512 of the particles. */
export async function measureMisfit(context: ProjectionContext, options: MisfitOptions): Promise<Misfit> {
  const { neutral } = context;
  const { weights, particles } = options;
  const sample = evenly(particles, sampleSize);
  const boxLength = neutral.boxSize * neutral.apix;
  const trial = new Trial(context, sample, options);
  const rings = Math.min(offsetRings, weights.lastRing);
  const before = await trial.scores(neutral);
  const gainBy = async (model: GaussianModel, shift: Pair = [0, 0]) =>
    gainOf((await trial.scores(model, shift)).map((value, i) => value - before[i]!));
  const inÅ = <T extends number[]>(place: T) => place.map((x) => x * boxLength) as T;

  const spectra = await trial.crossSpectra(neutral, rings);
  const first = peakInSpace(spectra, trial.rotations);
  // Refined once: the farther off a model is, the less accurate is the offset from its cross-correlation.
  const rest = peakInSpace(await trial.crossSpectra(moved(neutral, first), rings), trial.rotations);
  const offset = first.map((x, axis) => x + rest[axis]!) as Triple;
  const shift = peakInPlane(spectra);
  const own = ownShifts(spectra);
  return {
    sample: sample.length,
    // An image of a tilt series has a small part of the exposure: the best of all shifts is chance in either pose.
    ownPose: context.targets.particleOf ? undefined : await measureOwnPose(trial, spectra),
    offset: { ...(await gainBy(moved(neutral, offset))), by: inÅ(offset) },
    shift: { ...(await gainBy(neutral, shift)), by: inÅ(shift) },
    ownShift: { ...gainOf(own.gain), by: own.rms * boxLength },
    scale: await bestScale((factor) => trial.scores(scaledModel(neutral, factor))),
    defocus: await bestDefocus(context, options),
  };
}

/** The best factor on the defocus of all particles. */
async function bestDefocus(
  context: ProjectionContext,
  options: MisfitOptions,
): Promise<FittedFactor | undefined> {
  const { weights, ctf } = options;
  const particles = evenly(options.particles, defocusSampleSize);
  const ctfs = Array.from(particles, (i) => ctf?.(i)).filter((one) => one !== undefined);
  if (ctfs.length < particles.length) return undefined;
  const frc = await new Trial(context, particles, options).frc();
  const modelPower = await new Trial(context, evenly(particles, powerSampleSize), options).modelPower();
  const { boxSize, apix } = context.neutral;
  return fitDefocus({ particles, frc, ctfs, weights, modelPower, boxLength: boxSize * apix });
}

/** A model whose centres are moved, in box units. */
function moved(model: GaussianModel, by: Readonly<Triple>): GaussianModel {
  const params = model.params.slice();
  for (let axis = 0; axis < 3; axis++) {
    for (let i = 0; i < model.count; i++) params[axis * model.count + i]! += by[axis]!;
  }
  return { ...model, params };
}

/** Mean gain and its standard error. */
function gainOf(values: Float64Array): Gain {
  const { mean, standardError } = meanAndError(values);
  return { gain: mean, standardError };
}
