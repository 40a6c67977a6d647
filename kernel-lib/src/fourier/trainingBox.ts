import { InputError } from "../errors";
import { goodFftSize } from "./fft";

/** The box in which particles, map and model are compared. */
export interface TrainingBox {
  /** S in pixels; S · apix is the edge of the particles' box in Å. */
  boxSize: number;
  /** Å per pixel. */
  apix: number;
  /** K, the outermost ring. */
  rings: number;
}

/** So little that a resolution which divides the edge evenly is not lost to rounding. */
const ROUNDING = 1e-6;

/**
 * Fourier rings of a box that lie within a resolution: ring r of a box of `edge` Å is at edge / r.
 * @param resolution in Å
 * @param pixels edge of the box in pixels; rings beyond its Nyquist frequency do not count. Default: no limit
 * @throws InputError where the resolution is no length, or coarser than the first ring
 */
export function ringsWithin(edge: number, resolution: number, pixels = Number.POSITIVE_INFINITY): number {
  if (!(resolution > 0)) throw new InputError("resolution", "a number of Å above 0", String(resolution));
  const rings = Math.floor(edge / resolution + ROUNDING);
  if (rings < 1) {
    throw new InputError("resolution", `finer than ${Number(edge.toFixed(1))} Å`, `${resolution} Å`);
  }
  return Math.min(rings, ringsOfBox(pixels));
}

/** The outermost whole ring of a box, short of its Nyquist frequency. */
export function ringsOfBox(pixels: number): number {
  return Math.floor((pixels - 1) / 2);
}

/** The smallest good FFT size, an even number, that holds so many rings. */
export function boxOfRings(rings: number): number {
  return goodFftSize(2 * rings + 1);
}

/**
 * The smallest training box for a resolution in Å: as large in Å as the box that is given, with just enough pixels. Rings
 * end at the resolution asked for, or at the Nyquist frequency where that comes first.
 * @throws InputError where the resolution is no length, or coarser than the first ring
 */
export function trainingBox(of: { boxSize: number; apix: number }, resolution: number): TrainingBox {
  const edge = of.boxSize * of.apix;
  const rings = ringsWithin(edge, resolution, of.boxSize);
  const boxSize = boxOfRings(rings);
  return { boxSize, apix: edge / boxSize, rings };
}
