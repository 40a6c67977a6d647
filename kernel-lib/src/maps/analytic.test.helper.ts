import { frequency, halfWidth, ifft3Real, shiftOrigin } from "../fourier/fft";
import { Random } from "../random";
import type { Volume } from "./volume";

/** A Gaussian of a test map. */
export interface Gaussian {
  /** In box units. */
  centre: [number, number, number];
  /** Density at the centre. */
  amplitude: number;
}

/** Gaussians uniformly distributed in a ball of `radius` box units. */
export function randomGaussians(count: number, radius: number, seed: number): Gaussian[] {
  const random = new Random(seed);
  const gaussians: Gaussian[] = [];
  while (gaussians.length < count) {
    const centre = [0, 0, 0].map(() => radius * (2 * random.uniform() - 1)) as [number, number, number];
    if (Math.hypot(...centre) <= radius) gaussians.push({ centre, amplitude: 0.5 + random.uniform() });
  }
  return gaussians;
}

/**
 * The map of Gaussians of one width, made from its transform: sampling in real space would alias frequencies beyond
 * Nyquist, and tests would blame the projector for it.
 */
export function gaussianMap(gaussians: Gaussian[], sigma: number, size: number): Volume {
  const half = new Float64Array(2 * halfWidth(size) * size * size);
  let to = 0;
  for (let z = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      for (let kx = 0; kx < halfWidth(size); kx++, to += 2) {
        const ky = frequency(y, size);
        const kz = frequency(z, size);
        const envelope =
          (2 * Math.PI * sigma ** 2) ** 1.5 *
          Math.exp((-2 * (Math.PI * sigma) ** 2 * (kx * kx + ky * ky + kz * kz)) / size ** 2);
        for (const { centre, amplitude } of gaussians) {
          const angle = -2 * Math.PI * (kx * centre[0] + ky * centre[1] + kz * centre[2]);
          half[to]! += amplitude * envelope * Math.cos(angle);
          half[to + 1]! += amplitude * envelope * Math.sin(angle);
        }
      }
    }
  }
  shiftOrigin(half, [size, size, size], "toCorner");
  return { data: ifft3Real(half, [size, size, size]), size: [size, size, size], apix: 1.5 };
}

/** One sample (kx, ky) of the transform of the projection of Gaussians of width `sigma` in a box of `size` voxels. */
export function projected(
  gaussians: Gaussian[],
  { sigma, size, rotation: r }: { sigma: number; size: number; rotation: number[] },
  kx: number,
  ky: number,
) {
  const envelope =
    (2 * Math.PI * sigma ** 2) ** 1.5 *
    Math.exp((-2 * (Math.PI * sigma) ** 2 * (kx * kx + ky * ky)) / size ** 2);
  let re = 0;
  let im = 0;
  for (const { centre, amplitude } of gaussians) {
    const ux = r[0]! * centre[0] + r[1]! * centre[1] + r[2]! * centre[2];
    const uy = r[3]! * centre[0] + r[4]! * centre[1] + r[5]! * centre[2];
    re += amplitude * envelope * Math.cos(2 * Math.PI * (kx * ux + ky * uy));
    im -= amplitude * envelope * Math.sin(2 * Math.PI * (kx * ux + ky * uy));
  }
  return [re, im] as const;
}
