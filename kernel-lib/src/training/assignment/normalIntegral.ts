import type { Expansions, PlaceMixture } from "./placeMixture";

/**
 * The likelihood of an image in a component of a mixture: the integral of exp L over the normal distribution N(μ, Σ) of its
 * places, with the quadratic expansion of L. With Σ = A·Aᵀ, g and H derivative and curvature at μ, B = 1 + Aᵀ·H·A:
 * log ∫ = L(μ) + ½ gᵀ·A·B⁻¹·Aᵀ·g − ½ log det B. Exact for places without spread, A = 0.
 */
export class NormalIntegral {
  /** Mean place given image and component, [latent]. */
  readonly mean: Float64Array;
  /** Lower triangle of the covariance of the place, T·Tᵀ with this T, [latent · latent]. */
  readonly factor: Float64Array;
  /** Derivative of the integral's logarithm in μ, [latent]. */
  readonly slope: Float64Array;
  /** Its expected negative second derivative, (H⁻¹ + Σ)⁻¹, [latent · latent]. */
  readonly information: Float64Array;
  private readonly atMean: Float64Array;
  private readonly bound: Float64Array;
  private readonly step: Float64Array;
  private readonly product: Float64Array;
  private readonly factors: Float64Array;

  /** @param mixture its covariances as lower Cholesky factors, [k · latent · latent] */
  constructor(
    private readonly expansions: Expansions,
    private readonly mixture: Pick<PlaceMixture, "means">,
    factors: Float64Array,
  ) {
    const { latent: n } = expansions;
    this.mean = new Float64Array(n);
    this.factor = new Float64Array(n * n);
    this.slope = new Float64Array(n);
    this.information = new Float64Array(n * n);
    this.atMean = new Float64Array(n);
    this.bound = new Float64Array(n * n);
    this.step = new Float64Array(n);
    this.product = new Float64Array(n * n);
    this.factors = factors;
  }

  /** Logarithm of the integral of a row. */
  evaluate(row: number): number {
    const { latent: n, at, gradient, curvature, component, value } = this.expansions;
    const { atMean, step, mean, factor } = this;
    const c = component[row]!;
    const { means } = this.mixture;
    const h = row * n * n;
    const a = c * n * n;
    // From the expanded place to the component's mean.
    let result = value[row]!;
    for (let d = 0; d < n; d++) {
      let turned = 0;
      for (let e = 0; e < n; e++) {
        turned += curvature[h + d * n + e]! * (at[row * n + e]! - means[c * n + e]!);
      }
      const away = at[row * n + d]! - means[c * n + d]!;
      result -= away * (gradient[row * n + d]! + turned / 2);
      atMean[d] = gradient[row * n + d]! + turned;
    }
    result -= this.factorize(h, a);
    // step = R⁻¹ Aᵀ g, then R⁻ᵀ of it
    for (let d = 0; d < n; d++) {
      let sum = 0;
      for (let e = d; e < n; e++) sum += this.factors[a + e * n + d]! * atMean[e]!;
      for (let e = 0; e < d; e++) sum -= this.bound[d * n + e]! * step[e]!;
      step[d] = sum / this.bound[d * n + d]!;
      result += step[d]! ** 2 / 2;
    }
    // T = A R⁻ᵀ, row by row: T Rᵀ = A
    for (let i = 0; i < n; i++) {
      mean[i] = means[c * n + i]!;
      for (let d = 0; d < n; d++) {
        let sum = d <= i ? this.factors[a + i * n + d]! : 0;
        for (let e = 0; e < d; e++) sum -= this.bound[d * n + e]! * factor[i * n + e]!;
        factor[i * n + d] = sum / this.bound[d * n + d]!;
        mean[i]! += factor[i * n + d]! * step[d]!;
      }
    }
    return result;
  }

  /** R with R·Rᵀ = 1 + Aᵀ·H·A. @returns the sum of the logarithms of its diagonal */
  private factorize(h: number, a: number): number {
    const { latent: n, curvature } = this.expansions;
    const { product, bound, factors } = this;
    // H·A
    for (let d = 0; d < n; d++) {
      for (let e = 0; e < n; e++) {
        let sum = 0;
        for (let f = e; f < n; f++) sum += curvature[h + d * n + f]! * factors[a + f * n + e]!;
        product[d * n + e] = sum;
      }
    }
    let logarithm = 0;
    for (let d = 0; d < n; d++) {
      for (let e = 0; e <= d; e++) {
        let sum = d === e ? 1 : 0;
        for (let f = d; f < n; f++) sum += factors[a + f * n + d]! * product[f * n + e]!;
        for (let f = 0; f < e; f++) sum -= bound[d * n + f]! * bound[e * n + f]!;
        bound[d * n + e] = d === e ? Math.sqrt(Math.max(sum, Number.EPSILON)) : sum / bound[e * n + e]!;
      }
      logarithm += Math.log(bound[d * n + d]!);
    }
    return logarithm;
  }

  /** Sets {@link slope} and {@link information} of the row that was evaluated last. */
  differentiate(row: number): void {
    const { latent: n, curvature } = this.expansions;
    const { factor, product, slope, information, atMean, step } = this;
    const h = row * n * n;
    // H·T
    for (let d = 0; d < n; d++) {
      for (let e = 0; e < n; e++) {
        let sum = 0;
        for (let f = 0; f < n; f++) sum += curvature[h + d * n + f]! * factor[f * n + e]!;
        product[d * n + e] = sum;
      }
    }
    for (let d = 0; d < n; d++) {
      slope[d] = atMean[d]!;
      for (let e = 0; e < n; e++) {
        slope[d]! -= product[d * n + e]! * step[e]!;
        let sum = curvature[h + d * n + e]!;
        for (let f = 0; f < n; f++) sum -= product[d * n + f]! * product[e * n + f]!;
        information[d * n + e] = sum;
      }
    }
  }
}
