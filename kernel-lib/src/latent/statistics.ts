import { pearson, sameLength } from "../pearson";

export { pearson };

/**
 * Spearman's rank correlation coefficient of two sequences; equal values share the mean of their ranks. NaN if one is
 * constant or contains NaN.
 * @throws RangeError for sequences of different lengths
 * @example
 * ```ts
 * const rho = e2.latent.spearman([1, 2, 3], [2, 4, 70]); // 1
 * ```
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  sameLength(a, b);
  return pearson(ranks(a), ranks(b));
}

/**
 * Ranks from 0; equal values share the mean of their ranks. The rank of NaN is NaN.
 * @example
 * ```ts
 * const order = e2.latent.ranks([10, 30, 10]); // [0.5, 2, 0.5]
 * ```
 */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i)
    .filter((i) => !Number.isNaN(values[i]))
    .sort((i, j) => (values[i]! < values[j]! ? -1 : values[i]! > values[j]! ? 1 : 0));
  const out = new Float64Array(values.length).fill(Number.NaN);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) out[order[i]!] = (from + to - 1) / 2;
    from = to;
  }
  return out;
}
