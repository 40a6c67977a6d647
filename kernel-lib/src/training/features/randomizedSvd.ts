import * as tf from "@tensorflow/tfjs-core";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { readAndDispose, withTensors } from "../../compute/tensors";
import type { Random } from "../../random";

/** Leading right singular vectors of a matrix. */
export interface SingularVectors {
  /** Orthonormal columns, divided by the standard deviation of the projections onto them, [columns · size]. */
  basis: Float32Array;
  /** Fraction of the matrix's sum of squares that they explain. */
  explained: number;
}

/** A dense matrix, row by row, [rows · columns]. */
export interface DenseMatrix {
  data: Float32Array;
  rows: number;
  columns: number;
}

/** Registers a tensor for disposal. */
type Keep = <T extends tf.Tensor>(tensor: T) => T;

/** Numbers of the matrix that are processed at a time. */
const blockNumbers = 2 ** 22;
/** Oversampling and power iterations that make the vectors accurate (Halko, Martinsson and Tropp, 2011). */
const oversampling = 16;
const powerIterations = 2;

/** Singular vectors beyond the requested ones that {@link randomizedSvd} computes. */
export const extraVectors = oversampling;

/**
 * The `size` leading right singular vectors by randomized subspace iteration. The columns are processed in blocks: for
 * models of tens of thousands of Gaussians a copy of all of them would take gigabytes.
 */
export function randomizedSvd(matrix: DenseMatrix, size: number, random: Random): Promise<SingularVectors> {
  return withTensors(async (keep) => {
    const { data, rows, columns } = matrix;
    const blocked = new BlockedMatrix(matrix, keep);
    const wide = Math.min(size + oversampling, rows, columns);
    const z = Float32Array.from({ length: columns * wide }, () => random.normal());
    const white = await iterateSubspace(blocked, z, wide, keep);
    const leading = keep(tf.slice(white, [0, 0], [wide, size]) as tf.Tensor2D);
    const basis = new Float32Array(columns * size);
    for (const { from, to } of blocked.ranges) {
      const part = tf.tidy(() =>
        tf.matMul(tf.tensor2d(z.subarray(from * wide, to * wide), [to - from, wide]), leading),
      );
      basis.set(await readAndDispose(part), from * size);
    }
    const projections = blocked.multiply(basis, size);
    const [kept] = await readAndDispose(tf.tidy(() => tf.sum(tf.square(projections))));
    let total = 0;
    for (const value of data) total += value * value;
    const deviation = Math.sqrt(kept! / (rows * size));
    if (deviation > 0) for (let i = 0; i < basis.length; i++) basis[i]! /= deviation;
    return { basis, explained: total > 0 ? kept! / total : 0 };
  });
}

/**
 * Subspace iteration of `z` [columns · wide], in place. The subspace is spanned by z · white, where `white` makes the
 * columns orthonormal.
 * @returns `white`
 */
async function iterateSubspace(
  matrix: BlockedMatrix,
  z: Float32Array,
  wide: number,
  keep: Keep,
): Promise<tf.Tensor2D> {
  let white: tf.Tensor2D | undefined;
  for (let iteration = 0; iteration <= powerIterations; iteration++) {
    const plain = matrix.multiply(z, wide);
    // dataᵀ · y is computed as (yᵀ · data)ᵀ, which transposes small matrices instead of the large one.
    const y = keep(tf.tidy(() => tf.transpose(white ? tf.matMul(plain, white) : plain)));
    let gram = keep(tf.zeros([wide, wide]) as tf.Tensor2D);
    for (const range of matrix.ranges) {
      const part = keep(tf.tidy(() => tf.transpose(tf.matMul(y, matrix.block(range)))));
      const sum = keep(tf.tidy(() => tf.add(gram, tf.matMul(tf.transpose(part), part)) as tf.Tensor2D));
      gram.dispose();
      gram = sum;
      z.set(await readAndDispose(part), range.from * wide);
    }
    const products = await readAndDispose(gram);
    tf.dispose([plain, y, ...(white ? [white] : [])]);
    white = keep(whitening(products, wide));
  }
  return white!;
}

interface ColumnRange {
  from: number;
  to: number;
}

/** A matrix whose blocks of columns become tensors when needed. */
class BlockedMatrix {
  readonly ranges: readonly ColumnRange[];

  constructor(
    private readonly matrix: DenseMatrix,
    private readonly keep: Keep,
  ) {
    const { rows, columns } = matrix;
    const width = Math.max(1, Math.floor(blockNumbers / rows));
    this.ranges = Array.from({ length: Math.ceil(columns / width) }, (_, i) => ({
      from: i * width,
      to: Math.min((i + 1) * width, columns),
    }));
  }

  /** A block of columns, to be disposed of by the caller. */
  block({ from, to }: ColumnRange): tf.Tensor2D {
    const { data, rows, columns } = this.matrix;
    const part = new Float32Array(rows * (to - from));
    for (let row = 0; row < rows; row++) {
      part.set(data.subarray(row * columns + from, row * columns + to), row * (to - from));
    }
    return tf.tensor2d(part, [rows, to - from]);
  }

  /** The product with `right` [columns · k]. */
  multiply(right: Float32Array, k: number): tf.Tensor2D {
    const { keep } = this;
    return this.ranges.reduce(
      (sum, range) => {
        const next = tf.tidy(() => {
          const part = right.subarray(range.from * k, range.to * k);
          return tf.add(sum, tf.matMul(this.block(range), tf.tensor2d(part, [range.to - range.from, k])));
        });
        sum.dispose();
        return keep(next as tf.Tensor2D);
      },
      keep(tf.zeros([this.matrix.rows, k]) as tf.Tensor2D),
    );
  }
}

/** The matrix that makes columns with this Gram matrix [n · n] orthonormal, those with the largest norm first. */
function whitening(gram: Float32Array, n: number): tf.Tensor2D {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(n, n, Array.from(gram)),
    { assumeSymmetric: true },
  );
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const floor = realEigenvalues[order[0]!]! * 1e-12;
  const values = new Float32Array(n * n);
  order.forEach((from, to) => {
    const factor = 1 / Math.sqrt(Math.max(realEigenvalues[from]!, floor, Number.MIN_VALUE));
    for (let i = 0; i < n; i++) values[i * n + to] = eigenvectorMatrix.get(i, from) * factor;
  });
  return tf.tensor2d(values, [n, n]);
}
