/** Part of an array to select in, both ends included, and an array that is permuted along. */
export interface QuickselectOptions {
  /** First index. Default 0. */
  from?: number;
  /** Last index. Default: the last of `keys`. */
  to?: number;
  /** Permuted in the same way as `keys`, such as the rows that the keys belong to. */
  companion?: Uint32Array;
}

/**
 * Hoare's selection: partially sorts `keys` in place so that none before index `k` is larger than `keys[k]` and none
 * after it is smaller.
 * @returns `keys[k]`, the same as after a full sort
 */
export function quickselect(
  keys: Float32Array | Float64Array,
  k: number,
  options: QuickselectOptions = {},
): number {
  const { from = 0, to = keys.length - 1, companion } = options;
  let low = from;
  let high = to;
  while (low < high) {
    // The median of three keeps sorted and reversed input fast.
    const [a, b, c] = [keys[low]!, keys[(low + high) >>> 1]!, keys[high]!];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let i = low;
    let j = high;
    while (i <= j) {
      while (keys[i]! < pivot) i++;
      while (keys[j]! > pivot) j--;
      if (i > j) break;
      const key = keys[i]!;
      keys[i] = keys[j]!;
      keys[j] = key;
      if (companion) {
        const row = companion[i]!;
        companion[i] = companion[j]!;
        companion[j] = row;
      }
      i++;
      j--;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return keys[k]!;
}
