import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { LocalLikelihood } from "./posterior";

/** Longest step along a principal direction, in standard deviations of the prior. */
const longestStep = 1;
/** The search ends when the log posterior changes by less than this. */
const smallGain = 0.01;

/** How far a search goes. */
export interface SearchEffort {
  /** Most evaluations of the likelihood per particle. */
  evaluations: number;
  /** A step this short, in standard deviations of the posterior, is accepted without another evaluation. */
  shortStep: number;
}

/** The effort for results that are kept. */
export const defaultEffort: Readonly<SearchEffort> = { evaluations: 10, shortStep: 0.1 };

/** The points among which a search looks, and their prior. */
export interface SearchSpace {
  /** Standard deviation of the normal prior of each number of a point, [width]; its mean is 0. */
  deviations: Float64Array;
  /**
   * A point moved by a step, in the coordinates of the likelihood's derivatives. The prior's derivative must be that of the
   * sum. Default: their sum.
   */
  move?(point: Float32Array, step: ArrayLike<number>): Float32Array;
}

/** Results of all rows of a search, which {@link NewtonSearch} writes. */
export interface SearchResult {
  /** [rows · width] */
  mean: Float32Array;
  /** [rows · width] */
  standardDeviation: Float32Array;
  /** [rows · width · width] */
  covariance?: Float32Array;
}

/** State of a particle's search: the best point so far. */
interface SearchState {
  /** Log posterior. */
  value: number;
  /** Newton step from there. */
  step: Float64Array;
  /** Fraction of the step to try next; halved after a step that decreased the value. */
  fraction: number;
  /** Inverse of the posterior's precision, [width · width]. */
  covariance: Float64Array;
}

/** Newton's method with backtracking for a batch of particles. */
export class NewtonSearch {
  private readonly states = new Map<number, SearchState>();
  private readonly width: number;

  /** @param result its means are where the search starts */
  constructor(
    private readonly result: SearchResult,
    private readonly space: SearchSpace,
    private readonly effort: SearchEffort = defaultEffort,
  ) {
    this.width = space.deviations.length;
  }

  private moved(point: Float32Array, step: ArrayLike<number>): Float32Array {
    return this.space.move?.(point, step) ?? point.map((x, d) => x + step[d]!);
  }

  /** Where to evaluate each row next, [rows · width]. */
  trialPoints(rows: Int32Array): Float32Array {
    const { width, states } = this;
    const { mean } = this.result;
    const points = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) {
      const best = mean.subarray(row * width, (row + 1) * width);
      const state = states.get(row);
      points.set(
        state
          ? this.moved(
              best,
              state.step.map((s) => state.fraction * s),
            )
          : best,
        i * width,
      );
    }
    return points;
  }

  /** Accepts or rejects the trial points. @returns the rows whose search continues */
  update(rows: Int32Array, points: Float32Array, likelihood: LocalLikelihood): Int32Array {
    const { width } = this;
    const active: number[] = [];
    for (const [i, row] of rows.entries()) {
      const at = i * width;
      const trial: TrialPoint = {
        point: points.subarray(at, at + width),
        value: likelihood.value[i]!,
        gradient: likelihood.gradient.subarray(at, at + width),
        curvature: likelihood.curvature.subarray(at * width, (at + width) * width),
      };
      if (this.updateRow(row, trial)) active.push(row);
    }
    return Int32Array.from(active);
  }

  /** @returns whether the search of this row continues */
  private updateRow(row: number, trial: TrialPoint): boolean {
    const { point, value, gradient, curvature } = trial;
    const state = this.states.get(row);
    const logPosterior = value - this.halfSquare(point);
    const finite =
      Number.isFinite(logPosterior) && gradient.every(Number.isFinite) && curvature.every(Number.isFinite);
    // Without a finite likelihood the search ends at the best point so far.
    if (!finite) return false;
    const converged = state !== undefined && Math.abs(logPosterior - state.value) < smallGain;
    if (state && !(logPosterior >= state.value)) {
      state.fraction /= 2;
      return !converged;
    }
    const { step, covariance, length } = newtonStep(trial, this.space.deviations);
    this.states.set(row, { value: logPosterior, step, fraction: 1, covariance });
    const short = length < this.effort.shortStep;
    this.result.mean.set(short ? this.moved(point, step) : point, row * this.width);
    return !short && !converged;
  }

  /** Negative log density of the prior, up to a constant. */
  private halfSquare(point: Float32Array): number {
    let sum = 0;
    for (const [d, value] of point.entries()) sum += (value / this.space.deviations[d]!) ** 2;
    return sum / 2;
  }

  /** Writes standard deviations and covariances. */
  finish(): void {
    const { width, result } = this;
    for (const [row, { covariance }] of this.states) {
      result.covariance?.set(covariance, row * width * width);
      for (let d = 0; d < width; d++) {
        result.standardDeviation[row * width + d] = Math.sqrt(covariance[d * width + d]!);
      }
    }
  }
}

/** Likelihood of one particle at one point. */
interface TrialPoint {
  point: Float32Array;
  value: number;
  gradient: Float32Array;
  curvature: Float32Array;
}

/**
 * Newton step and covariance of the Gaussian approximation with this curvature of the likelihood and a normal prior. `length`
 * is the length of the step in standard deviations of the posterior. Computed in units of the prior's standard deviations.
 */
function newtonStep(
  { point, gradient, curvature }: TrialPoint,
  deviations: Float64Array,
): { step: Float64Array; covariance: Float64Array; length: number } {
  const n = gradient.length;
  const slope = gradient.map((g, d) => g * deviations[d]! - point[d]! / deviations[d]!);
  const scaled = curvature.map((c, i) => c * deviations[i % n]! * deviations[Math.floor(i / n)]!);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(n, n, scaled),
    { assumeSymmetric: true },
  );
  const step = new Float64Array(n);
  const covariance = new Float64Array(n * n);
  let length = 0;
  for (let k = 0; k < n; k++) {
    // Where the likelihood is not concave only the prior's curvature counts.
    const precision = Math.max(realEigenvalues[k]!, 0) + 1;
    let along = 0;
    for (let d = 0; d < n; d++) along += eigenvectorMatrix.get(d, k) * slope[d]!;
    along = Math.min(Math.max(along / precision, -longestStep), longestStep);
    length += precision * along * along;
    for (let d = 0; d < n; d++) {
      const v = eigenvectorMatrix.get(d, k) * deviations[d]!;
      step[d]! += v * along;
      for (let e = 0; e < n; e++) {
        covariance[d * n + e]! += (v * eigenvectorMatrix.get(e, k) * deviations[e]!) / precision;
      }
    }
  }
  return { step, covariance, length: Math.sqrt(length) };
}
