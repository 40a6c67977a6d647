import { meanAndError } from "../agreement/moments";
import type { EvidenceGain } from "./evidence";

/** The gain of differences in log-likelihood, one of each particle. */
export function gainOf(differences: Float64Array): EvidenceGain {
  const { mean, standardError } = meanAndError(differences);
  return { gain: mean, standardError };
}
