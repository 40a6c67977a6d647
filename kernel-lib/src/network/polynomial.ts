import { Matrix, solve } from "ml-matrix";
import { Random } from "../random";

/** Factor on the products of latents, so that they are learned more slowly than the linear terms. */
const productScale = 0.5;

/** A change of latents, axis by axis: q = gain·z + offset. */
export interface AxisChange {
  gain: ArrayLike<number>;
  offset: ArrayLike<number>;
}

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

  /**
   * Weights and bias of a layer that gives for the latents z what another one gives for q = gain·z + offset.
   * @param weights of the other layer, [terms · outputs]
   * @param bias    of the other layer, [outputs]
   */
  changed(
    { gain, offset }: AxisChange,
    weights: Float32Array,
    bias: Float32Array,
  ): { weights: Float32Array; bias: Float32Array } {
    const { axes, terms, latent } = this;
    if (axes.length === 0) return { weights, bias };
    // The terms of q are linear in those of z and 1; some points tell how.
    const random = new Random(1);
    const count = 4 * (terms + 1);
    const points = Float32Array.from({ length: count * latent }, () => random.normal());
    const before = this.evaluate(
      points.map((z, i) => gain[i % latent]! * z + offset[i % latent]!),
      count,
    );
    const after = this.evaluate(points, count);
    const own = Matrix.ones(count, terms + 1);
    for (let i = 0; i < count; i++) for (let t = 0; t < terms; t++) own.set(i, t, after[i * terms + t]!);
    const map = solve(own, Matrix.from1DArray(count, terms, before));
    const outputs = bias.length;
    const changed = new Float32Array(terms * outputs);
    const changedBias = bias.slice();
    for (let t = 0; t < terms; t++) {
      for (let from = 0; from < terms; from++) {
        const [linear, constant] = [map.get(t, from), t === 0 ? map.get(terms, from) : 0];
        for (let o = 0; o < outputs; o++) {
          const weight = weights[from * outputs + o]!;
          changed[t * outputs + o]! += linear * weight;
          changedBias[o]! += constant * weight;
        }
      }
    }
    return { weights: changed, bias: changedBias };
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
