import { maps } from "e2gmm";
import { inner } from "./gpuParts";

const { SplineReader, splineCoefficients } = inner("./correction/cubicSpline");

/** Turns in degrees and shifts in voxels: Euler vector and translation. */
type Placement = Float64Array;

/** A cubic map turned by a rotation vector about its middle and moved. */
function placed(
  reader: { at(x: number, y: number, z: number): number },
  n: number,
  p: Placement,
): Float32Array {
  const angle = (Math.hypot(p[0]!, p[1]!, p[2]!) * Math.PI) / 180 || 1e-12;
  const [x, y, z] = [p[0]!, p[1]!, p[2]!].map((v) => (v * Math.PI) / 180 / angle) as [number, number, number];
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const d = 1 - c;
  const r = [
    [c + x * x * d, x * y * d - z * s, x * z * d + y * s],
    [y * x * d + z * s, c + y * y * d, y * z * d - x * s],
    [z * x * d - y * s, z * y * d + x * s, c + z * z * d],
  ] as const;
  const m = Math.floor(n / 2);
  const out = new Float32Array(n ** 3);
  for (let k = 0, i = 0; k < n; k++)
    for (let j = 0; j < n; j++)
      for (let h = 0; h < n; h++, i++) {
        const v = [h - m - p[3]!, j - m - p[4]!, k - m - p[5]!] as const;
        const at = [0, 1, 2].map(
          (a) => r[0]![a]! * v[0] + r[1]![a]! * v[1] + r[2]![a]! * v[2] + m,
        ) as number[];
        if (at.every((u) => u >= 1 && u <= n - 2)) out[i] = reader.at(at[0]!, at[1]!, at[2]!);
      }
  return out;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/**
 * Where a map has to be moved to lie best on another one, both smooth: refined poses may turn the frame of a state, which no correction can know.
 * One number after the other is changed by steps that get smaller, in a box of at most 48 voxels.
 */
export function placementOn(map: maps.Volume, target: maps.Volume): Placement {
  const n = Math.min(48, map.size[0]);
  const reader = readerOf(maps.resize(map, { size: n }));
  const { data } = maps.resize(target, { size: n });
  const best = new Float64Array(6);
  let score = correlation(placed(reader, n, best), data);
  for (let step = 4; step > 0.2; step /= 2)
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 6; i++)
        for (const sign of [1, -1]) {
          const next = best.slice();
          next[i]! += sign * step * (i < 3 ? 1 : 0.25);
          const found = correlation(placed(reader, n, next), data);
          if (found <= score) continue;
          score = found;
          best.set(next);
        }
  return best.map((x, i) => (i < 3 ? x : (x * map.size[0]) / n));
}

/** The map moved. */
export const moved = (map: maps.Volume, placement: Placement): maps.Volume => ({
  ...map,
  data: placed(readerOf(map), map.size[0], placement),
});

const readerOf = (map: maps.Volume) =>
  new SplineReader(splineCoefficients(map.data, map.size[0]), map.size[0]);
