import { fft3Real, frequency, halfWidth, ifft3Real } from "../fourier/fft";
import type { Volume } from "../maps/volume";

/** Half maps from more and more particles: the nearest to the target state first, in the end all. */
export interface NestedMaps {
  half1: Volume;
  half2: Volume;
  both: Volume;
}

/** Shells on either side that are judged together. */
const window = 1;

/**
 * Which of several nested sets of particles gives the best map in each shell, by cross-validation between halves (as the kernel width in
 * RECOVAR; Gilles and Singer, PNAS 122, 2025). The smallest set is hardly blurred or distorted but noisy: its map of one half is the
 * truth with noise, so that the squared difference of the other half's map from it is the error of that map, plus a constant.
 * All particles are used unless a smaller set is better by more than the standard error.
 *
 * @param mask where the maps are compared, [S · S · S]
 * @returns for each shell 0 … ⌊S/2⌋ the number of the set
 */
export function chooseShells(nested: readonly NestedMaps[], mask: Float32Array): Int32Array {
  const size = nested[0]!.half1.size;
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
  const samples = new Float64Array(shells);
  const gains = nested.map(() => ({ sum: new Float64Array(shells), square: new Float64Array(shells) }));
  for (let i = 0; i < of.length; i++) {
    const shell = of[i]!;
    if (shell >= shells) continue;
    samples[shell]! += 1;
    const error = (r: number) => {
      let sum = 0;
      for (const half of [0, 1]) {
        const [a, b] = [transforms[r]![half]!, transforms[0]![1 - half]!];
        sum += (a[2 * i]! - b[2 * i]!) ** 2 + (a[2 * i + 1]! - b[2 * i + 1]!) ** 2;
      }
      return sum;
    };
    const ofAll = error(all);
    for (let r = 0; r < all; r++) {
      const gain = ofAll - error(r);
      gains[r]!.sum[shell]! += gain;
      gains[r]!.square[shell]! += gain * gain;
    }
  }
  // Neighbouring samples are alike since the mask is smaller than the box.
  const inside = mask.reduce((sum, x) => sum + x, 0) / mask.length;
  return Int32Array.from({ length: shells }, (_, shell) => {
    let best = { set: all, gain: 0 };
    for (let r = 0; r < all; r++) {
      let [sum, square, count] = [0, 0, 0];
      for (let s = Math.max(1, shell - window); s <= Math.min(shells - 1, shell + window); s++) {
        // Per sample: outer shells have more of them.
        sum += gains[r]!.sum[s]!;
        square += gains[r]!.square[s]!;
        count += samples[s]!;
      }
      const error = Math.sqrt(square / Math.max(inside, 1 / count));
      if (sum > error && sum > best.gain) best = { set: r, gain: sum };
    }
    return best.set;
  });
}

/** The map whose shells are those of the chosen maps. */
export function joinShells(maps: readonly Volume[], chosen: Int32Array): Volume {
  const first = maps[0]!;
  const n = first.size[0];
  const of = shellNumbers(n);
  const half = new Float32Array(2 * of.length);
  for (const [r, map] of maps.entries()) {
    if (!chosen.includes(r)) continue;
    const own = fft3Real(map.data, map.size);
    for (let i = 0; i < of.length; i++) {
      if (chosen[Math.min(of[i]!, chosen.length - 1)] !== r) continue;
      half[2 * i] = own[2 * i]!;
      half[2 * i + 1] = own[2 * i + 1]!;
    }
  }
  return { ...first, data: ifft3Real(half, first.size) };
}

/** The shell, |k| rounded, of each sample of a half transform. */
function shellNumbers(n: number): Int32Array {
  const width = halfWidth(n);
  const of = new Int32Array(width * n * n);
  for (let z = 0, i = 0; z < n; z++)
    for (let y = 0; y < n; y++)
      for (let x = 0; x < width; x++, i++)
        of[i] = Math.round(Math.hypot(x, frequency(y, n), frequency(z, n)));
  return of;
}
