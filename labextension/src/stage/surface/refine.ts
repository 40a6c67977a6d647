import type { FloatVolume } from "./floatVolume.js";

/**
 * Values on a grid that is finer by a whole factor, by cubic convolution (R. Keys, IEEE Trans. ASSP 29, 1153, 1981; a = −1/2): voxels
 * keep their values, and the gradient is continuous. Outside the volume its border goes on.
 */
export function refined(volume: FloatVolume, factor: number): FloatVolume {
  if (factor === 1) return volume;
  let { data } = volume;
  const size = [...volume.size] as [number, number, number];
  for (let axis = 0; axis < 3; axis++) {
    data = refinedAlong(data, size, axis, factor);
    size[axis] = (size[axis]! - 1) * factor + 1;
  }
  return { data, size, apix: volume.apix / factor, origin: volume.origin };
}

function refinedAlong(
  data: Float32Array,
  size: readonly number[],
  axis: number,
  factor: number,
): Float32Array {
  const n = size[axis]!;
  const m = (n - 1) * factor + 1;
  const inner = size.slice(0, axis).reduce((a, b) => a * b, 1);
  const outer = size.slice(axis + 1).reduce((a, b) => a * b, 1);
  const weights = Array.from({ length: factor }, (_, step) => keys(step / factor));
  const out = new Float32Array(inner * m * outer);
  for (let o = 0; o < outer; o++) {
    for (let at = 0; at < m; at++) {
      const before = Math.floor(at / factor);
      const [a, b, c, d] = weights[at % factor]!;
      const row = (place: number) => inner * (Math.min(n - 1, Math.max(0, place)) + n * o);
      const [p, q, r, s] = [row(before - 1), row(before), row(before + 1), row(before + 2)];
      const to = inner * (at + m * o);
      for (let i = 0; i < inner; i++) {
        out[to + i] = a * data[p + i]! + b * data[q + i]! + c * data[r + i]! + d * data[s + i]!;
      }
    }
  }
  return out;
}

/** Weights of the four voxels around a place at a distance t behind the second. */
function keys(t: number): readonly [number, number, number, number] {
  return [
    t * (-0.5 + t * (1 - 0.5 * t)),
    1 + t * t * (-2.5 + 1.5 * t),
    t * (0.5 + t * (2 - 1.5 * t)),
    t * t * (-0.5 + 0.5 * t),
  ];
}
