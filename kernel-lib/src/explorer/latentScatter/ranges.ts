import type { ColourRange } from "./state";

/** Ranges of axes, colours and sliders. */

/** Whether a value is in a range, ends included; null is no end. A missing value, NaN, is in no range. */
export function withinRange({ low, high }: ColourRange): (value: number) => boolean {
  const from = low ?? Number.NEGATIVE_INFINITY;
  const to = high ?? Number.POSITIVE_INFINITY;
  return (value) => value >= from && value <= to;
}

/** The range of all finite values with a margin of 4 % on either side; −1 to 1 if there are none. */
export function frameOf(values: ArrayLike<number>): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < low && value !== Number.NEGATIVE_INFINITY) low = value;
    if (value > high && value !== Number.POSITIVE_INFINITY) high = value;
  }
  if (!(low <= high)) return { low: -1, high: 1 };
  const margin = high > low ? 0.04 * (high - low) : Math.max(Math.abs(high), 1) / 2;
  return { low: low - margin, high: high + margin };
}

/**
 * The range of the finite values without a fraction of them on either side; the full range if nothing else is left.
 * Estimated from about 20,000 evenly spaced values.
 * @param outside fraction on either side, 0 to 0.5
 */
export function robustRange(values: ArrayLike<number>, outside: number): { low: number; high: number } {
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const some: number[] = [];
  for (let i = 0; i < values.length; i += step) if (Number.isFinite(values[i])) some.push(values[i]!);
  if (some.length === 0) return { low: 0, high: 1 };
  const sorted = Float64Array.from(some).sort();
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!;
  const [low, high] = [at(outside), at(1 - outside)];
  if (low < high) return { low, high };
  const [first, last] = [sorted[0]!, sorted[sorted.length - 1]!];
  return first < last ? { low: first, high: last } : { low: first - 0.5, high: first + 0.5 };
}
