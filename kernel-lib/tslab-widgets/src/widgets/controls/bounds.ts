/** Corrections that keep values between bounds. */

function checkBounds(min: number, max: number): void {
  if (min > max) throw new TypeError(`min ${min} is above max ${max}`);
}

const clamp = (value: number, min: number, max: number) => Math.min(max, Math.max(min, value));

/** The value, brought between `min` and `max`. @throws TypeError if `min` is above `max` */
export function bounded({ value, min, max }: { value: number; min: number; max: number }) {
  checkBounds(min, max);
  return { value: clamp(value, min, max) };
}

/**
 * A pair of numbers, in order and brought between `min` and `max`. The same array is returned where nothing changes.
 * @throws TypeError if `min` is above `max`
 */
export function boundedRange({ value, min, max }: { value: readonly number[]; min: number; max: number }) {
  checkBounds(min, max);
  const ordered = value.map((end) => clamp(end, min, max)).sort((a, b) => a - b);
  return { value: ordered.every((end, i) => end === value[i]) ? value : ordered };
}
