import type { Disc } from "./disc";
import { fftPlan } from "./fftPlan";
import { originPhases } from "./originPhases";

/** Fourier transform of an image [y][x] to a disc, with the origin at pixel (⌊S/2⌋, ⌊S/2⌋). */
export interface DiscTransform {
  /**
   * Writes P(k) = Σ image(x, y)·exp(−2πi k·u) at every sample of the disc to `out`, interleaved from index `to`; zeros
   * outside the disc and at the origin. The image is the S² pixels of `image` from index `from`.
   */
  run(image: Float32Array, from: number, out: Float32Array, to: number): void;
}

/**
 * The transform of images of S pixels whose box has the length (in Å) of the disc's box: an FFT of which only the
 * columns kx ≤ K are computed. S may be odd.
 * @throws RangeError unless K ≤ ⌊(S − 1)/2⌋
 */
export function fftTransform(size: number, disc: Disc): DiscTransform {
  const { rings, ring } = disc;
  if (rings > Math.floor((size - 1) / 2)) {
    throw new RangeError(
      `rings: expected at most ${Math.floor((size - 1) / 2)} for ${size} pixels, found ${rings}`,
    );
  }
  const plan = fftPlan(size);
  const input = new Float64Array(2 * size);
  const output = new Float64Array(2 * size);
  // Transforms of all rows, [kx][y].
  const columns = Array.from({ length: rings + 1 }, () => new Float64Array(2 * size));
  const phase = originPhases(size, { first: -rings, last: 2 * rings });

  function transformRows(image: Float32Array, from: number): void {
    // Two real rows in one complex transform.
    for (let y = 0; y < size; y += 2) {
      const a = from + y * size;
      const paired = y + 1 < size;
      const b = paired ? a + size : a;
      for (let x = 0; x < size; x++) {
        input[2 * x] = image[a + x]!;
        input[2 * x + 1] = image[b + x]!;
      }
      plan.forward(output, input);
      for (let k = 0; k <= rings; k++) {
        const mate = k === 0 ? 0 : 2 * (size - k);
        const re = output[2 * k]!;
        const im = output[2 * k + 1]!;
        const mateRe = output[mate]!;
        const mateIm = output[mate + 1]!;
        const column = columns[k]!;
        column[2 * y] = (re + mateRe) / 2;
        column[2 * y + 1] = (im - mateIm) / 2;
        if (paired) {
          column[2 * y + 2] = (im + mateIm) / 2;
          column[2 * y + 3] = (mateRe - re) / 2;
        }
      }
    }
  }

  return {
    run(image, from, out, to) {
      transformRows(image, from);
      let i = 0;
      for (let kx = 0; kx <= rings; kx++) {
        plan.forward(output, columns[kx]!);
        for (let ky = -rings; ky <= rings; ky++, i++) {
          if (ring[i] === 0) {
            out[to + 2 * i] = 0;
            out[to + 2 * i + 1] = 0;
            continue;
          }
          const at = 2 * (ky < 0 ? ky + size : ky);
          const p = 2 * (kx + ky + rings);
          const cos = phase[p]!;
          const sin = phase[p + 1]!;
          out[to + 2 * i] = output[at]! * cos - output[at + 1]! * sin;
          out[to + 2 * i + 1] = output[at]! * sin + output[at + 1]! * cos;
        }
      }
    },
  };
}

/**
 * The transform of images whose box differs in length (in Å) from the disc's box, as in an optics group with another pixel
 * size. The Fourier sum is evaluated at the disc's frequencies, without interpolation. Pixels outside the disc's box are
 * ignored, and the background mean is subtracted, so that smaller boxes are padded with their background. Frequencies
 * beyond the image's Nyquist frequency are zero.
 *
 * @param ratio length of the image's box divided by that of the disc's box
 */
