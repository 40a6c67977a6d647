/** Parts of the scale in which numbers are counted. */
export const countedParts = 30;

const known = new WeakMap<Float32Array, { low: number; high: number; counts: Uint32Array }>();

/**
 * Numbers in {@link countedParts} equal parts of a scale. The first and the last part hold those beyond it, too; what is no number is
 * not counted. Remembered for the last scale of each array, as an end is dragged over the same numbers.
 */
export function valueCounts(values: Float32Array, low: number, high: number): Uint32Array {
  const before = known.get(values);
  if (before?.low === low && before.high === high) return before.counts;
  const counts = new Uint32Array(countedParts);
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const part = Math.floor(((value - low) / (high - low)) * countedParts);
    counts[Math.min(Math.max(part, 0), countedParts - 1)]!++;
  }
  known.set(values, { low, high, counts });
  return counts;
}
