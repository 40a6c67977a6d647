import { agreementScores } from "../agreement/agreement";
import { orthonormal, regressors } from "../leaks/nuisance";
import { meanFrcOf } from "../neutralFrc";
import { RingWeights } from "../weights";
import { commonResidual } from "./commonResidual";
import { robustDeviation, robustResiduals } from "./robustFit";
import { unexplainedSentence } from "./sentence";
import { normalScores } from "./skew";

/** Particles as they agree with the models at their places. */
export interface ExplainedData {
  /** Number of particles. */
  count: number;
  /** Outermost ring. */
  rings: number;
  /** FRC with the model at each particle's place, [count · (rings + 1)]. */
  frc: Float32Array;
  /** How each particle would change the density in cells of the molecule, [count · cells]. Default: not used. */
  gradients?: Float32Array;
  /** Number of cells. */
  cells?: number;
  /** Mean CTF² of each particle and ring, [count · (rings + 1)]. */
  ctfPower: Float32Array;
  /** Rotations reference → image, [count · 9]. */
  rotations: Float32Array;
  /** Places, [count · latent]. */
  places: Float32Array;
  /** Particles that are judged, ascending; the others have no part in what is expected. */
  members: Int32Array;
}

/** What the model does not explain. */
export interface Unexplained {
  /** Agreement of each particle with the model at its place, in standard deviations of noise, [particles]. */
  score: Float32Array;
  /** What its CTF, the signal of the set, its view and its place let expect, in the same unit, [particles]. */
  expected: Float32Array;
  /** Expected less found agreement, as a standard normal number, [particles]: large where the model does not fit. */
  misfit: Float32Array;
  /**
   * How far each particle would change the model in the way that some particles have in common, in robust standard deviations,
   * [particles]; 0 in sets of fewer than 200 particles.
   */
  residual: Float32Array;
  /** Particles that the model does not explain, ascending. */
  particles: Int32Array;
  /** Particles that were judged. */
  judged: number;
  /** Result in a sentence. */
  sentence: string;
}

/** Fraction of the particles found that may be there by chance. */
const falseDiscoveries = 0.05;
/** Least limit, in robust standard deviations. */
const leastLimit = 2.5;
/** Particles for each coefficient of the regression, below which only a constant is fitted. */
const perCoefficient = 20;

/**
 * Which particles agree less with the model at their own place than others of the same CTF, view and place, and would change it
 * in a way that they have in common.
 *
 * The score of a particle is its weighted FRC in standard deviations of noise, and its expectation follows from its CTF and the
 * spectral signal-to-noise ratio of the set, as for the agreement with the neutral model. What still depends on the view (some
 * views show more of the molecule), on the expectation and on the place is taken out by a robust regression. The rest has
 * the scatter and the skewness that most of the set shows. This misfit sees gross differences only: noise changes the score of an
 * image by more than a missing part. Together with what the particles would change in common (`commonResidual.ts`) it is several times as
 * sensitive. Their sum is symmetric where nothing is amiss, so that its lower tail says how many are in the upper one by chance
 * (Barber and Candès, Ann. Stat. 43, 2055, 2015): particles are reported beyond the limit at which these are 5 %, for which at least
 * 20 are needed. So are those whose misfit alone is beyond chance (Benjamini and Hochberg, J. R. Stat. Soc. B 57, 289, 1995).
 */
export function judgeUnexplained(data: ExplainedData): Unexplained {
  const { count, rings, frc, ctfPower, members } = data;
  const meanFrc = meanFrcOf(frc, rings + 1, members);
  const weights = new RingWeights({ weighting: "information", meanFrc, ctfPower, particles: count, members });
  const { score, expected, deviation } = agreementScores({ count, rings, frc, ctfPower }, weights);
  const excess = Float64Array.from(members, (i) => (score[i]! - expected[i]!) / deviation[i]!);
  const residuals = robustResiduals(excess, predictors(data, expected));
  const normal = normalScores(residuals.map((x) => -x));
  const misfit = new Float32Array(count);
  for (const [at, i] of members.entries()) {
    misfit[i] = normal[at]!;
    expected[i] = score[i]! - residuals[at]! * deviation[i]!;
  }
  const residual = new Float32Array(count);
  const along = data.gradients && commonResidual(data.gradients, data.cells!, members);
  along?.forEach((value, at) => {
    residual[members[at]!] = value;
  });
  const found = new Set(beyondChance(members, misfit));
  if (along) for (const i of beyondOppositeTail(members, normal, along)) found.add(i);
  const particles = Int32Array.from(found).sort();
  const judged = members.length;
  const sentence = unexplainedSentence(particles.length, judged);
  return { score, expected, misfit, residual, particles, judged, sentence };
}

/** What the agreement may depend on: columns over the members, orthonormal. */
function predictors(
  { rotations, places, members, count }: ExplainedData,
  expected: Float32Array,
): Float64Array[] {
  const latent = places.length / count;
  const views = Float64Array.from({ length: 3 * count }, (_, k) => {
    return rotations[9 * Math.floor(k / 3) + 6 + (k % 3)]!;
  });
  const number = (values: ArrayLike<number>) => regressors({ name: "", kind: "number", values }, members);
  const axes = Array.from({ length: latent }, (_, d) =>
    number(Float64Array.from({ length: count }, (_, i) => places[i * latent + d]!)),
  );
  const columns = orthonormal([
    ...number(expected),
    ...regressors({ name: "view", kind: "direction", values: views }, members),
    ...axes.flat(),
  ]);
  return members.length >= perCoefficient * columns.length ? columns : [];
}

/** Particles whose misfit and common residual together are beyond a limit that at most 5 % as many exceed on the other side. */
function beyondOppositeTail(members: Int32Array, misfit: Float64Array, residual: Float64Array): Int32Array {
  const sum = misfit.map((x, at) => x + residual[at]!);
  const { middle, deviation } = robustDeviation(sum);
  const together = sum.map((x) => (x - middle) / deviation);
  const up = together.slice().sort().reverse();
  const down = together
    .map((x) => -x)
    .sort()
    .reverse();
  let limit = Number.POSITIVE_INFINITY;
  for (let above = 1, below = 0; above <= up.length && up[above - 1]! >= leastLimit; above++) {
    while (below < down.length && down[below]! >= up[above - 1]!) below++;
    if (1 + below <= falseDiscoveries * above) limit = up[above - 1]!;
  }
  return members.filter((_, at) => together[at]! >= limit);
}

/** Particles whose misfit has a p-value of at most (rank / number) · falseDiscoveries, for the largest such rank. */
function beyondChance(members: Int32Array, misfit: Float32Array): Int32Array {
  const order = members.slice().sort((a, b) => misfit[b]! - misfit[a]!);
  let found = 0;
  order.forEach((i, rank) => {
    if (upperTail(misfit[i]!) <= (falseDiscoveries * (rank + 1)) / members.length) found = rank + 1;
  });
  return order.subarray(0, found).slice().sort();
}

/**
 * Probability that a standard normal number exceeds x: the continued fraction of Laplace from 2 on, Simpson's rule below.
 */
export function upperTail(x: number): number {
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  if (x < 2) {
    const steps = 200;
    const width = x / steps;
    let sum = density(0) + density(x);
    for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i * width);
    return 0.5 - (sum * width) / 3;
  }
  let fraction = x;
  for (let k = 60; k >= 1; k--) fraction = x + k / fraction;
  return density(x) / fraction;
}
