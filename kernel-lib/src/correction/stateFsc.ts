import { fft3Real } from "../fourier/fft";
import type { Volume } from "../maps/volume";
import { shellNumbers } from "./shells";

/**
 * What a half map's correlation with the true state is, shell by shell, judged by the particles nearest to the state: their maps A and
 * B of either half are the state with independent noise, so that ⟨M₁·B⟩ / √(⟨M₁²⟩ ⟨A·B⟩), averaged over both halves, tells the
 * correlation of a half map M with the state itself. A correction that errs alike in both halves makes them agree without being right;
 * this it does not raise.
 *
 * @param maps half maps of the state, from all particles
 * @param near half maps of the nearest particles alone
 * @param mask multiplied to all, [S · S · S]
 * @returns for each shell 0 … ⌊S/2⌋ a value from −1 to 1, or NaN where the nearest particles show nothing
 */
export function stateFsc(
  maps: readonly [Volume, Volume],
  near: readonly [Volume, Volume],
  mask: Float32Array,
): Float64Array {
  const { size } = maps[0];
  const n = size[0];
  const transform = ({ data }: Volume) =>
    fft3Real(
      data.map((x, i) => x * mask[i]!),
      size,
    );
  const [m1, m2] = [transform(maps[0]), transform(maps[1])];
  const [a, b] = [transform(near[0]), transform(near[1])];
  const shells = Math.floor(n / 2) + 1;
  const of = shellNumbers(n);
  const sums = Array.from({ length: 5 }, () => new Float64Array(shells));
  const add = (sum: Float64Array, shell: number, i: number, [x, y]: [Float32Array, Float32Array]) => {
    sum[shell]! += x[2 * i]! * y[2 * i]! + x[2 * i + 1]! * y[2 * i + 1]!;
  };
  for (const [i, shell] of of.entries()) {
    if (shell >= shells) continue;
    for (const [k, pair] of (
      [
        [m1, b],
        [m2, a],
        [m1, m1],
        [m2, m2],
        [a, b],
      ] as const
    ).entries())
      add(sums[k]!, shell, i, [pair[0], pair[1]]);
  }
  return Float64Array.from({ length: shells }, (_, r) => {
    const [m1b, m2a, m1m1, m2m2, ab] = sums.map((sum) => sum[r]!) as [number, number, number, number, number];
    if (!(ab > 0)) return Number.NaN;
    const half = (cross: number, power: number) => cross / Math.sqrt(power * ab);
    return Math.max(-1, Math.min(1, (half(m1b, m1m1) + half(m2a, m2m2)) / 2));
  });
}
