import { halfWidth } from "../fourier/fft";
import type { GaussianModel } from "./gaussianModel";

/** A view of a model. */
export interface Pose {
  /** R, reference → image, row-major; the numbers of several poses may follow one another. */
  rotation: ArrayLike<number>;
  /** Index of the first of the 9 numbers. Default 0. */
  rotationAt?: number;
  /** t in box units. */
  shift: readonly [number, number];
}

/**
 * The transform of a projection of the model, P(k) = Σ A·(2πσ²)^{3/2}·exp(−2π²σ²|k|²/S²)·exp(−2πi k·u) with
 * u = (R c)_xy + t: exact, in float64, without interpolation or aliasing. Each Gaussian separates into one
 * factor along kx and one along ky, so that a sample costs one complex product.
 *
 * @param half  receives the half transform of an image of S × S pixels in the layout of fourier/fft, with the
 *              origin of the image at pixel ⌊S/2⌋: 2 · (⌊S/2⌋ + 1) · S numbers
 * @param rings samples beyond |kx|, |ky| = rings are set to 0. Default: no limit
 */
export function projectionTransform(
  model: GaussianModel,
  { rotation, rotationAt = 0, shift }: Pose,
  half: Float64Array,
  rings = Number.POSITIVE_INFINITY,
): void {
  const { count, params, boxSize: size } = model;
  const width = halfWidth(size);
  const mostX = Math.min(width - 1, rings);
  const leastY = Math.max(-Math.floor(size / 2), -rings);
  const mostY = Math.min(Math.ceil(size / 2) - 1, rings);
  const alongX = new Float64Array(2 * (mostX + 1));
  const row = (i: number) => rotation[rotationAt + i]!;
  half.fill(0);
  for (let i = 0; i < count; i++) {
    const x = params[i]!;
    const y = params[count + i]!;
    const z = params[2 * count + i]!;
    const sigma = params[4 * count + i]!;
    const u = row(0) * x + row(1) * y + row(2) * z + shift[0];
    const v = row(3) * x + row(4) * y + row(5) * z + shift[1];
    const decay = (-2 * Math.PI ** 2 * sigma * sigma) / (size * size);
    const weight = params[3 * count + i]! * (2 * Math.PI * sigma * sigma) ** 1.5;
    for (let kx = 0; kx <= mostX; kx++) {
      const g = weight * Math.exp(decay * kx * kx);
      alongX[2 * kx] = g * Math.cos(2 * Math.PI * kx * u);
      alongX[2 * kx + 1] = -g * Math.sin(2 * Math.PI * kx * u);
    }
    for (let ky = leastY; ky <= mostY; ky++) {
      const g = Math.exp(decay * ky * ky);
      const re = g * Math.cos(2 * Math.PI * ky * v);
      const im = -g * Math.sin(2 * Math.PI * ky * v);
      let to = 2 * width * (ky < 0 ? ky + size : ky);
      for (let kx = 0; kx <= 2 * mostX; kx += 2, to += 2) {
        half[to]! += alongX[kx]! * re - alongX[kx + 1]! * im;
        half[to + 1]! += alongX[kx]! * im + alongX[kx + 1]! * re;
      }
    }
  }
}
