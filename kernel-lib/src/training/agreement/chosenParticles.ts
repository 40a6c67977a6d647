import type { TaskOptions } from "../../progress";
import type { Trainer } from "../trainer";
import type { Agreement, Outlier } from "./agreement";
import { agreementRefusal, type Judged, misfitNotices, outlierNotice, poseRefusal } from "./agreementReport";

/** How a training takes what the first pass over the data finds. */
export interface ChoiceOfParticles {
  judged: Judged;
  /** Whether particles that do not agree with the neutral model are used all the same. */
  keepOutliers: boolean;
  /** Called with a sentence about what is left out, or does not fit. */
  say: (notice: string) => void;
}

/** @throws InputError where particles and model do not belong together */
export function chosenParticles(
  agreement: Agreement,
  { judged, keepOutliers, say }: ChoiceOfParticles,
): Int32Array {
  const refusal = agreementRefusal(agreement, judged);
  if (refusal) throw refusal;
  const { outliers } = agreement;
  if (outliers.length > 0) say(outlierNotice(outliers, judged.set.count, keepOutliers));
  return keepOutliers ? allParticles(judged.set.count) : agreement.kept;
}

/** The particles of a run that goes on. */
export function particlesWithout(count: number, outliers: readonly Outlier[]): Int32Array {
  const out = new Set(outliers.map(({ index }) => index));
  return allParticles(count).filter((i) => !out.has(i));
}

const allParticles = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

/**
 * Says where the particles that were chosen would fit the model better if one or the other were moved or scaled.
 * @throws InputError where their poses are not theirs
 */
export async function checkFit(
  trainer: Trainer,
  { judged, keepOutliers, say }: ChoiceOfParticles,
  task: TaskOptions,
): Promise<void> {
  const { agreement, weights } = await trainer.prepare(task);
  const misfit = await trainer.misfit(task);
  const refusal = poseRefusal(misfit, judged);
  if (refusal && !keepOutliers) throw refusal;
  const notices = refusal ? [refusal.message] : misfitNotices(misfit, agreement, weights.lastRing, judged);
  for (const notice of notices) say(notice);
}
