import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { InputError } from "../errors";
import { countPoints } from "./points";

/** Principal components of points in the latent space, or of any rows of numbers. */
export interface Pca {
  /** [dimensions] */
  mean: Float64Array;
  /** Unit vectors, one row per component, largest variance first, [components · dimensions]. */
  axes: Float64Array;
  /** Variance along each component, [components]. */
  variance: Float64Array;
  /** Fraction of the whole variance along each component, [components]. */
  explained: Float64Array;
  dimensions: number;
}

/**
 * Principal component analysis of `rows` [n · dimensions]. The sign of a component is fixed: its largest element is
 * positive, so that a repeated analysis gives the same axes.
 * @throws InputError for fewer than two rows, and for numbers that are not finite
 */
export function pca(rows: Float32Array, dimensions: number): Pca {
  const n = rows.length / dimensions;
  if (!Number.isInteger(n) || n < 2) {
    throw new InputError("points", `two or more rows of ${dimensions} numbers`, `${rows.length} numbers`);
  }
  countPoints(rows, dimensions, 2);
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < rows.length; i++) mean[i % dimensions]! += rows[i]! / n;
  const covariance = new Matrix(dimensions, dimensions);
  const centred = new Float64Array(dimensions);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < dimensions; d++) centred[d] = rows[i * dimensions + d]! - mean[d]!;
    for (let d = 0; d < dimensions; d++) {
      for (let e = 0; e <= d; e++) {
        covariance.set(d, e, covariance.get(d, e) + (centred[d]! * centred[e]!) / (n - 1));
      }
    }
  }
  for (let d = 0; d < dimensions; d++) for (let e = 0; e < d; e++) covariance.set(e, d, covariance.get(d, e));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const axes = new Float64Array(dimensions * dimensions);
  order.forEach((k, row) => {
    const axis = Array.from({ length: dimensions }, (_, d) => eigenvectorMatrix.get(d, k));
    const largest = axis.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
    for (let d = 0; d < dimensions; d++) axes[row * dimensions + d] = axis[d]! * Math.sign(largest || 1);
  });
  const variance = Float64Array.from(order, (k) => Math.max(realEigenvalues[k]!, 0));
  const total = variance.reduce((a, b) => a + b, 0);
  return { mean, axes, variance, explained: variance.map((v) => (total > 0 ? v / total : 0)), dimensions };
}

/**
 * Coordinates along the first `components` axes, [n · components], of rows [n · dimensions].
 * @throws InputError for numbers that are not finite or no such rows, and for more components than there are
 */
export function pcaTransform(
  { mean, axes, dimensions }: Pca,
  rows: Float32Array,
  components = dimensions,
): Float32Array {
  const n = countPoints(rows, dimensions, 0);
  checkComponents(components, axes, dimensions);
  const out = new Float32Array(n * components);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < components; c++) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++)
        sum += (rows[i * dimensions + d]! - mean[d]!) * axes[c * dimensions + d]!;
      out[i * components + c] = sum;
    }
  }
  return out;
}

/**
 * Rows [n · dimensions] from coordinates [n · components] along the first components: the way back.
 * @throws InputError for numbers that are not finite or no such rows, and for more components than there are
 */
export function pcaInverse(
  { mean, axes, dimensions }: Pca,
  scores: Float32Array,
  components = dimensions,
): Float32Array {
  checkComponents(components, axes, dimensions);
  const n = countPoints(scores, components, 0);
  const out = new Float32Array(n * dimensions);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < dimensions; d++) {
      let sum = mean[d]!;
      for (let c = 0; c < components; c++) sum += scores[i * components + c]! * axes[c * dimensions + d]!;
      out[i * dimensions + d] = sum;
    }
  }
  return out;
}

function checkComponents(components: number, axes: Float64Array, dimensions: number): void {
  const most = axes.length / dimensions;
  if (!Number.isInteger(components) || components < 1 || components > most) {
    throw new InputError("components", `an integer from 1 to ${most}`, String(components));
  }
}
