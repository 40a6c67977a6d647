import type { Outlier } from "../../training/agreement/agreement";
import type { Run } from "../../training/runs/run";
import type { ScatterColumn } from "./table";

/** Name of the column of outliers. */
const outlierColumnName = "agreement";

/** Whether the particles of a run agree with its neutral model, or why not; undefined if all agree. */
export async function outlierColumn(run: Run): Promise<ScatterColumn | undefined> {
  const { outliers, particles } = run.record;
  return outliers && { name: outlierColumnName, values: agreementWords(await run.outliers(), particles) };
}

/** `agrees`, or the reason why a particle is an outlier, for each particle. */
export function agreementWords(outliers: readonly Outlier[], particles: number): string[] {
  const words = new Array<string>(particles).fill("agrees");
  for (const { index, reason } of outliers) words[index] = reason;
  return words;
}
