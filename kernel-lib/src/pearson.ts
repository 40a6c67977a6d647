/**
 * Pearson's correlation coefficient of two sequences; NaN if one is constant or contains NaN.
 * @throws RangeError for sequences of different lengths
 * @example
 * ```ts
 * const r = e2.latent.pearson([1, 2, 3], [2, 4, 7]);
 * ```
 */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = sameLength(a, b);
  let meanA = 0;
  let meanB = 0;
  for (let i = 0; i < n; i++) {
    meanA += a[i]! / n;
    meanB += b[i]! / n;
  }
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < n; i++) {
    const da = a[i]! - meanA;
    const db = b[i]! - meanB;
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return ab / Math.sqrt(aa * bb);
}

export function sameLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length)
    throw new RangeError(`expected sequences of equal length, found ${a.length} and ${b.length}`);
  return a.length;
}
