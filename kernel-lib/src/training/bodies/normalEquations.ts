import { Matrix, solve } from "ml-matrix";

/** What images say about some numbers of each particle: a parabola of the log-likelihood around a point. */
export interface MeasuredNumbers {
  /** Numbers of a particle. */
  width: number;
  /** The points, [n · width]. */
  points: ArrayLike<number>;
  /** Slope of the log-likelihood there, [n · width]. */
  gradient: ArrayLike<number>;
  /** Its expected curvature, positive, [n · width · width]. */
  curvature: ArrayLike<number>;
}

/** Terms of a linear model of the numbers of each particle. */
export interface Terms {
  /** [n · count] */
  values: Float64Array;
  count: number;
}

/** Coefficients of no effect on the likelihood stay near 0. */
const ridge = 1e-9;

/**
 * The linear model of the numbers of all particles, u_i = Σ_p t_ip·c_p, with the largest log-likelihood, for parabolas: the normal
 * equations Σ_i t_ip t_iq H_i c_q = Σ_i t_ip (g_i + H_i u_i⁰).
 * @param sets  measurements of the same numbers, each with its terms
 * @param takes which particles count
 * @returns c, [terms · width]
 */
export function fittedCoefficients(
  sets: readonly (readonly [MeasuredNumbers, Terms])[],
  takes: (particle: number) => boolean = () => true,
): Float64Array {
  const { width } = sets[0]![0];
  const terms = sets[0]![1].count;
  const size = terms * width;
  const left = new Float64Array(size * size);
  const right = new Float64Array(size);
  for (const [numbers, own] of sets) {
    for (let i = 0; i * terms < own.values.length; i++) {
      if (takes(i))
        addParticle(numbers, i, { terms: own.values.subarray(i * terms, (i + 1) * terms), left, right });
    }
  }
  for (let k = 0; k < size; k++) left[k * size + k]! += ridge * (left[k * size + k]! || 1);
  const found = solve(Matrix.from1DArray(size, size, left), Matrix.columnVector(right));
  return Float64Array.from(found.to1DArray());
}

interface Equations {
  /** Terms of the particle. */
  terms: Float64Array;
  left: Float64Array;
  right: Float64Array;
}

function addParticle(numbers: MeasuredNumbers, i: number, { terms, left, right }: Equations): void {
  const { width, points, gradient, curvature } = numbers;
  const size = right.length;
  for (let x = 0; x < width; x++) {
    let pull = gradient[i * width + x]!;
    for (let y = 0; y < width; y++) pull += curvature[(i * width + x) * width + y]! * points[i * width + y]!;
    for (let p = 0; p < terms.length; p++) {
      right[p * width + x]! += terms[p]! * pull;
      for (let q = 0; q < terms.length; q++) {
        const both = terms[p]! * terms[q]!;
        const at = (p * width + x) * size + q * width;
        for (let y = 0; y < width; y++) left[at + y]! += both * curvature[(i * width + x) * width + y]!;
      }
    }
  }
}

/** The linear model at some terms, [width]. */
export function atTerms(coefficients: Float64Array, terms: ArrayLike<number>, width: number): Float64Array {
  const values = new Float64Array(width);
  for (let p = 0; p < terms.length; p++) {
    for (let x = 0; x < width; x++) values[x]! += terms[p]! * coefficients[p * width + x]!;
  }
  return values;
}
