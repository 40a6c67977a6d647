import type { Outlier } from "../../training/agreement/agreement";
import type { Run } from "../../training/runs/run";
import type { ScatterColumn } from "./table";

/** Name of the column that tells outliers. */
export const OUTLIERS = "agreement";

/** Particles of a run by whether they agree with its neutral model, and why not; undefined where all do. */
export async function outlierColumn(run: Run): Promise<ScatterColumn | undefined> {
  const { outliers, particles } = run.record;
  return outliers && { name: OUTLIERS, values: agreementWords(await run.outliers(), particles) };
}

/** A word for each of so many particles. */
export function agreementWords(outliers: readonly Outlier[], particles: number): string[] {
  const words = new Array<string>(particles).fill("agrees");
  for (const { index, reason } of outliers) words[index] = reason;
  return words;
}
