/** Factor on the products of latents, so that they are learned more slowly than the linear terms. */
const productScale = 0.5;

/**
 * Polynomials of some axes of the latent space, as input of a decoder: the axes, and in degree 2 the Hermite products
 * (z_i² − 1)/√2 and z_i·z_j, which have mean 0 over normal latents.
 */
export class LatentPolynomial {
  /** Numbers per particle. */
  readonly terms: number;

  /**
   * @param latent axes of the latent space
   * @param axes   those that are read, from 0
   */
  constructor(
    private readonly latent: number,
    readonly axes: readonly number[],
    readonly degree: 1 | 2,
  ) {
    const n = axes.length;
    // Without axes a single 0, so that only the bias of a network counts.
    this.terms = Math.max(1, degree === 1 ? n : n + (n * (n + 1)) / 2);
  }

  /** The terms [n · terms] at latents [n · latent]. */
  evaluate(z: Float32Array, count: number): Float32Array {
    const { latent, axes, terms } = this;
    const out = new Float32Array(count * terms);
    if (axes.length === 0) return out;
    for (let b = 0; b < count; b++) {
      const at = b * latent;
      let k = b * terms;
      for (const d of axes) out[k++] = z[at + d]!;
      if (this.degree === 1) continue;
      for (const [i, d] of axes.entries()) {
        const x = z[at + d]!;
        out[k++] = (productScale * (x * x - 1)) / Math.SQRT2;
        for (let j = i + 1; j < axes.length; j++) out[k++] = productScale * x * z[at + axes[j]!]!;
      }
    }
    return out;
  }

  /** The gradient in latents [n · latent] at `z`, from that in the terms [n · terms]. */
  backward(z: Float32Array, gradient: Float32Array): Float32Array {
    const { latent, axes, terms } = this;
    const count = gradient.length / terms;
    const out = new Float32Array(count * latent);
    if (axes.length === 0) return out;
    for (let b = 0; b < count; b++) {
      const at = b * latent;
      let k = b * terms;
      for (const d of axes) out[at + d]! += gradient[k++]!;
      if (this.degree === 1) continue;
      for (const [i, d] of axes.entries()) {
        const x = z[at + d]!;
        out[at + d]! += productScale * Math.SQRT2 * x * gradient[k++]!;
        for (let j = i + 1; j < axes.length; j++) {
          const e = axes[j]!;
          const g = productScale * gradient[k++]!;
          out[at + d]! += g * z[at + e]!;
          out[at + e]! += g * x;
        }
      }
    }
    return out;
  }
}
