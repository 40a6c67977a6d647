import { InputError } from "../errors";
import { fft3Real, frequency, halfWidth, ifft3Real } from "../fourier/fft";
import type { Volume } from "./volume";

/** A map whose transform was multiplied by `transfer`, a real function of the spatial frequency in 1/Å. */
export function filterVolume(volume: Volume, transfer: (frequency: number) => number): Volume {
  const [nx, ny, nz] = volume.size;
  const half = fft3Real(volume.data, volume.size);
  const width = halfWidth(nx);
  for (let z = 0, i = 0; z < nz; z++) {
    const sz = frequency(z, nz) / (nz * volume.apix);
    for (let y = 0; y < ny; y++) {
      const sy = frequency(y, ny) / (ny * volume.apix);
      for (let x = 0; x < width; x++, i += 2) {
        const sx = x / (nx * volume.apix);
        const factor = transfer(Math.sqrt(sx * sx + sy * sy + sz * sz));
        half[i]! *= factor;
        half[i + 1]! *= factor;
      }
    }
  }
  return { ...volume, data: ifft3Real(half, volume.size) };
}

/**
 * Low-pass filter: 1 below 1/resolution, 0 above, with a raised cosine of `edgeWidth` Fourier pixels (of the longest
 * axis, default 2) centred there.
 * @param resolution in Å
 */
export function lowPass(volume: Volume, resolution: number, options: { edgeWidth?: number } = {}): Volume {
  requireLength("low-pass resolution", resolution);
  const edge = (options.edgeWidth ?? 2) / (Math.max(...volume.size) * volume.apix);
  const from = 1 / resolution - edge / 2;
  return filterVolume(volume, (s) => {
    if (s <= from) return 1;
    if (s >= from + edge) return 0;
    return 0.5 + 0.5 * Math.cos((Math.PI * (s - from)) / edge);
  });
}

/** Convolution with a normalised Gaussian of standard deviation `sigma` in Å. */
export function gaussianFilter(volume: Volume, sigma: number): Volume {
  requireLength("sigma of a Gaussian filter", sigma);
  return filterVolume(volume, (s) => Math.exp(-2 * (Math.PI * sigma * s) ** 2));
}

function requireLength(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) throw new InputError(name, "a length in Å above 0", `${value}`);
}
