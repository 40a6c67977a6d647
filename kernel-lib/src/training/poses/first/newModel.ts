import { ringsOfBox } from "../../../fourier/trainingBox";
import { resizeVolume } from "../../../maps/resize";
import type { Volume } from "../../../maps/volume";
import { modelDensity } from "../../../model/density";
import { boxLengthOf, type GaussianModel, withOrigin } from "../../../model/gaussianModel";
import { growNeutralModel } from "../../../model/growNeutralModel";
import type { ParticleSet } from "../../../particles/particleSet";
import type { TaskOptions } from "../../../progress";
import type { EngineChoice } from "../../../projection/engines";
import { type FscCurve, fourierShellCorrelation } from "../../../reconstruction/fsc";
import { refineConsensusPoses } from "../consensusPoses";

/** Particles whose poses tell the frame of a model. */
const frameSample = 400;
/** Priors about the frame: wide, so that they do not matter. */
const framePrior = { rotation: 5, shift: 5 };

/**
 * Mean Fourier shell correlation of a model and a map, over the shells in which half maps of it correlate by at least a half. The
 * model of a map of the same particles describes it there.
 */
export function likenessToMap(model: GaussianModel, map: Volume, halves: FscCurve): number {
  const size = Math.min(model.boxSize, map.size[0]);
  const { fsc } = fourierShellCorrelation(
    modelDensity(model, { boxSize: size }),
    resizeVolume(map, { size }),
  );
  let last = 1;
  while (last + 1 < Math.min(fsc.length, halves.fsc.length) && halves.fsc[last + 1]! >= 0.5) last++;
  return fsc.subarray(1, last + 1).reduce((sum, value) => sum + value, 0) / last;
}

/** A model of a map like another one: as many Gaussians, the same box, and the finest resolution that it holds. */
export async function modelLike(
  given: GaussianModel,
  map: Volume,
  task: TaskOptions & { seed: number },
): Promise<GaussianModel> {
  const { boxSize, count, origin } = given;
  const { model } = await growNeutralModel(map, {
    ...{ ...task, boxSize, gaussians: count },
    resolution: boxLengthOf(given) / ringsOfBox(boxSize),
  });
  return { ...model, ...withOrigin(origin) };
}

/** The common motion of all poses that a model asks for: how far its frame is from that of the poses, in degrees and Å. */
export async function frameOf(
  model: GaussianModel,
  particles: ParticleSet,
  options: TaskOptions & { resolution: number; engine?: EngineChoice },
): Promise<{ angle: number; shift: number }> {
  const sample = Math.min(frameSample, particles.count);
  const indices = Array.from({ length: sample }, (_, k) => Math.floor((k * particles.count) / sample));
  const { report } = await refineConsensusPoses(particles.select(indices), model, {
    ...options,
    prior: framePrior,
  });
  return report.moved.common;
}
