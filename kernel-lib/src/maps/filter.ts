import { InputError } from "../errors";
import { fft3Real, frequency, halfWidth, ifft3Real } from "../fourier/fft";
import type { Volume } from "./volume";

/**
 * Multiplies the Fourier transform of a map by `transfer`, a real function of the spatial frequency in 1/Å.
 * @returns a new map on the same grid
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const sharpened = e2.maps.filter(map, (s) => Math.exp((50 * s * s) / 4));
 * ```
 */
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

/** Options of {@link lowPass}. */
export interface LowPassOptions {
  /** Width of the raised-cosine cut-off, in Fourier pixels of the longest axis. Default 2. */
  edgeWidth?: number;
}

/**
 * Low-pass filter: 1 below 1/resolution, 0 above, with a raised cosine of `edgeWidth` Fourier pixels centred there.
 * @param resolution in Å
 * @throws InputError unless the resolution is above 0
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const smooth = e2.maps.lowPass(map, 12);
 * ```
 */
export function lowPass(volume: Volume, resolution: number, options: LowPassOptions = {}): Volume {
  checkLength("low-pass resolution", resolution);
  const width = (options.edgeWidth ?? 2) / (Math.max(...volume.size) * volume.apix);
  const start = 1 / resolution - width / 2;
  return filterVolume(volume, (s) => {
    if (s <= start) return 1;
    if (s >= start + width) return 0;
    return 0.5 + 0.5 * Math.cos((Math.PI * (s - start)) / width);
  });
}

/**
 * Convolves a map with a normalized Gaussian.
 * @param standardDeviation in Å
 * @throws InputError unless the standard deviation is above 0
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const blurred = e2.maps.gaussianFilter(map, 5);
 * ```
 */
export function gaussianFilter(volume: Volume, standardDeviation: number): Volume {
  checkLength("standard deviation of a Gaussian filter", standardDeviation);
  return filterVolume(volume, (s) => Math.exp(-2 * (Math.PI * standardDeviation * s) ** 2));
}

function checkLength(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) throw new InputError(name, "a length in Å above 0", `${value}`);
}
