import { EigenvalueDecomposition, inverse, Matrix } from "ml-matrix";
import { type GaussianModel, Row } from "../../model/gaussianModel";
import { LatentFrame } from "../../network/latentFrame";
import type { LatentModel } from "../../network/latentModel";

/** Places of the population at which changes are measured, and half the step of the differences. */
const samples = 200;
const step = 0.25;

/**
 * The frame of the first axes of a latent space in which conformation and composition are apart. With P and D the mean squared changes of positions,
 * and of amplitudes and widths, per unit step, as quadratic forms, its axes are the eigenvectors of
 * P − D in the metric P + D, directions in which as much of the change as possible is of one kind, scaled to unit variance.
 *
 * Changes are measured as in `modelChange`: displacements against the width of the Gaussians, amplitudes and widths as
 * fractions.
 * @param z places of the population, [n · latent]
 */
export function contrastFrame(
  model: LatentModel,
  neutral: GaussianModel,
  z: Float32Array,
  kept: number,
): LatentFrame {
  const { latent } = model.spec;
  const { position, density } = kindMetrics(model, neutral, z);
  const first = (m: Matrix) => m.subMatrix(0, kept - 1, 0, kept - 1);
  const total = new EigenvalueDecomposition(first(Matrix.add(position, density)), { assumeSymmetric: true });
  const whitening = total.eigenvectorMatrix.mmul(
    Matrix.diag(total.realEigenvalues.map((x) => 1 / Math.sqrt(Math.max(x, 1e-12)))),
  );
  const contrast = whitening
    .transpose()
    .mmul(first(Matrix.sub(position, density)))
    .mmul(whitening);
  const { eigenvectorMatrix } = new EigenvalueDecomposition(contrast, { assumeSymmetric: true });
  // Columns are the directions z of unit change along each new axis.
  const rows = inverse(whitening.mmul(eigenvectorMatrix));
  const none = Array.from({ length: kept }, () => undefined);
  const frame = new LatentFrame(Float64Array.from(rows.to1DArray()), none);
  const squares = new Float64Array(kept);
  frame.fromNetwork(firstAxes(z, latent, kept)).forEach((y, i) => {
    squares[i % kept]! += (y * y * latent) / z.length;
  });
  const matrix = frame.matrix.map((value, i) => value / Math.sqrt(squares[Math.floor(i / kept)]!));
  return new LatentFrame(matrix, none);
}

/** The first `kept` of `latent` coordinates of each place. */
export function firstAxes(z: Float32Array, latent: number, kept: number): Float32Array {
  return z.filter((_, i) => i % latent < kept);
}

function kindMetrics(
  model: LatentModel,
  neutral: GaussianModel,
  z: Float32Array,
): { position: Matrix; density: Matrix } {
  const { latent } = model.spec;
  const count = z.length / latent;
  const used = Math.min(samples, count);
  const position = Matrix.zeros(latent, latent);
  const density = Matrix.zeros(latent, latent);
  for (let s = 0; s < used; s++) {
    const at = Math.floor((s * count) / used) * latent;
    const derivatives = derivativesAt(model, neutral, z.subarray(at, at + latent));
    for (let d = 0; d < latent; d++) {
      for (let e = 0; e < latent; e++) {
        const [a, b] = [derivatives[d]!, derivatives[e]!];
        position.set(d, e, position.get(d, e) + dot(a.position, b.position) / used);
        density.set(d, e, density.get(d, e) + dot(a.density, b.density) / used);
      }
    }
  }
  return { position, density };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Derivatives of the parameters along each axis, in units of the metric. */
function derivativesAt(model: LatentModel, neutral: GaussianModel, place: Float32Array) {
  const { latent } = model.spec;
  const { count: n, params, boxSize } = neutral;
  const points = new Float32Array(2 * latent * latent);
  for (let d = 0; d < latent; d++) {
    for (const side of [0, 1]) {
      points.set(place, (2 * d + side) * latent);
      points[(2 * d + side) * latent + d]! += side === 0 ? -step : step;
    }
  }
  const models = model.decodeRaw(points, 2 * latent);
  const { shares, width } = sharesOf(neutral);
  return Array.from({ length: latent }, (_, d) => {
    const change = (row: number, i: number) =>
      (models[(2 * d + 1) * 5 * n + row * n + i]! - models[2 * d * 5 * n + row * n + i]!) / (2 * step);
    const position = new Float64Array(3 * n);
    const density = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) {
      const share = Math.sqrt(shares[i]!);
      for (let axis = 0; axis < 3; axis++) {
        position[axis * n + i] = (share * change(axis, i) * boxSize) / (Math.SQRT2 * width);
      }
      const amplitude = params[Row.amplitude * n + i]!;
      if (amplitude !== 0) density[i] = (share * change(Row.amplitude, i)) / amplitude;
      density[n + i] = (share * Math.sqrt(3.75) * change(Row.sigma, i)) / params[Row.sigma * n + i]!;
    }
    return { position, density };
  });
}

/** Each Gaussian's share of the mass, and the root mean square width in pixels. */
function sharesOf({ count: n, params }: GaussianModel): { shares: Float64Array; width: number } {
  const shares = new Float64Array(n);
  let mass = 0;
  let square = 0;
  for (let i = 0; i < n; i++) {
    const sigma = params[Row.sigma * n + i]!;
    shares[i] = Math.abs(params[Row.amplitude * n + i]!) * sigma ** 3;
    mass += shares[i]!;
    square += shares[i]! * sigma ** 2;
  }
  return { shares: shares.map((w) => w / mass), width: Math.sqrt(square / mass) };
}
