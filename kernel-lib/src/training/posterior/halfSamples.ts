import { disc, sampleIndex } from "../../fourier/disc";
import { normalizeRings } from "../../fourier/imageTransform";

/** One half of the Fourier samples of every image. */
export type SampleHalf = "even" | "odd";

/**
 * One half of the Fourier samples of a transform, as the fields of a chess board: those with kx + ky even, or odd. White
 * noise is independent in the two halves, so that what is inferred from one can be tested on the other. Each half of a ring
 * is a ring of its own, with its own norms of image and projection, and the weight of its share of the samples. (Norms of
 * whole rings would draw the places of the halves apart, to where the projection's power is in the samples of the half.)
 *
 * The noise of masked images is correlated over box / mask diameter samples. For those the fields are blocks of that width.
 * Friedel mates are in the same half.
 */
export class HalfSamples {
  /** Share of each ring's samples that belong to the half, [rings + 1]; 0 in ring 0. */
  readonly share: Float64Array;
  /** 1 for samples of the half, in the layout of `Disc`. */
  readonly inside: Uint8Array;

  /**
   * @param rings outermost ring of the transforms
   * @param half  which half
   * @param block width of the fields in samples. Default 1
   */
  constructor(
    rings: number,
    readonly half: SampleHalf,
    readonly block = 1,
  ) {
    const { ring, multiplicity, samplesInRing, samples } = disc(rings);
    this.share = new Float64Array(rings + 1);
    this.inside = new Uint8Array(samples);
    const parity = half === "even" ? 0 : 1;
    for (let kx = 0; kx <= rings; kx++) {
      for (let ky = -rings; ky <= rings; ky++) {
        if (Math.abs(field(kx, block) + field(ky, block)) % 2 !== parity) continue;
        const i = sampleIndex(rings, kx, ky);
        const m = multiplicity[i]!;
        this.inside[i] = m > 0 ? 1 : 0;
        if (m > 0) this.share[ring[i]!]! += m / 2 / samplesInRing[ring[i]!]!;
      }
    }
  }

  /** Sets the samples of the other half to 0 in transforms [n · samples · 2], and rings to a norm of 1, in place. */
  restrict(transforms: Float32Array): Float32Array {
    const { inside } = this;
    const layout = disc(this.share.length - 1);
    for (let at = 0; at < transforms.length; at += 2 * inside.length) {
      for (let i = 0; i < inside.length; i++) {
        if (!inside[i]) transforms.fill(0, at + 2 * i, at + 2 * i + 2);
      }
      normalizeRings(transforms, at, layout);
    }
    return transforms;
  }

  /** Weights of rings 0 … rings of some particles, [B · (rings + 1)], as weights of the half; in place. */
  weigh(ringWeights: Float32Array): Float32Array {
    const { share } = this;
    for (let i = 0; i < ringWeights.length; i++) ringWeights[i]! *= share[i % share.length]!;
    return ringWeights;
  }
}

/** Index of the field of a coordinate, an odd function of it. */
function field(k: number, block: number): number {
  return Math.sign(k) * Math.floor((Math.abs(k) + (block - 1) / 2) / block);
}
