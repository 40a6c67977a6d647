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
