import { disc, sampleIndex } from "../../fourier/disc";

/** One half of the Fourier samples of every image. */
export type SampleHalf = "even" | "odd";

/**
 * One half of the Fourier samples of a transform, as the fields of a chess board: those with kx + ky even, or odd. White
 * noise is independent in the two halves, so that what is inferred from one can be tested on the other. The score of a half
 * is the score of the image with its other samples set to 0, and its expected information the half's share of the samples.
 *
 * The noise of masked images is correlated over box / mask diameter samples. For those the fields are blocks of that width.
 * Friedel mates are in the same half.
 */
export class HalfSamples {
  /** Share of each ring's samples that belong to the half, [rings + 1]; 0 in ring 0. */
  readonly share: Float64Array;
  /** 1 for samples of the half, in the layout of `Disc`. */
  private readonly inside: Uint8Array;

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

  /** Sets the samples of the other half to 0 in transforms [n · samples · 2], in place. */
  restrict(transforms: Float32Array): Float32Array {
    const { inside } = this;
    for (let at = 0; at < transforms.length; at += 2 * inside.length) {
      for (let i = 0; i < inside.length; i++) {
        if (inside[i]) continue;
        transforms[at + 2 * i] = 0;
        transforms[at + 2 * i + 1] = 0;
      }
    }
    return transforms;
  }
}

/** Index of the field of a coordinate, an odd function of it. */
function field(k: number, block: number): number {
  return Math.sign(k) * Math.floor((Math.abs(k) + (block - 1) / 2) / block);
}
