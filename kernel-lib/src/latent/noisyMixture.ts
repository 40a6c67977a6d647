import { invertLower } from "../cholesky";
import { normalizeDensities } from "../normalizeDensities";
import { type EMStep, type MixtureComponents, type NoisyPoints, tieCovariances } from "./mixtureParts";

/** Responsibilities below this do not contribute to moments. */
const negligible = 1e-10;

/**
 * An iteration of extreme deconvolution (Bovy, Hogg and Roweis, Ann. Appl. Stat. 5, 1657, 2011): the components describe
 * the points without their errors. A point x with errors of covariance S belongs to component c with the density
 * N(x | m_c, V_c + S). With T = V_c + S, g = T⁻¹(x − m_c) and q the responsibilities, the update is
 * m_c ← m_c + s and V_c ← V_c + V_c (Σ q (g gᵀ − T⁻¹) / Σ q) V_c − s sᵀ, where s = V_c Σ q g / Σ q.
 */
export class NoisyStep implements EMStep {
  readonly responsibilities: Float64Array;
  private readonly k: number;
  private readonly constant: Float64Array;
  /** Of T for each component and the last point: Cholesky factors L, [k · dimensions²], and L⁻¹ (x − m). */
  private readonly factors: Float64Array;
  private readonly whitened: Float64Array;
  private readonly inverse: Float64Array;
  private readonly weight: Float64Array;
  /** Σ q g, and the lower triangle of Σ q (g gᵀ − T⁻¹). */
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private readonly direction: Float64Array;

  constructor(
    private readonly current: MixtureComponents,
    private readonly set: NoisyPoints,
  ) {
    const { dimensions } = set;
    const k = current.weights.length;
    const squared = dimensions * dimensions;
    this.k = k;
    this.responsibilities = new Float64Array(k);
    this.constant = current.weights.map(
      (weight) => Math.log(weight) - (dimensions / 2) * Math.log(2 * Math.PI),
    );
    this.factors = new Float64Array(k * squared);
    this.whitened = new Float64Array(k * dimensions);
    this.inverse = new Float64Array(squared);
    this.weight = new Float64Array(k);
    this.first = new Float64Array(k * dimensions);
    this.second = new Float64Array(k * squared);
    this.direction = new Float64Array(dimensions);
  }

  evaluate(i: number): number {
    const { k, responsibilities } = this;
    for (let c = 0; c < k; c++) responsibilities[c] = this.logDensity(c, i);
    return normalizeDensities(responsibilities);
  }

  /** Logarithm of the weighted density of component `c` at point `i`. Most of the time of a fit is spent here. */
  private logDensity(c: number, i: number): number {
    const { factors, whitened, current } = this;
    const { points, deviations, dimensions } = this.set;
    const at = c * dimensions * dimensions;
    let determinant = 1;
    let squared = 0;
    for (let d = 0; d < dimensions; d++) {
      const row = at + d * dimensions;
      const variance = current.covariances[row + d]! + deviations![i * dimensions + d]! ** 2;
      let remaining = variance;
      let sum = points[i * dimensions + d]! - current.means[c * dimensions + d]!;
      for (let e = 0; e < d; e++) {
        const other = at + e * dimensions;
        let value = current.covariances[row + e]!;
        for (let f = 0; f < e; f++) value -= factors[row + f]! * factors[other + f]!;
        value /= factors[other + e]!;
        factors[row + e] = value;
        remaining -= value * value;
        sum -= value * whitened[c * dimensions + e]!;
      }
      // Rounding can make a variance that is all ridge negative.
      const diagonal = Math.sqrt(Math.max(remaining, Number.EPSILON * variance));
      factors[row + d] = diagonal;
      determinant *= diagonal;
      sum /= diagonal;
      whitened[c * dimensions + d] = sum;
      squared += sum * sum;
    }
    return this.constant[c]! - Math.log(determinant) - squared / 2;
  }