export function scaledTransform(size: number, ratio: number, disc: Disc): DiscTransform {
  const { rings, ring } = disc;
  const origin = Math.floor(size / 2);
  // Pixel i is (i − origin)·ratio/size box units from the origin; the box reaches half a unit.
  const inside = (i: number) => Math.abs(((i - origin) * ratio) / size) <= 0.5;
  const pixels: number[] = [];
  for (let i = 0; i < size; i++) if (inside(i)) pixels.push(i);
  const first = pixels[0]!;
  const n = pixels.length;
  // exp(−2πi k u) for k = 0 … K, [k][pixel]
  const wave = new Float64Array(2 * (rings + 1) * n);
  for (let k = 0; k <= rings; k++) {
    for (let j = 0; j < n; j++) {
      const angle = (-2 * Math.PI * k * (first + j - origin) * ratio) / size;
      wave[2 * (k * n + j)] = Math.cos(angle);
      wave[2 * (k * n + j) + 1] = Math.sin(angle);
    }
  }
  const rows = new Float64Array(2 * n);
  const nyquist = size / 2 / ratio;

  return {
    run(image, from, out, to) {
      const background = backgroundMean(image, from, size, { first, length: n });
      let i = 0;
      for (let kx = 0; kx <= rings; kx++) {
        for (let y = 0; y < n; y++) {
          let re = 0;
          let im = 0;
          const row = from + (first + y) * size + first;
          for (let x = 0, w = 2 * kx * n; x < n; x++, w += 2) {
            const value = image[row + x]! - background;
            re += value * wave[w]!;
            im += value * wave[w + 1]!;
          }
          rows[2 * y] = re;
          rows[2 * y + 1] = im;
        }
        for (let ky = -rings; ky <= rings; ky++, i++) {
          let re = 0;
          let im = 0;
          if (ring[i] !== 0 && Math.hypot(kx, ky) < nyquist) {
            const sign = ky < 0 ? -1 : 1;
            for (let y = 0, w = 2 * Math.abs(ky) * n; y < n; y++, w += 2) {
              const cos = wave[w]!;
              const sin = sign * wave[w + 1]!;
              re += rows[2 * y]! * cos - rows[2 * y + 1]! * sin;
              im += rows[2 * y]! * sin + rows[2 * y + 1]! * cos;
            }
          }
          out[to + 2 * i] = re;
          out[to + 2 * i + 1] = im;
        }
      }
    },
  };
}

/**
 * Mean of the pixels outside the inscribed circle of a square window.
 * @param image  holds the image of size × size pixels from index `from`
 * @param window the square's first pixel along both axes and its length in pixels. Default: the whole image
 */
export function backgroundMean(
  image: Float32Array,
  from: number,
  size: number,
  window: { first: number; length: number } = { first: 0, length: size },
): number {
  const { first, length } = window;
  const middle = (length - 1) / 2;
  const radius = length / 2;
  let sum = 0;
  let count = 0;
  for (let y = 0; y < length; y++) {
    const row = from + (first + y) * size + first;
    for (let x = 0; x < length; x++) {
      if ((x - middle) ** 2 + (y - middle) ** 2 <= radius * radius) continue;
      sum += image[row + x]!;
      count++;
    }
  }
  return count > 0 ? sum / count : 0;
}

/** Divides each ring of a transform by its norm √(Σ multiplicity·|I|²), in place. Rings of zeros stay zero. */
export function normaliseRings(transform: Float32Array, from: number, disc: Disc): void {
  const { ring, multiplicity, samples, rings } = disc;
  const sums = new Float64Array(rings + 1);
  for (let i = 0; i < samples; i++) {
    const re = transform[from + 2 * i]!;
    const im = transform[from + 2 * i + 1]!;
    sums[ring[i]!]! += multiplicity[i]! * (re * re + im * im);
  }
  for (let r = 0; r <= rings; r++) sums[r] = sums[r]! > 0 ? 1 / Math.sqrt(sums[r]!) : 0;
  for (let i = 0; i < samples; i++) {
    const factor = sums[ring[i]!]!;
    transform[from + 2 * i]! *= factor;
    transform[from + 2 * i + 1]! *= factor;
  }
}
