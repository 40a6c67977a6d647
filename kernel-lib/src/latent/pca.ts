import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { InputError } from "../errors";
import { countPoints } from "./points";

/** Principal components of points in the latent space, or of any rows of numbers. */
export interface Pca {
  /** Mean of the rows, [dimensions]. */
  mean: Float64Array;
  /** Unit vectors, one row per component, largest variance first, [components · dimensions]. */
  axes: Float64Array;
  /** Variance along each component, [components]. */
  variance: Float64Array;
  /** Fraction of the total variance along each component, [components]. */
  explained: Float64Array;
  /** Numbers per row. */
  dimensions: number;
}

/**
 * Principal component analysis of `rows` [n · dimensions]. The largest element of each component is positive, so that a
 * repeated analysis gives the same signs.
 * @throws InputError for fewer than two rows, and numbers that are not finite
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { axes, explained } = e2.latent.pca(refined, run.latent);
 * ```
 */
export function pca(rows: Float32Array, dimensions: number): Pca {
  const n = rows.length / dimensions;
  if (!Number.isInteger(n) || n < 2) {
    throw new InputError("points", `two or more rows of ${dimensions} numbers`, `${rows.length} numbers`);
  }
  countPoints(rows, dimensions, 2);
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < rows.length; i++) mean[i % dimensions]! += rows[i]! / n;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance(rows, mean), {
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

function covariance(rows: Float32Array, mean: Float64Array): Matrix {
  const dimensions = mean.length;
  const n = rows.length / dimensions;
  const matrix = new Matrix(dimensions, dimensions);
  const centred = new Float64Array(dimensions);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < dimensions; d++) centred[d] = rows[i * dimensions + d]! - mean[d]!;
    for (let d = 0; d < dimensions; d++) {
      for (let e = 0; e <= d; e++) {
        matrix.set(d, e, matrix.get(d, e) + (centred[d]! * centred[e]!) / (n - 1));
      }
    }
  }
  for (let d = 0; d < dimensions; d++) for (let e = 0; e < d; e++) matrix.set(e, d, matrix.get(d, e));
  return matrix;
}

/**
 * Projects rows [n · dimensions] onto the first `components` axes, [n · components].
 * @param components default: all
 * @throws InputError for numbers that are not rows of `dimensions` finite numbers, and more components than there are
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const scores = e2.latent.pcaTransform(e2.latent.pca(refined, run.latent), refined, 1);
 * ```
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
 * Inverse of {@link pcaTransform}: rows [n · dimensions] from coordinates [n · components] along the first axes.
 * @param components default: all
 * @throws InputError for numbers that are not rows of `components` finite numbers, and more components than there are
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const axes = e2.latent.pca((await run.latents()).refined, run.latent);
 * const model = run.decode(e2.latent.pcaInverse(axes, Float32Array.of(1.5), 1));
 * ```
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
