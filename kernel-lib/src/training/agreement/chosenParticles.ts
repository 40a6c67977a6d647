import type { TaskOptions } from "../../progress";
import type { Trainer } from "../trainer";
import type { Agreement, Outlier } from "./agreement";
import { agreementError, type Judged, misfitWarnings, outlierWarning, poseError } from "./agreementReport";

/** How the result of the first pass over the data is used. */
export interface ParticleChoice {
  judged: Judged;
  /** Whether outliers are used anyway. */
  keepOutliers: boolean;
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
  const { outliers } = agreement;
  if (outliers.length > 0) onWarning(outlierWarning(outliers, judged.set.count, keepOutliers));
  return keepOutliers ? allParticles(judged.set.count) : agreement.kept;
}

/** The particles of a resumed run, ascending: all but its outliers. */
export function particlesWithout(count: number, outliers: readonly Outlier[]): Int32Array {
  const excluded = new Set(outliers.map(({ index }) => index));
  return allParticles(count).filter((i) => !excluded.has(i));
}

const allParticles = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

/**
 * Warns if the chosen particles would fit the model better after moving or scaling one of them.
 * @throws InputError if the poses do not belong to the images, unless outliers are kept
 */
export async function checkFit(
  trainer: Trainer,
  { judged, keepOutliers, onWarning }: ParticleChoice,
  options: TaskOptions,
): Promise<void> {
  const { agreement, weights } = await trainer.prepare(options);
  const misfit = await trainer.misfit(options);
  const error = poseError(misfit, judged);
  if (error && !keepOutliers) throw error;
  const warnings = error ? [error.message] : misfitWarnings(misfit, agreement, weights.lastRing, judged);
  for (const warning of warnings) onWarning(warning);
}
