import type { Random } from "../../random";

/** How often axes and kinds of parameters are left out in a step of a survey. */
export interface NestedDropout {
  /** Fraction of the particles for which only the first axes are used, a random number of them. */
  axes: number;
  /** Fraction of the particles for which only positions, or only amplitudes and widths, change. */
  kinds: number;
}

/** Shape of the masks of a step. */
export interface MaskShape {
  /** Particles of the step. */
  count: number;
  latent: number;
  /** Networks of the decoder. */
  networks: number;
}

/**
 * Factors 0 and 1 on the latents that each network of the decoder reads, [count · latent] each. Nested dropout (Rippel,
 * Gelbart and Adams, 2014) orders the axes: the first one learns what explains most alone, the next what is left. Where a kind
 * is left out, the other learns to explain what it can alone, so that it can be told which of them a motion needs.
 */
export function nestedMasks(
  { axes, kinds }: NestedDropout,
  { count, latent, networks }: MaskShape,
  random: Random,
): Float32Array[] {
  const masks = Array.from({ length: networks }, () => new Float32Array(count * latent).fill(1));
  for (let b = 0; b < count; b++) {
    if (latent > 1 && random.uniform() < axes) {
      const kept = 1 + Math.floor(random.uniform() * (latent - 1));
      for (const mask of masks) mask.fill(0, b * latent + kept, (b + 1) * latent);
    }
    if (networks > 1 && random.uniform() < kinds) {
      masks[Math.floor(random.uniform() * networks)]!.fill(0, b * latent, (b + 1) * latent);
    }
  }
  return masks;
}
