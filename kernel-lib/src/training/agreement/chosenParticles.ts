import type { ParticleSet } from "../../particles/particleSet";
import type { ParticleTargets } from "../../particles/targets";
import type { TaskOptions } from "../../progress";
import type { Trainer } from "../trainer";
import type { Agreement, Outlier } from "./agreement";
import {
  agreementError,
  coarseAgreement,
  type Judged,
  misfitSentences,
  outlierWarning,
  poseError,
} from "./agreementReport";
import type { FittedFactor, ImageCtf } from "./defocusFit";

/** How the result of the first pass over the data is used. */
export interface ParticleChoice {
  judged: Judged;
  /** Whether outliers are used anyway. */
  keepOutliers: boolean;
  /** Whether the model is known to be in another frame than the poses: then sizes tell nothing. Default false. */
  isTurned?: boolean;
  /** Called with a sentence about what is excluded or does not fit. */
  onWarning: (warning: string) => void;
}

/** The particles to use, ascending. @throws InputError if particles and model do not agree */
export function chosenParticles(
  agreement: Agreement,
  { judged, keepOutliers, onWarning }: ParticleChoice,
): Int32Array {
  const error = agreementError(agreement, judged);
  if (error) throw error;
  const images = judged.set.tilts();
  const outliers = agreement.outliers.map((outlier) => ({
    ...outlier,
    index: images.particleOf?.[outlier.index] ?? outlier.index,
  }));
  if (outliers.length > 0) onWarning(outlierWarning(outliers, judged.set.count, keepOutliers));
  return keepOutliers ? allParticles(images.count) : agreement.kept;
}

/** The particles of a resumed run, ascending: all but its outliers; of tilt series their images. */
export function particlesWithout(
  { count, particleOf }: Pick<ParticleTargets, "count" | "particleOf">,
  outliers: readonly Outlier[],
): Int32Array {
  const excluded = new Set(outliers.map(({ index }) => index));
  return allParticles(count).filter((i) => !excluded.has(particleOf?.[i] ?? i));
}

const allParticles = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

/** How well particles and neutral model fit each other: `fit` in `run.json`. */
export interface Fit {
  /** The best factor on the size of the model; undefined if none is best. */
  scale?: FittedFactor;
  /** The best factor on the defocus of all particles; undefined without CTFs, and if none is best. */
  defocus?: FittedFactor;
  /** What does not fit, in sentences; undefined for nothing. */
  misfit?: string[];
}

/**
 * Measures how the chosen particles would fit the model better: after moving or scaling one of them, or with another defocus. Warns
 * of what is significant.
 * @throws InputError if the poses do not belong to the images, unless outliers are kept
 */
export async function checkFit(
  trainer: Trainer,
  { judged, keepOutliers, isTurned = false, onWarning }: ParticleChoice,
  options: TaskOptions,
): Promise<Fit> {
  const { agreement, weights } = await trainer.prepare(options);
  const { set } = judged;
  const images = set.tilts();
  const found = await trainer.misfit({ ...options, ctf: (i) => imageCtf(images, i) });
  const { scale, defocus } = found;
  const error = poseError(found, judged);
  if (error && !keepOutliers) throw error;
  const misfit = error ? [error.message] : misfitSentences(found, judged, isTurned);
  const coarse = coarseAgreement(agreement, weights.lastRing, judged);
  for (const warning of misfit) onWarning(warning);
  if (misfit.length === 0 && coarse !== undefined) onWarning(coarse);
  return { ...(scale && { scale }), ...(defocus && { defocus }), ...(misfit.length > 0 && { misfit }) };
}

/** The CTF of a particle, and what was done with it before. */
function imageCtf(set: ParticleSet, i: number): ImageCtf | undefined {
  const ctf = set.ctf(i);
  return ctf && { ctf, premultiplied: set.opticsGroup(i).ctfPremultiplied };
}
