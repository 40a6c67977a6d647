import { frequency, halfWidth, type Size3 } from "./fft";

/** |k| of each sample of the half transform of a map, as from `fft3Real`, in Fourier pixels of its longest axis. */
export function shellRadii([nx, ny, nz]: Size3): Float32Array {
  const longest = Math.max(nx, ny, nz);
  const width = halfWidth(nx);
  const radii = new Float32Array(width * ny * nz);
  for (let z = 0, i = 0; z < nz; z++) {
    const kz = (frequency(z, nz) * longest) / nz;
    for (let y = 0; y < ny; y++) {
      const ky = (frequency(y, ny) * longest) / ny;
      for (let x = 0; x < width; x++, i++) radii[i] = Math.hypot((x * longest) / nx, ky, kz);
    }
  }
  return radii;
}
