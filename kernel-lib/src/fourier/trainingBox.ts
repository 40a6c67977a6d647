import { InputError } from "../errors";
import { goodFftSize } from "./fft";

/** The box in which particles, map and model are compared. */
export interface TrainingBox {
  /** S in pixels. */
  boxSize: number;
  /** Å per pixel; boxSize · apix is the length of the particles' box in Å. */
  apix: number;
  /** K, the outermost ring. */
  rings: number;
}

/** Keeps a resolution that divides the box length evenly from being lost to rounding. */
const rounding = 1e-6;

/**
 * Number of Fourier rings within a resolution; ring r of a box of `boxLength` Å is at boxLength / r.
 * @param resolution in Å
 * @param boxSize    pixels of the box; rings beyond its Nyquist frequency are not counted. Default: no limit
 * @throws InputError if the resolution is not above 0 Å, or coarser than the first ring
 */
export function ringsWithin(
  boxLength: number,
  resolution: number,
  boxSize = Number.POSITIVE_INFINITY,
): number {
  if (!(resolution > 0)) throw new InputError("resolution", "a number of Å above 0", String(resolution));
  const rings = Math.floor(boxLength / resolution + rounding);
  if (rings < 1) {
    throw new InputError("resolution", `finer than ${Number(boxLength.toFixed(1))} Å`, `${resolution} Å`);
  }
  return Math.min(rings, ringsOfBox(boxSize));
}

/** The outermost complete ring of a box of `boxSize` pixels, below its Nyquist frequency. */
export function ringsOfBox(boxSize: number): number {
  return Math.floor((boxSize - 1) / 2);
}

/** The smallest good FFT size, always even, that holds `rings` rings. */
export function boxOfRings(rings: number): number {
  return goodFftSize(2 * rings + 1);
}

/**
 * The smallest training box for a resolution: the length in Å of the given box, with just enough pixels. Rings end at the
 * resolution or at the Nyquist frequency of the given box, whichever comes first.
 * @param of         box of the particles, such as a `ParticleSet`
 * @param resolution in Å
 * @throws InputError if the resolution is not above 0 Å, or coarser than the first ring
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const { boxSize, apix, rings } = e2.fourier.trainingBox(particles, 12);
 * console.log(`${boxSize} pixels of ${apix.toFixed(2)} Å, ${rings} rings`);
 * ```
 */
export function trainingBox(of: { boxSize: number; apix: number }, resolution: number): TrainingBox {
  const boxLength = of.boxSize * of.apix;
  const rings = ringsWithin(boxLength, resolution, of.boxSize);
  const boxSize = boxOfRings(rings);
  return { boxSize, apix: boxLength / boxSize, rings };
}
