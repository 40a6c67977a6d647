import { Matrix, solve } from "ml-matrix";
import { InputError } from "../errors";
import { pearson } from "../pearson";

/** Places with their uncertainty, and what is true. */
export interface CoverageData {
  /** Refined coordinates, [particles · latent]. */
  places: ArrayLike<number>;
  /** Their standard deviations, [particles · latent]. */
  standardDeviations: ArrayLike<number>;
  /** True coordinates, one column for each, [particles] each. */
  truth: readonly ArrayLike<number>[];
}

/** How often the intervals of one axis hold. */
export interface AxisCoverage {
  /** Fraction of the particles within one standard deviation; 0.683 if the intervals are right. */
  within68: number;
  /** Fraction within 1.96 standard deviations; 0.95 if they are right. */
  within95: number;
  /** Correlation of the axis with what it should be. */
  correlation: number;
}

/** Least standard deviation that counts in the alignment, as a fraction of the mean. */
const least = 0.1;

/**
 * How often the intervals of places hold, where the truth is known: fractions of the particles whose coordinate is within one
 * and within 1.96 standard deviations of the truth. Since the coordinates of a latent space have no meaning of their own, the
 * truth is first brought into it by the affine map of least weighted squares. What is not affine in it counts as error.
 * @returns for each axis
 * @throws InputError unless all arrays belong to the same particles
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined, standardDeviation } = await run.latents();
 * const [axis] = e2.evidence.coverage({
 *   places: refined,
 *   standardDeviations: standardDeviation,
 *   truth: [Array.from({ length: run.record.particles }, (_, i) => i)],
 * });
 * console.log(axis?.within68, axis?.within95);
 * ```
 */
export function coverage({ places, standardDeviations, truth }: CoverageData): AxisCoverage[] {
  const count = truth[0]?.length ?? 0;
  const latent = places.length / Math.max(count, 1);
  if (count < 3 || !Number.isInteger(latent) || latent < 1 || truth.some((t) => t.length !== count)) {
    throw new InputError(
      "truth",
      "a number for each of three particles or more",
      truth.map((t) => t.length).join(", "),
    );
  }
  if (standardDeviations.length !== places.length) {
    const expected = `${places.length}, one for each coordinate`;
    throw new InputError("standardDeviations", expected, String(standardDeviations.length));
  }
  const terms = Array.from({ length: count }, (_, i) => [1, ...truth.map((t) => t[i]!)]);
  return Array.from({ length: latent }, (_, d) => {
    const z = Array.from({ length: count }, (_, i) => places[i * latent + d]!);
    const deviation = Array.from({ length: count }, (_, i) => standardDeviations[i * latent + d]!);
    return coverageOf(z, deviation, terms);
  });
}

function coverageOf(z: number[], deviation: number[], terms: number[][]): AxisCoverage {
  const n = z.length;
  const mean = deviation.reduce((sum, s) => sum + s / n, 0);
  const size = terms[0]!.length;
  const normal = Matrix.zeros(size, size);
  const right = Matrix.zeros(size, 1);
  for (let i = 0; i < n; i++) {
    const weight = 1 / Math.max(deviation[i]!, least * mean) ** 2;
    for (let a = 0; a < size; a++) {
      right.set(a, 0, right.get(a, 0) + weight * terms[i]![a]! * z[i]!);
      for (let b = 0; b < size; b++) {
        normal.set(a, b, normal.get(a, b) + weight * terms[i]![a]! * terms[i]![b]!);
      }
    }
  }
  // By pseudo-inverse: a true coordinate may be constant.
  const map = solve(normal, right, true).to1DArray();
  const expected = terms.map((row) => row.reduce((sum, x, k) => sum + x * map[k]!, 0));
  const within = (limit: number) =>
    z.filter((value, i) => Math.abs(value - expected[i]!) <= limit * deviation[i]!).length / n;
  return { within68: within(1), within95: within(1.96), correlation: pearson(z, expected) || 0 };
}
