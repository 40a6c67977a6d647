import { median } from "../median";

/** Residuals beyond this many standard deviations count as this many. */
const bound = 2;
const iterations = 12;
/** Median absolute deviation of a standard normal number. */
const normalDeviation = 0.6745;

/**
 * Residuals of a regression in which a few values that are far away have little influence: Huber's estimate by pseudo-values (Robust
 * Statistics, 1981, 7.8), with the scale from the median absolute deviation.
 * @param columns orthonormal, and orthogonal to a constant, [n] each
 * @returns residuals, whose median is 0
 */
export function robustResiduals(values: Float64Array, columns: readonly Float64Array[]): Float64Array {
  const n = values.length;
  let fit: Float64Array = new Float64Array(n).fill(median(values));
  for (let step = 0; step < iterations; step++) {
    const residuals = values.map((x, i) => x - fit[i]!);
    const limit = bound * scaleOf(residuals);
    const pseudo = residuals.map((r, i) => fit[i]! + Math.max(-limit, Math.min(limit, r)));
    const mean = pseudo.reduce((sum, x) => sum + x / n, 0);
    const next = new Float64Array(n).fill(mean);
    for (const column of columns) {
      const along = column.reduce((sum, c, i) => sum + c * pseudo[i]!, 0);
      for (let i = 0; i < n; i++) next[i]! += along * column[i]!;
    }
    fit = next;
  }
  const residuals = values.map((x, i) => x - fit[i]!);
  const middle = median(residuals);
  return residuals.map((r) => r - middle);
}

/** Median, and standard deviation from the median absolute deviation, 1 if that is 0. */
export function robustDeviation(values: Float64Array): { middle: number; deviation: number } {
  const middle = median(values);
  return { middle, deviation: scaleOf(values.map((x) => x - middle)) };
}

function scaleOf(residuals: Float64Array): number {
  return median(residuals.map(Math.abs)) / normalDeviation || 1;
}
