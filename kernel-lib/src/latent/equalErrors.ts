import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { type MixtureComponents, type NoisyPoints, widened } from "./mixtureParts";
import { PlainStep } from "./plainStep";

/** Errors by the array that holds them, which a fit passes in every iteration. */
const known = new WeakMap<Float32Array, Float64Array | undefined>();

/** The errors that all points have, [dimensions]; undefined for points without errors, with different ones, or with an error of 0. */
export function commonErrors({ deviations, dimensions }: NoisyPoints): Float64Array | undefined {
  if (!deviations) return undefined;
  if (!known.has(deviations)) {
    const first = Float64Array.from(deviations.subarray(0, dimensions));
    const equal = first.every((x) => x > 0) && deviations.every((x, i) => x === first[i % dimensions]);
    known.set(deviations, equal ? first : undefined);
  }
  return known.get(deviations);
}

/**
 * An iteration for points that all have the same errors, of covariance S. A point belongs to component c with the density
 * N(x | m_c, V_c + S), so that the sum V_c + S is that of a mixture without errors, under the condition that it is not less than S: its
 * maximum-likelihood value is the weighted covariance of the points, of which, in units of the errors, every eigenvalue below
 * 1 is set to 1. This is the maximum that extreme deconvolution approaches, in as few iterations as without errors, and at
 * their cost.
 */
export class EqualErrorsStep extends PlainStep {
  /** @param errors standard deviations, [dimensions], above 0 */
  constructor(
    current: MixtureComponents,
    set: NoisyPoints,
    private readonly errors: Float64Array,
  ) {
    super(current, set, widened(current, errors));
  }

  override components(ridge: number, tied = false): MixtureComponents {
    const found = super.components(0, tied);
    const squared = this.set.dimensions ** 2;
    for (let c = 0; c < found.weights.length; c++) {
      removeErrors(found.covariances.subarray(c * squared, (c + 1) * squared), this.errors, ridge);
    }
    return found;
  }
}

/** Subtracts the covariance of the errors from a covariance, what is left of it being nowhere negative, and adds the ridge. */
function removeErrors(covariance: Float64Array, errors: Float64Array, ridge: number): void {
  const { length } = errors;
  const unit = (i: number) => errors[Math.floor(i / length)]! * errors[i % length]!;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(
      length,
      length,
      covariance.map((v, i) => v / unit(i)),
    ),
    { assumeSymmetric: true },
  );
  covariance.fill(0);
  realEigenvalues.forEach((value, a) => {
    if (!(value > 1)) return;
    for (let i = 0; i < covariance.length; i++) {
      const both = eigenvectorMatrix.get(Math.floor(i / length), a) * eigenvectorMatrix.get(i % length, a);
      covariance[i]! += (value - 1) * both * unit(i);
    }
  });
  for (let d = 0; d < length; d++) covariance[d * length + d]! += ridge;
}
