import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from "ml-matrix";
import { InputError } from "../../errors";
import { countPlaced, type PlacedParticles } from "./placedParticles";

/** Directions with less than this part of the largest variance are left out. */
const leastVariance = 1e-6;

/** Pairs of directions of two spaces along which the same particles have places that agree most. */
export interface CanonicalPairs {
  /** Correlation along each pair, in descending order. */
  correlations: number[];
  /** Coordinate of each particle along each pair, of variance 1, [particles · pairs]. */
  first: Float64Array;
  /** The same in the second space. */
  second: Float64Array;
}

/**
 * Canonical correlations (Hotelling, Biometrika 28, 321, 1936): whitens both sets of places and takes the singular values of
 * their covariance. They do not depend on linear maps of either space, so that axes may be turned, exchanged, stretched and
 * mirrored.
 * @throws InputError unless there are more particles than axes
 */
export function canonicalPairs(placed: PlacedParticles): CanonicalPairs {
  const moments = momentsOf(placed);
  const { u, v, correlations } = solved(moments);
  const { first, firstAxes, second, secondAxes } = placed;
  const along = (points: Float32Array, axes: number, { map, mean }: { map: Matrix; mean: number[] }) => {
    const pairs = correlations.length;
    const n = points.length / axes;
    const out = new Float64Array(n * pairs);
    for (let i = 0; i < n; i++) {
      for (let d = 0; d < axes; d++) {
        const x = points[i * axes + d]! - mean[d]!;
        for (let k = 0; k < pairs; k++) out[i * pairs + k]! += x * map.get(d, k);
      }
    }
    return out;
  };
  return {
    correlations,
    first: along(first, firstAxes, { map: u, mean: moments.means[0] }),
    second: along(second, secondAxes, { map: v, mean: moments.means[1] }),
  };
}

/** The canonical correlations of some particles, with repetitions, in descending order. */
export function canonicalCorrelations(placed: PlacedParticles, rows: Int32Array): number[] {
  return solved(momentsOf(placed, rows)).correlations;
}

interface Moments {
  means: [number[], number[]];
  aa: Matrix;
  ab: Matrix;
  bb: Matrix;
}

function momentsOf(placed: PlacedParticles, rows?: Int32Array): Moments {
  const { first, firstAxes: p, second, secondAxes: q } = placed;
  const n = rows?.length ?? countPlaced(placed);
  if (n <= p + q) throw new InputError("particles to compare", `more than ${p + q}`, `${n}`);
  const width = p + q;
  const row = new Float64Array(width);
  const sum = new Float64Array(width);
  const products = new Float64Array(width * width);
  for (let k = 0; k < n; k++) {
    const i = rows ? rows[k]! : k;
    for (let d = 0; d < p; d++) row[d] = first[i * p + d]!;
    for (let d = 0; d < q; d++) row[p + d] = second[i * q + d]!;
    for (let d = 0; d < width; d++) {
      sum[d]! += row[d]!;
      for (let e = 0; e <= d; e++) products[d * width + e]! += row[d]! * row[e]!;
    }
  }
  const mean = sum.map((x) => x / n);
  const covariance = (d: number, e: number) => {
    const [high, low] = d > e ? [d, e] : [e, d];
    return products[high * width + low]! / n - mean[d]! * mean[e]!;
  };
  const block = (rowsAt: number, height: number, columnsAt: number, columns: number) =>
    new Matrix(
      Array.from({ length: height }, (_, d) =>
        Array.from({ length: columns }, (_, e) => covariance(rowsAt + d, columnsAt + e)),
      ),
    );
  return {
    means: [Array.from(mean.slice(0, p)), Array.from(mean.slice(p))],
    aa: block(0, p, 0, p),
    ab: block(0, p, p, q),
    bb: block(p, q, p, q),
  };
}

function solved({ aa, ab, bb }: Moments): { correlations: number[]; u: Matrix; v: Matrix } {
  const [wa, wb] = [whitening(aa), whitening(bb)];
  const cross = wa.transpose().mmul(ab).mmul(wb);
  const svd = new SingularValueDecomposition(cross, { autoTranspose: true });
  const pairs = Math.min(cross.rows, cross.columns);
  const order = Array.from({ length: pairs }, (_, k) => k).sort(
    (a, b) => svd.diagonal[b]! - svd.diagonal[a]!,
  );
  return {
    correlations: order.map((k) => Math.min(svd.diagonal[k]!, 1)),
    u: wa.mmul(svd.leftSingularVectors).subMatrixColumn(order),
    v: wb.mmul(svd.rightSingularVectors).subMatrixColumn(order),
  };
}

/** A map to coordinates of variance 1 without correlation, [axes · kept]. */
function whitening(covariance: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const largest = Math.max(...realEigenvalues);
  if (!(largest > 0)) throw new InputError("places", "particles at different places", "all at one");
  const kept = realEigenvalues.flatMap((value, k) => (value > leastVariance * largest ? [k] : []));
  const map = eigenvectorMatrix.subMatrixColumn(kept);
  return map.mulRowVector(kept.map((k) => 1 / Math.sqrt(realEigenvalues[k]!)));
}