  add(): void {
    const { dimensions } = this.set;
    const { direction, inverse, whitened, first, second } = this;
    const squared = dimensions * dimensions;
    for (let c = 0; c < this.k; c++) {
      const share = this.responsibilities[c]!;
      if (share < negligible) continue;
      invertLower(this.factors.subarray(c * squared, (c + 1) * squared), dimensions, inverse);
      this.weight[c]! += share;
      for (let d = 0; d < dimensions; d++) {
        let sum = 0;
        for (let e = d; e < dimensions; e++)
          sum += inverse[e * dimensions + d]! * whitened[c * dimensions + e]!;
        direction[d] = sum;
        first[c * dimensions + d]! += share * sum;
      }
      for (let d = 0; d < dimensions; d++) {
        const row = c * squared + d * dimensions;
        for (let e = 0; e <= d; e++) {
          let precision = 0;
          for (let f = d; f < dimensions; f++)
            precision += inverse[f * dimensions + d]! * inverse[f * dimensions + e]!;
          second[row + e]! += share * (direction[d]! * direction[e]! - precision);
        }
      }
    }
  }

  components(ridge: number, tied = false): MixtureComponents {
    const { current, k, weight } = this;
    const { dimensions } = this.set;
    const squared = dimensions * dimensions;
    const all = weight.reduce((a, b) => a + b, 0);
    const means = current.means.slice();
    const covariances = current.covariances.slice();
    for (let c = 0; c < k; c++) {
      // A component that has lost all points stays where it is with weight 0.
      if (weight[c]! < Number.MIN_VALUE) continue;
      const old = current.covariances.subarray(c * squared, (c + 1) * squared);
      const shift = this.shift(c, old);
      const change = this.change(c, old);
      for (let d = 0; d < dimensions; d++) {
        means[c * dimensions + d]! += shift[d]!;
        for (let e = 0; e <= d; e++) {
          const both = (change[d * dimensions + e]! + change[e * dimensions + d]!) / 2;
          const mean = (old[d * dimensions + e]! + old[e * dimensions + d]!) / 2;
          let value = mean + both - shift[d]! * shift[e]!;
          // Rounding can make the variance of a component without width negative.
          if (d === e) value = Math.max(value, 0) + ridge;
          covariances[c * squared + d * dimensions + e] = value;
          covariances[c * squared + e * dimensions + d] = value;
        }
      }
    }
    const found = { weights: weight.map((w) => w / all), means, covariances };
    if (tied) tieCovariances(found);
    return found;
  }

  /** V Σ q g / Σ q. */
  private shift(c: number, old: Float64Array): Float64Array {
    const { dimensions } = this.set;
    const shift = new Float64Array(dimensions);
    for (let d = 0; d < dimensions; d++) {
      for (let e = 0; e < dimensions; e++) {
        shift[d]! += (old[d * dimensions + e]! * this.first[c * dimensions + e]!) / this.weight[c]!;
      }
    }
    return shift;
  }

  /** V Σ q (g gᵀ − T⁻¹) V / Σ q. */
  private change(c: number, old: Float64Array): Float64Array {
    const { dimensions } = this.set;
    const at = c * dimensions * dimensions;
    const inner = (d: number, e: number) => this.second[at + Math.max(d, e) * dimensions + Math.min(d, e)]!;
    const half = new Float64Array(dimensions * dimensions);
    const change = new Float64Array(dimensions * dimensions);
    for (let d = 0; d < dimensions; d++)
      for (let e = 0; e < dimensions; e++)
        for (let f = 0; f < dimensions; f++)
          half[d * dimensions + e]! += (old[d * dimensions + f]! * inner(f, e)) / this.weight[c]!;
    for (let d = 0; d < dimensions; d++)
      for (let e = 0; e < dimensions; e++)
        for (let f = 0; f < dimensions; f++)
          change[d * dimensions + e]! += half[d * dimensions + f]! * old[f * dimensions + e]!;
    return change;
  }
}
