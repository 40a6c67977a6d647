import { halfWidth } from "./fft";

/**
 * The layout of 2-D Fourier transforms: the half plane kx ≥ 0 up to ring K, in Fourier pixels of a box of S pixels,
 * 1 ≤ K ≤ ⌊(S − 1)/2⌋.
 *
 * A transform has `samples` complex numbers, interleaved (re, im); sample (kx, ky) with 0 ≤ kx ≤ K and −K ≤ ky ≤ K is at
 * `kx · (2K + 1) + (ky + K)`. Samples outside the disc (|k| rounded > K) and the origin are zero and never read.
 */
export interface Disc {
  /** K, the outermost ring. */
  readonly rings: number;
  /** Complex samples in one transform, (K + 1)(2K + 1). */
  readonly samples: number;
  /** Ring |k| rounded of each sample; 0 for the origin, and for what lies outside the disc. */
  readonly ring: Uint8Array | Uint16Array;
  /** 2 for kx > 0 (the sample also represents its Friedel mate), 1 for kx = 0, 0 outside the disc and at the origin. */
  readonly multiplicity: Uint8Array;
  /** Independent complex samples in each ring, index 0 … K: half the sum of the multiplicities. */
  readonly samplesInRing: Float64Array;
}

const cache = new Map<number, Disc>();

/** The disc of K rings (cached). @throws RangeError unless K is an integer of 1 or more */
export function disc(rings: number): Disc {
  if (!Number.isInteger(rings) || rings < 1) {
    throw new RangeError(`rings: expected an integer of 1 or more, found ${rings}`);
  }
  const cached = cache.get(rings);
  if (cached) return cached;
  const width = 2 * rings + 1;
  const samples = (rings + 1) * width;
  const ring = new Uint16Array(samples);
  const multiplicity = new Uint8Array(samples);
  const samplesInRing = new Float64Array(rings + 1);
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = -rings; ky <= rings; ky++) {
      const r = Math.round(Math.hypot(kx, ky));
      if (r < 1 || r > rings) continue;
      const i = kx * width + ky + rings;
      ring[i] = r;
      multiplicity[i] = kx > 0 ? 2 : 1;
      samplesInRing[r]! += kx > 0 ? 1 : 0.5;
    }
  }
  const made: Disc = { rings, samples, ring, multiplicity, samplesInRing };
  cache.set(rings, made);
  return made;
}

/** Index of the complex sample (kx, ky) in a disc of K rings. */
export function sampleIndex(rings: number, kx: number, ky: number): number {
  return kx * (2 * rings + 1) + ky + rings;
}

/**
 * Writes a transform in the layout of a disc into the half transform of S × S pixels in the layout of fourier/fft; zero outside the
 * disc and at its origin.
 */
export function discToHalf(
  transform: ArrayLike<number>,
  rings: number,
  size: number,
  half: Float32Array | Float64Array,
): void {
  half.fill(0);
  const columns = halfWidth(size);
  const width = 2 * rings + 1;
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = -rings; ky <= rings; ky++) {
      const from = 2 * (kx * width + ky + rings);
      const to = 2 * (kx + columns * (ky < 0 ? ky + size : ky));
      half[to] = transform[from]!;
      half[to + 1] = transform[from + 1]!;
    }
  }
}
