import { disc, sampleIndex } from "./disc";
import { halfWidth, ifft2Real, shiftOrigin } from "./fft";
import { backgroundMean, scaledTransform } from "./imageTransform";

/** Resamples the image of `image` from index `from` into `out` from index `to`. */
export type Resampler = (image: Float32Array, from: number, out: Float32Array, to: number) => void;

/** Box of square images: S pixels, Å per pixel. */
export interface ImageBox {
  boxSize: number;
  apix: number;
}

/**
 * Resamples images from one box to another, the centre at pixel ⌊S/2⌋ of both. The Fourier transform is evaluated at the
 * frequencies of the new box up to its Nyquist circle; the background mean becomes 0.
 */
export function resampler(source: ImageBox, target: ImageBox): Resampler {
  const { boxSize: size } = target;
  const layout = disc(Math.floor((size - 1) / 2));
  const { rings, ring, samples } = layout;
  const ratio = (source.boxSize * source.apix) / (size * target.apix);
  const transform = scaledTransform(source.boxSize, ratio, layout);
  const sampled = new Float32Array(2 * samples);
  const width = halfWidth(size);
  const half = new Float32Array(2 * width * size);
  const resampled = new Float32Array(size * size);
  // Corrects for the number of pixels per area, so that densities keep their height.
  const scale = (source.apix / target.apix) ** 2;
  return (image, from, out, to) => {
    transform.run(image, from, sampled, 0);
    half.fill(0);
    for (let kx = 0; kx <= rings; kx++) {
      for (let ky = -rings; ky <= rings; ky++) {
        const i = sampleIndex(rings, kx, ky);
        if (ring[i] === 0) continue;
        const at = 2 * (kx + width * (ky < 0 ? ky + size : ky));
        half[at] = sampled[2 * i]! * scale;
        half[at + 1] = sampled[2 * i + 1]! * scale;
      }
    }
    shiftOrigin(half, [size, size, 1], "toCorner");
    ifft2Real(half, size, size, resampled);
    const background = backgroundMean(resampled, 0, size);
    for (let i = 0; i < resampled.length; i++) out[to + i] = resampled[i]! - background;
  };
}
