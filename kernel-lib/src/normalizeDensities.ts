/** Replaces logarithms of densities by the densities divided by their sum. @returns the logarithm of the sum */
export function normalizeDensities(logarithms: Float64Array): number {
  const k = logarithms.length;
  let highest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < k; c++) if (logarithms[c]! > highest) highest = logarithms[c]!;
  let sum = 0;
  for (let c = 0; c < k; c++) {
    logarithms[c] = Math.exp(logarithms[c]! - highest);
    sum += logarithms[c]!;
  }
  for (let c = 0; c < k; c++) logarithms[c]! /= sum;
  return highest + Math.log(sum);
}
