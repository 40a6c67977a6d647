/**
 * exp(sign·2πi k·⌊n/2⌋/n) for k = first … last, interleaved (re, im): moves the origin of the transform of n pixels from
 * index 0 to ⌊n/2⌋ (sign 1), or back (−1).
 */
export function originPhases(
  n: number,
  { first = 0, last, sign = 1 }: { first?: number; last: number; sign?: 1 | -1 },
): Float64Array {
  const phases = new Float64Array(2 * (last - first + 1));
  const origin = Math.floor(n / 2);
  for (let k = first; k <= last; k++) {
    const at = 2 * (k - first);
    if (2 * origin === n) {
      phases[at] = k % 2 === 0 ? 1 : -1;
    } else {
      // The modulo keeps the angle small, and with it the rounding error.
      const angle = (sign * 2 * Math.PI * ((k * origin) % n)) / n;
      phases[at] = Math.cos(angle);
      phases[at + 1] = Math.sin(angle);
    }
  }
  return phases;
}
