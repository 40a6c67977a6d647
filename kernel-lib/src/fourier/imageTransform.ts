import type { Disc } from "./disc";
import { type FftPlan, fftPlan } from "./fftPlan";
import { originPhases } from "./originPhases";
import { ringsOfBox } from "./trainingBox";

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
  const most = ringsOfBox(size);
  if (disc.rings > most) {
    throw new RangeError(`rings: expected at most ${most} for ${size} pixels, found ${disc.rings}`);
  }
  return new FftTransform(size, disc);
}

class FftTransform implements DiscTransform {
  private readonly plan: FftPlan;
  private readonly input: Float64Array;
  private readonly output: Float64Array;
  /** Transforms of all rows, [kx][y]. */
  private readonly columns: Float64Array[];
  private readonly phases: Float64Array;

  constructor(
    private readonly size: number,
    private readonly disc: Disc,
  ) {
    const { rings } = disc;
    this.plan = fftPlan(size);
    this.input = new Float64Array(2 * size);
    this.output = new Float64Array(2 * size);
    this.columns = Array.from({ length: rings + 1 }, () => new Float64Array(2 * size));
    this.phases = originPhases(size, { first: -rings, last: 2 * rings });
  }

  run(image: Float32Array, from: number, out: Float32Array, to: number): void {
    const { size, output, phases } = this;
    const { rings, ring } = this.disc;
    this.transformRows(image, from);
    let i = 0;
    for (let kx = 0; kx <= rings; kx++) {
      this.plan.forward(output, this.columns[kx]!);
      for (let ky = -rings; ky <= rings; ky++, i++) {
        if (ring[i] === 0) {
          out[to + 2 * i] = 0;
          out[to + 2 * i + 1] = 0;
          continue;
        }
        const at = 2 * (ky < 0 ? ky + size : ky);
        const p = 2 * (kx + ky + rings);
        const cos = phases[p]!;
        const sin = phases[p + 1]!;
        out[to + 2 * i] = output[at]! * cos - output[at + 1]! * sin;
        out[to + 2 * i + 1] = output[at]! * sin + output[at + 1]! * cos;
      }
    }
  }

  /** Transforms the rows, two real rows in each complex FFT. */
  private transformRows(image: Float32Array, from: number): void {
    const { size, input, output, columns } = this;
    for (let y = 0; y < size; y += 2) {
      const a = from + y * size;
      const paired = y + 1 < size;
      const b = paired ? a + size : a;
      for (let x = 0; x < size; x++) {
        input[2 * x] = image[a + x]!;
        input[2 * x + 1] = image[b + x]!;
      }
      this.plan.forward(output, input);
      for (const [k, column] of columns.entries()) {
        const mate = k === 0 ? 0 : 2 * (size - k);
        const re = output[2 * k]!;
        const im = output[2 * k + 1]!;
        const mateRe = output[mate]!;
        const mateIm = output[mate + 1]!;
        column[2 * y] = (re + mateRe) / 2;
        column[2 * y + 1] = (im - mateIm) / 2;
        if (paired) {
          column[2 * y + 2] = (im + mateIm) / 2;
          column[2 * y + 3] = (mateRe - re) / 2;
        }
      }
    }
  }
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
  return new ScaledTransform(size, ratio, disc);
}

class ScaledTransform implements DiscTransform {
  /** The first pixel inside the disc's box along both axes, and the number of pixels inside. */
  private readonly window: { first: number; length: number };
  /** exp(−2πi k u) for k = 0 … K, [k][pixel]. */
  private readonly waves: Float64Array;
  /** Transforms of all rows at one kx. */
  private readonly rows: Float64Array;
  private readonly nyquist: number;

  constructor(
    private readonly size: number,
    ratio: number,
    private readonly disc: Disc,
  ) {
    const origin = Math.floor(size / 2);
    // Pixel i is (i − origin)·ratio/size box units from the origin; the box reaches half a unit.
    const inside = (i: number) => Math.abs(((i - origin) * ratio) / size) <= 0.5;
    const pixels = Array.from({ length: size }, (_, i) => i).filter(inside);
    const first = pixels[0]!;
    const { length } = pixels;
    this.window = { first, length };
    this.waves = new Float64Array(2 * (disc.rings + 1) * length);
    for (let k = 0; k <= disc.rings; k++) {
      for (let j = 0; j < length; j++) {
        const angle = (-2 * Math.PI * k * (first + j - origin) * ratio) / size;
        this.waves[2 * (k * length + j)] = Math.cos(angle);
        this.waves[2 * (k * length + j) + 1] = Math.sin(angle);
      }
    }
    this.rows = new Float64Array(2 * length);
    this.nyquist = size / 2 / ratio;
  }

  run(image: Float32Array, from: number, out: Float32Array, to: number): void {
    const { size, nyquist, window } = this;
    const { rings, ring } = this.disc;
    const background = backgroundMean(image, from, size, window);
    const start = from + window.first * size + window.first;
    let i = 0;
    for (let kx = 0; kx <= rings; kx++) {
      this.transformRows(image, start, background, kx);
      for (let ky = -rings; ky <= rings; ky++, i++) {
        if (ring[i] !== 0 && Math.hypot(kx, ky) < nyquist) {
          this.sumRows(ky, out, to + 2 * i);
        } else {
          out[to + 2 * i] = 0;
          out[to + 2 * i + 1] = 0;
        }
      }
    }
  }

  /** Transforms all rows at kx; `start` is the index of the first pixel of the window. */
  private transformRows(image: Float32Array, start: number, background: number, kx: number): void {
    const { size, waves, rows } = this;
    const { length } = this.window;
    for (let y = 0; y < length; y++) {
      let re = 0;
      let im = 0;
      const row = start + y * size;
      for (let x = 0, w = 2 * kx * length; x < length; x++, w += 2) {
        const value = image[row + x]! - background;
        re += value * waves[w]!;
        im += value * waves[w + 1]!;
      }
      rows[2 * y] = re;
      rows[2 * y + 1] = im;
    }
  }

  /** Sums the rows at ky. */
  private sumRows(ky: number, out: Float32Array, at: number): void {
    const { waves, rows } = this;
    const { length } = this.window;
    const sign = ky < 0 ? -1 : 1;
    let re = 0;
    let im = 0;
    for (let y = 0, w = 2 * Math.abs(ky) * length; y < length; y++, w += 2) {
      const cos = waves[w]!;
      const sin = sign * waves[w + 1]!;
      re += rows[2 * y]! * cos - rows[2 * y + 1]! * sin;
      im += rows[2 * y]! * sin + rows[2 * y + 1]! * cos;
    }
    out[at] = re;
    out[at + 1] = im;
  }
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
export function normalizeRings(transform: Float32Array, from: number, disc: Disc): void {
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
