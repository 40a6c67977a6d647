import type { FscCurve } from "../../../reconstruction/fsc";

/** Shells up to the last in which one of two curves is at least this are compared. */
const threshold = 0.143;

/** Difference of two Fourier shell correlations of half maps. */
export interface HalfMapGain {
  /** Mean difference over the shells that are compared. */
  gain: number;
  /** Standard error of the mean of one curve from the scatter of its shells; that of the difference is smaller. */
  standardError: number;
  /** The last shell that is compared. */
  lastShell: number;
}

/**
 * Whether half maps agree better after a change of poses than before: mean difference of their Fourier shell correlations over
 * the shells down to 0.143. The standard error of a correlation f of n independent samples is (1 − f²)/√n.
 * @param copies operators of the point group: so many samples of a symmetric map are the same
 */
export function halfMapGain(before: FscCurve, after: FscCurve, copies = 1): HalfMapGain {
  const { shell } = before;
  let last = 1;
  while (last + 1 < shell.length && Math.max(before.fsc[last + 1]!, after.fsc[last + 1]!) >= threshold)
    last++;
  let [sum, variance] = [0, 0];
  for (let r = 1; r <= last; r++) {
    sum += after.fsc[r]! - before.fsc[r]!;
    // Half of the samples of a shell are independent.
    variance += ((1 - after.fsc[r]! ** 2) ** 2 * copies) / (2 * Math.PI * r * r);
  }
  return { gain: sum / last, standardError: Math.sqrt(variance) / last, lastShell: last };
}

/** A gain with its standard error, such as `mean FSC +0.0124 ± 0.0031`. */
export function halfMapGainText({
  gain,
  standardError,
}: Pick<HalfMapGain, "gain" | "standardError">): string {
  return `mean FSC ${gain < 0 ? "−" : "+"}${Math.abs(gain).toFixed(4)} ± ${standardError.toFixed(4)}`;
}
