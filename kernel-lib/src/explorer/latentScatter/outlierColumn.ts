import type { Outlier } from "../../training/agreement/agreement";
import type { Run } from "../../training/runs/run";
import type { ScatterColumn } from "./table";

/** Name of the column of outliers. */
const outlierColumnName = "agreement";

/** Name of the column of their scores. */
const scoreColumnName = "outlier score";

/**
 * Whether the particles of a run agree with its neutral model, or why not, and the scores of those that do not, in standard deviations
 * of noise; NaN for those that agree. No columns if all agree.
 */
export async function outlierColumns(run: Run): Promise<ScatterColumn[]> {
  const { outliers: any, particles } = run.record;
  if (!any) return [];
  const outliers = await run.outliers();
  const scores = new Float32Array(particles).fill(Number.NaN);
  for (const { index, score } of outliers) scores[index] = score;
  return [
    { name: outlierColumnName, values: agreementWords(outliers, particles) },
    { name: scoreColumnName, values: scores },
  ];
}

/** `agrees`, or the reason why a particle is an outlier, for each particle. */
export function agreementWords(outliers: readonly Outlier[], particles: number): string[] {
  const words = new Array<string>(particles).fill("agrees");
  for (const { index, reason } of outliers) words[index] = reason;
  return words;
}
