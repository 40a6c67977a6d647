import { EigenvalueDecomposition, inverse, Matrix } from "ml-matrix";
import type { GaussianModel } from "../../model/gaussianModel";
import { changeMetrics } from "../../network/changeMetrics";
import { LatentFrame } from "../../network/latentFrame";
import type { LatentModel } from "../../network/latentModel";

/**
 * The frame of the first axes of a latent space in which conformation and composition are apart. With P and D the mean squared
 * changes of positions, and of amplitudes and widths ({@link changeMetrics}), its axes are the eigenvectors of P − D in the
 * metric P + D: directions in which as much of the change as possible is of one kind, scaled to unit variance.
 *
 * @param z places of the population, [n · latent]
 */
export function contrastFrame(
  model: LatentModel,
  neutral: GaussianModel,
  z: Float32Array,
  kept: number,
): LatentFrame {
  const { latent } = model.spec;
  const decode = (places: Float32Array, count: number) => model.decodeRaw(places, count);
  const { position, density } = changeMetrics({ latent, decode, neutral }, z);
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
