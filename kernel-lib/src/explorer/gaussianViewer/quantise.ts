/** Numbers in 16 bits: `data` in steps of 1/65535 from `low` to `high`. */
export interface Quantised {
  data: Uint16Array;
  low: number;
  high: number;
}

/** Rounds numbers to 65,536 levels between the lowest and the highest; all zero if there is none. */
export function quantise(values: ArrayLike<number>): Quantised {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  const data = new Uint16Array(values.length);
  const scale = high > low ? 65535 / (high - low) : 0;
  for (let i = 0; i < values.length; i++) data[i] = Math.round((values[i]! - low) * scale);
  return { data, low: Number.isFinite(low) ? low : 0, high: Number.isFinite(high) ? high : 0 };
}
