/** Lower factor L of a symmetric positive definite matrix L Lᵀ. */
export function cholesky(
  matrix: Float64Array,
  size: number,
  factor = new Float64Array(size * size),
): Float64Array {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let m = 0; m < j; m++) sum -= factor[i * size + m]! * factor[j * size + m]!;
      // Rounding can make a variance that is all ridge negative.
      factor[i * size + j] =
        i === j
          ? Math.sqrt(Math.max(sum, Number.EPSILON * matrix[i * size + i]!))
          : sum / factor[j * size + j]!;
    }
  }
  return factor;
}

/** Inverse of a lower triangular matrix, written to `out`. */
export function invertLower(factor: Float64Array, size: number, out: Float64Array): void {
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = row === column ? 1 : 0;
      for (let m = column; m < row; m++) sum -= factor[row * size + m]! * out[m * size + column]!;
      out[row * size + column] = sum / factor[row * size + row]!;
    }
  }
}

/** Solution x of L·Lᵀ·x = b with a lower triangular L, in place of b. */
export function solveCholesky(factor: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  for (let d = 0; d < n; d++) {
    for (let e = 0; e < d; e++) b[d]! -= factor[d * n + e]! * b[e]!;
    b[d]! /= factor[d * n + d]! || 1;
  }
  for (let d = n - 1; d >= 0; d--) {
    for (let e = d + 1; e < n; e++) b[d]! -= factor[e * n + d]! * b[e]!;
    b[d]! /= factor[d * n + d]! || 1;
  }
  return b;
}
