import { fft3Real, ifft3Real } from "../fourier/fft";
import { shellRadii } from "../fourier/shellRadii";
import type { Volume } from "../maps/volume";

/** Half maps from more and more particles: the nearest to the target state first, in the end all. */
export interface NestedMaps {
  half1: Volume;
  half2: Volume;
  both: Volume;
}

/** Standard errors by which smaller sets must be better than all particles. */
const least = 2;

/**
 * Which of several nested sets of particles gives the best map in each shell, by cross-validation between halves (as the kernel width in
 * RECOVAR; Gilles and Singer, PNAS 122, 2025). The smallest set is hardly blurred or distorted but noisy: its map of one half is the
 * truth with noise, so that the squared difference of the other half's map from it is the error of that map, plus a constant. The
 * noise grows with the frequency, so that no shell has a smaller set than those within: of all such choices the one with
 * the least error in units of the noise is taken, unless all particles everywhere are as good within two standard errors.
 *
 * @param mask where the maps are compared, [S · S · S]
 * @returns for each shell 0 … ⌊S/2⌋ the number of the set
 */
export function chooseShells(nested: readonly NestedMaps[], mask: Float32Array): Int32Array {
  const { gains, variances } = shellGains(nested, mask);
  const chosen = bestRising(gains);
  let [gain, variance] = [0, 0];
  for (const [shell, set] of chosen.entries()) {
    gain += gains[set]![shell]!;
    variance += variances[set]![shell]!;
  }
  return gain > least * Math.sqrt(variance) ? chosen : chosen.map(() => nested.length - 1);
}

/**
 * By how much each set is better than all particles: the difference of the squared errors in units of the noise of the smallest set, and its
 * variance. [sets][shells]
 */
function shellGains(
  nested: readonly NestedMaps[],
  mask: Float32Array,
): { gains: Float64Array[]; variances: Float64Array[] } {
  const { size } = nested[0]!.half1;
  const n = size[0];
  const all = nested.length - 1;
  const transforms = nested.map(({ half1, half2 }) =>
    [half1, half2].map(({ data }) =>
      fft3Real(
        data.map((x, i) => x * mask[i]!),
        size,
      ),
    ),
  );
  const shells = Math.floor(n / 2) + 1;
  const of = shellNumbers(n);
  const squared = (a: Float32Array, b: Float32Array, i: number) =>
    (a[2 * i]! - b[2 * i]!) ** 2 + (a[2 * i + 1]! - b[2 * i + 1]!) ** 2;
  const error = (r: number, i: number) =>
    squared(transforms[r]![0]!, transforms[0]![1]!, i) + squared(transforms[r]![1]!, transforms[0]![0]!, i);
  const zeros = () => nested.map(() => new Float64Array(shells));
  const [gains, squares] = [zeros(), zeros()];
  const [noise, samples] = [new Float64Array(shells), new Float64Array(shells)];
  for (const [i, shell] of of.entries()) {
    if (shell >= shells) continue;
    samples[shell]! += 1;
    noise[shell]! += error(0, i);
    const ofAll = error(all, i);
    for (let r = 0; r < all; r++) {
      const gain = ofAll - error(r, i);
      gains[r]![shell]! += gain;
      squares[r]![shell]! += gain * gain;
    }
  }
  // Neighbouring samples are alike since the mask is smaller than the box: they count as fewer.
  const alike = 1 / Math.max(mask.reduce((sum, x) => sum + x, 0) / mask.length, 1e-6);
  for (let r = 0; r < all; r++) {
    for (let s = 0; s < shells; s++) {
      const unit = noise[s]! / Math.max(samples[s]!, 1) || 1;
      gains[r]![s]! /= unit;
      squares[r]![s]! *= alike / unit ** 2;
    }
  }
  return { gains, variances: squares };
}

/** For each shell the set of the greatest total gain among choices that never fall from one shell to the next. @param gains [sets][shells] */
export function bestRising(gains: readonly Float64Array[]): Int32Array {
  const sets = gains.length;
  const shells = gains[0]!.length;
  const from = gains.map(() => new Int32Array(shells));
  let total = gains.map((own) => own[0]!);
  for (let s = 1; s < shells; s++) {
    let best = 0;
    total = gains.map((own, r) => {
      if (total[r]! >= total[best]!) best = r;
      from[r]![s] = best;
      return total[best]! + own[s]!;
    });
  }
  const chosen = new Int32Array(shells);
  let set = sets - 1;
  for (let r = sets - 1; r >= 0; r--) if (total[r]! > total[set]!) set = r;
  for (let s = shells - 1; s >= 0; s--) {
    chosen[s] = set;
    set = from[set]![s]!;
  }
  return chosen;
}

/** The shell, |k| rounded, of each sample of the half transform of a cubic map. */
export function shellNumbers(n: number): Int32Array {
  return Int32Array.from(shellRadii([n, n, n]), Math.round);
}

/**
 * The map of several parts of a molecule, in each of which shells are those of chosen maps.
 * @param parts share of each part in each voxel
 * @param chosen for each part the number of the map of each shell; what is beyond the last shell is of its map
 */
export function joinParts(
  maps: readonly Volume[],
  parts: readonly Float32Array[],
  chosen: readonly Int32Array[],
): Volume {
  const first = maps[0]!;
  const of = shellNumbers(first.size[0]);
  const halves = parts.map(() => new Float32Array(2 * of.length));
  for (const [r, map] of maps.entries()) {
    const users = parts.map((_, p) => p).filter((p) => chosen[p]!.includes(r));
    if (users.length === 0) continue;
    const own = fft3Real(map.data, map.size);
    for (const p of users) {
      const [shells, half] = [chosen[p]!, halves[p]!];
      for (let i = 0; i < of.length; i++) {
        if (shells[Math.min(of[i]!, shells.length - 1)] !== r) continue;
        half[2 * i] = own[2 * i]!;
        half[2 * i + 1] = own[2 * i + 1]!;
      }
    }
  }
  const data = new Float32Array(first.data.length);
  for (const [p, part] of parts.entries()) {
    const own = ifft3Real(halves[p]!, first.size);
    for (let i = 0; i < data.length; i++) data[i]! += part[i]! * own[i]!;
  }
  return { ...first, data };
}
