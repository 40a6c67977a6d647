import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from "ml-matrix";
import { InputError } from "../errors";

/** Directions whose variance is below this fraction of the largest are none. */
const leastVariance = 1e-9;

/**
 * Canonical correlations of two sets of coordinates of the same points, in descending order: the largest correlation that a linear
 * combination of each can have, the largest of combinations without correlation to those, and so on (Hotelling, Biometrika 28, 321, 1936). They
 * do not depend on rotations or scales of either space.
 * @param a [n · p]
 * @param b [n · q]
 * @returns the smaller of p and q of them, fewer where coordinates are constant or depend on each other
 * @throws InputError for sets of different lengths, and fewer points than 2 + p + q
 */
export function canonicalCorrelations(a: Float32Array, p: number, b: Float32Array, q: number): number[] {
  const n = a.length / p;
  if (b.length / q !== n)
    throw new InputError("coordinates", `of ${n} points, like the first`, String(b.length / q));
  if (n < 2 + p + q) throw new InputError("points", `${2 + p + q} or more`, String(n));
  const [x, y] = [centred(a, p), centred(b, q)];
  const left = whitening(product(x, x, n))
    .mmul(product(x, y, n))
    .mmul(whitening(product(y, y, n)).transpose());
  if (left.rows === 0 || left.columns === 0) return [];
  // Of fewer rows than columns the library would give one value too many.
  const tall = left.rows < left.columns ? left.transpose() : left;
  return new SingularValueDecomposition(tall).diagonal.map((value) => Math.min(1, value));
}

function centred(points: Float32Array, axes: number): Float64Array[] {
  const n = points.length / axes;
  return Array.from({ length: axes }, (_, d) => {
    const column = Float64Array.from({ length: n }, (_, i) => points[i * axes + d]!);
    const mean = column.reduce((sum, value) => sum + value / n, 0);
    return column.map((value) => value - mean);
  });
}

function product(x: readonly Float64Array[], y: readonly Float64Array[], n: number): Matrix {
  return new Matrix(
    x.map((u) =>
      y.map((v) => {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += u[i]! * v[i]!;
        return sum / n;
      }),
    ),
  );
}

/** A matrix W with W C Wᵀ = 1 over the directions of a covariance that vary. */
function whitening(covariance: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const least = leastVariance * Math.max(...realEigenvalues);
  const rows = realEigenvalues.flatMap((value, k) =>
    value > least && value > 0 ? [eigenvectorMatrix.getColumn(k).map((x) => x / Math.sqrt(value))] : [],
  );
  return rows.length > 0 ? new Matrix(rows) : new Matrix(0, covariance.rows);
}
