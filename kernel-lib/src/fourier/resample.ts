import { disc, sampleIndex } from "./disc";
import { halfWidth, ifft2Real, shiftOrigin } from "./fft";
import { backgroundMean, scaledTransform } from "./imageTransform";

/** Writes the image that begins at `from` in other pixels, from `to` on in `out`. */
export type Resampler = (image: Float32Array, from: number, out: Float32Array, to: number) => void;

/**
 * Brings images of `size` pixels of `apix` Å to `newSize` pixels of `newApix` Å, the centre at index ⌊size/2⌋ of both,
 * by way of the Fourier transform at the frequencies of the new box, up to its Nyquist circle. The mean of the background becomes 0.
 */
export function resampler(size: number, apix: number, newSize: number, newApix: number): Resampler {
  const layout = disc(Math.floor((newSize - 1) / 2));
  const { rings, ring, samples } = layout;
  const transform = scaledTransform(size, (size * apix) / (newSize * newApix), layout);
  const sampled = new Float32Array(2 * samples);
  const width = halfWidth(newSize);
  const half = new Float32Array(2 * width * newSize);
  const resampled = new Float32Array(newSize * newSize);
  // A sum over pixels of one size becomes one over pixels of another: densities keep their height.
  const scale = (apix / newApix) ** 2;
  return (image, from, out, to) => {
    transform.run(image, from, sampled, 0);
    half.fill(0);
    for (let kx = 0; kx <= rings; kx++) {
      for (let ky = -rings; ky <= rings; ky++) {
        const i = sampleIndex(rings, kx, ky);
        if (ring[i] === 0) continue;
        const at = 2 * (kx + width * (ky < 0 ? ky + newSize : ky));
        half[at] = sampled[2 * i]! * scale;
        half[at + 1] = sampled[2 * i + 1]! * scale;
      }
    }
    shiftOrigin(half, [newSize, newSize, 1], "toCorner");
    ifft2Real(half, newSize, newSize, resampled);
    const grey = backgroundMean(resampled, 0, newSize);
    for (let i = 0; i < resampled.length; i++) out[to + i] = resampled[i]! - grey;
  };
}
