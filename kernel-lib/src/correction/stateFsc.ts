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
 * @returns for each shell 0 … ⌊S/2⌋ a value from −1 to 1, or NaN where the nearest particles show nothing; and the FSC of the half maps in
 *   the same mask, which halves that err independently of each other have from the square of it
 */
export function stateFsc(
  maps: readonly [Volume, Volume],
  near: readonly [Volume, Volume],
  mask: Float32Array,
): { stateFsc: Float64Array; maskedFsc: Float64Array } {
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
  const sums = Array.from({ length: 6 }, () => new Float64Array(shells));
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
        [m1, m2],
      ] as const
    ).entries())
      add(sums[k]!, shell, i, [pair[0], pair[1]]);
  }
  const at = (r: number) => sums.map((sum) => sum[r]!) as [number, number, number, number, number, number];
  const within = (x: number) => Math.max(-1, Math.min(1, x));
  return {
    stateFsc: Float64Array.from({ length: shells }, (_, r) => {
      const [m1b, m2a, m1m1, m2m2, ab] = at(r);
      if (!(ab > 0)) return Number.NaN;
      const half = (cross: number, power: number) => cross / Math.sqrt(power * ab);
      return within((half(m1b, m1m1) + half(m2a, m2m2)) / 2);
    }),
    maskedFsc: Float64Array.from({ length: shells }, (_, r) => {
      const [, , m1m1, m2m2, , m1m2] = at(r);
      return m1m1 > 0 && m2m2 > 0 ? within(m1m2 / Math.sqrt(m1m1 * m2m2)) : 0;
    }),
  };
}

/** Excess of agreement that is told, and over how many shells: that of few particles scatters. */
const told = { excess: 0.1, shells: 3, least: 0.143 };

/**
 * The first and the last of the shells over which half maps agree by more than 0.1 beyond the square of what each has of the state: there
 * both err alike. Shells beyond the 0.143 of the halves do not count. Undefined if there are fewer than three of them in a row.
 */
export function commonError({
  stateFsc,
  maskedFsc,
}: {
  stateFsc: Float64Array;
  maskedFsc: Float64Array;
}): { first: number; last: number; excess: number } | undefined {
  let found: { first: number; last: number; excess: number } | undefined;
  let from = 1;
  for (let s = 1; s <= maskedFsc.length; s++) {
    const inside = s < maskedFsc.length && maskedFsc[s]! >= told.least;
    if (inside && maskedFsc[s]! - Math.max(0, stateFsc[s]!) ** 2 > told.excess) continue;
    if (s - from >= told.shells) {
      const run = Array.from(
        { length: s - from },
        (_, k) => maskedFsc[from + k]! - Math.max(0, stateFsc[from + k]!) ** 2,
      );
      const excess = run.reduce((sum, x) => sum + x, 0) / run.length;
      found = { first: found?.first ?? from, last: s - 1, excess: Math.max(found?.excess ?? 0, excess) };
    }
    if (!inside) break;
    from = s + 1;
  }
  return found;
}
