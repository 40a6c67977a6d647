import type { Outlier } from "../agreement/agreement";
import type { RunRecord } from "./runRecord";

/** A run, or its folder and record. */
interface OutliersOfRun {
  record: Pick<RunRecord, "outliers">;
  /** Particles that do not agree with the neutral model. */
  outliers(): Promise<Outlier[]>;
}

/**
 * Particles that took part in the training of a run, ascending: all but the outliers, unless these were kept.
 * @param count particles of the run
 */
export async function usedParticles({ record, outliers }: OutliersOfRun, count: number): Promise<Int32Array> {
  const leftOut = new Set(record.outliers?.kept ? [] : (await outliers()).map(({ index }) => index));
  return Int32Array.from({ length: count }, (_, i) => i).filter((i) => !leftOut.has(i));
}
