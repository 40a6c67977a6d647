import { disc, sampleIndex } from "../../fourier/disc";

/** Samples of a disc ring by ring, for sums that threads of a GPU share. */
export interface RingSamples {
  /** Where each ring starts in `samples`, [K + 2]. */
  starts: Uint32Array;
  /** Index of a sample in the projection and in the target, two numbers each. */
  samples: Uint32Array;
  /** Ring of each sample of a projection; 0 outside the disc and at the origin. */
  ringOf: Uint32Array;
}

/**
 * Samples of rings 1 … `rings` in transforms with `rings`, and with `targetRings`.
 * @param only 1 for the samples to list, in the layout of `Disc`. Default: all
 */
export function ringSamples(rings: number, targetRings: number, only?: Uint8Array): RingSamples {
  const { ring, multiplicity } = disc(rings);
  const starts = new Uint32Array(rings + 2);
  const inside = Array.from(ring.keys()).filter((i) => multiplicity[i]! > 0 && only?.[i] !== 0);
  for (const i of inside) starts[ring[i]! + 1]!++;
  for (let r = 0; r <= rings; r++) starts[r + 1]! += starts[r]!;
  const next = starts.slice();
  const samples = new Uint32Array(2 * inside.length);
  const width = 2 * rings + 1;
  for (const i of inside) {
    const at = next[ring[i]!]!++;
    samples[2 * at] = i;
    samples[2 * at + 1] = sampleIndex(targetRings, Math.floor(i / width), (i % width) - rings);
  }
  return { starts, samples, ringOf: Uint32Array.from(ring) };
}
