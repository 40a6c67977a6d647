import { fft3Real, ifft3Real } from "../fourier/fft";
import type { Volume } from "../maps/volume";
import { mobilityClasses } from "./mobilityClasses";
import type { ShareProgress } from "./shareStore";
import { shellNumbers } from "./shells";
import { isCorrectionBetter, shellWeights } from "./shellWeights";
import type { StateHalf } from "./stateGroups";

/** Maps from the first and the second half of the particles, and from all. */
export interface HalvesAndBoth {
  half1: Volume;
  half2: Volume;
  both: Volume;
}

/** Places that fewer of the particles show than this get no more weight. */
const leastKnown = 0.25;

/** The maps of a state. */
export interface StateMaps {
  corrected: HalvesAndBoth;
  /** From the nearest particles alone, [S · S · S]; their scale differs. */
  near: readonly [Float32Array, Float32Array];
  /** For each part of the molecule and each shell the fraction of the particles that count, as if each counted as a whole. */
  fractions: Float64Array[];
}

/**
 * Joins the groups of both halves: in each part of the molecule and each shell every group counts as {@link shellWeights} says. Where nothing
 * moves, or the correction is no better, the maps are those without it.
 */
export function stateMaps(
  halves: readonly [StateHalf, StateHalf],
  plain: HalvesAndBoth,
  { means }: Pick<ShareProgress, "means">,
): StateMaps {
  const { size, apix } = plain.half1;
  const n = size[0];
  const mask = halves[0].mask.map((x, i) => Math.max(x, halves[1].mask[i]!));
  const parts = mobilityClasses(halves[0].squares.map((x, i) => Math.sqrt((x + halves[1].squares[i]!) / 2)));
  const isBetter = isCorrectionBetter(halves, mask, n);
  const weights = parts.map((part) =>
    isBetter
      ? shellWeights(
          halves,
          part.map((x, i) => x * mask[i]!),
          n,
        )
      : undefined,
  );
  const changes = halves.map((half) => changeOf(half, parts, weights)) as [Float32Array, Float32Array];
  const of = shellNumbers(n);
  // As much of each half as it has of the weights; a padded transform has twice as many shells.
  const inBoth = changes.map((change, half) => {
    const transform = fft3Real(change, size);
    for (const [i, shell] of of.entries()) {
      const [a, b] = means.map((own) => own[Math.min(2 * shell, own.length - 1)]!) as [number, number];
      const share = a + b > 0 ? (half === 0 ? a : b) / (a + b) : 0;
      transform[2 * i]! *= share;
      transform[2 * i + 1]! *= share;
    }
    return ifft3Real(transform, size);
  });
  const known = halves.map((half) => half.known);
  const whole = halves[0].particles + halves[1].particles;
  const finished = (
    map: Volume,
    added: readonly ArrayLike<number>[],
    parts: (i: number) => number,
  ): Volume => ({
    ...{ size, apix },
    data: map.data.map(
      (x, i) => added.reduce((sum, one) => sum + one[i]!, x) / Math.max(parts(i), leastKnown),
    ),
  });
  return {
    corrected: {
      half1: finished(plain.half1, [changes[0]], (i) => known[0]![i]!),
      half2: finished(plain.half2, [changes[1]], (i) => known[1]![i]!),
      both: finished(
        plain.both,
        inBoth,
        (i) => (halves[0].particles * known[0]![i]! + halves[1].particles * known[1]![i]!) / whole,
      ),
    },
    near: [halves[0].groups[0]!.corrected, halves[1].groups[0]!.corrected],
    fractions: weights.map((own) =>
      Float64Array.from({ length: Math.floor(n / 2) + 1 }, (_, s) =>
        own === undefined
          ? 1
          : own.reduce((sum, w, g) => {
              const members = halves[0].groups[g]!.particles + halves[1].groups[g]!.particles;
              return sum + (w[s]! * members) / whole;
            }, 0),
      ),
    ),
  };
}

/** The map of a half with its groups weighted, less the plain one. */
function changeOf(
  { groups, plain }: StateHalf,
  parts: readonly Float32Array[],
  weights: readonly (Float64Array[] | undefined)[],
): Float32Array {
  const n = Math.round(Math.cbrt(plain.length));
  const change = plain.map((x) => -x);
  const of = shellNumbers(n);
  for (const [p, part] of parts.entries()) {
    const own = weights[p];
    const isWhole = own?.every((w) => w.every((x) => x === 1));
    const joined = own === undefined ? plain : isWhole ? sumOf(groups) : weighted(groups, own, { n, of });
    for (let i = 0; i < change.length; i++) change[i]! += part[i]! * joined[i]!;
  }
  return change;
}

function sumOf(groups: StateHalf["groups"]): Float32Array {
  const sum = new Float32Array(groups[0]!.corrected.length);
  for (const { corrected } of groups) for (let i = 0; i < sum.length; i++) sum[i]! += corrected[i]!;
  return sum;
}

/** Σ w_g m_g / Σ w_g f_g in each shell, on the scale of the map of all. */
function weighted(
  groups: StateHalf["groups"],
  weights: readonly Float64Array[],
  { n, of }: { n: number; of: Int32Array },
): Float32Array {
  const last = weights[0]!.length - 1;
  const total = Float64Array.from({ length: last + 1 }, (_, s) =>
    weights.reduce((sum, w, g) => sum + w[s]! * groups[g]!.fraction[s]!, 0),
  );
  let joined: Float32Array | undefined;
  for (const [g, w] of weights.entries()) {
    const transform = fft3Real(groups[g]!.corrected, [n, n, n]);
    joined ??= new Float32Array(transform.length);
    for (let i = 0; i < of.length; i++) {
      const s = Math.min(of[i]!, last);
      const factor = total[s]! > 0 ? w[s]! / total[s]! : 0;
      joined[2 * i]! += factor * transform[2 * i]!;
      joined[2 * i + 1]! += factor * transform[2 * i + 1]!;
    }
  }
  return ifft3Real(joined!, [n, n, n]);
}
