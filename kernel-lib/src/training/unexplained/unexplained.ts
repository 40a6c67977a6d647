import { agreementScores } from "../agreement/agreement";
import { orthonormal, regressors } from "../leaks/nuisance";
import { meanFrcOf } from "../neutralFrc";
import { RingWeights } from "../weights";
import { robustResiduals } from "./robustFit";
import { unexplainedSentence } from "./sentence";

/** Particles as they agree with the models at their places. */
export interface ExplainedData {
  /** Number of particles. */
  count: number;
  /** Outermost ring. */
  rings: number;
  /** FRC with the model at each particle's place, [count · (rings + 1)]. */
  frc: Float32Array;
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
  /** Expected less found agreement, in standard deviations of the set, [particles]: large where the model does not fit. */
  misfit: Float32Array;
  /** Particles that the model does not explain, ascending. */
  particles: Int32Array;
  /** Particles that were judged. */
  judged: number;
  /** Result in a sentence. */
  sentence: string;
}

/** Fraction of the particles found that may be there by chance (Benjamini and Hochberg, J. R. Stat. Soc. B 57, 289, 1995). */
const falseDiscoveries = 0.05;
/** Particles for each coefficient of the regression, below which only a constant is fitted. */
const perCoefficient = 20;

/**
 * Which particles agree less with the model at their own place than others of the same CTF, view and place.
 *
 * The score of a particle is its weighted FRC in standard deviations of noise, and its expectation follows from its CTF and the
 * spectral signal-to-noise ratio of the set, as for the agreement with the neutral model. What still depends on the view (some
 * views show more of the molecule), on the expectation and on the place is taken out by a robust regression. The rest is
 * normal with a scatter that the set itself shows; particles whose misfit is too large for that are reported, at most 5 %
 * of them by chance.
 */
export function judgeUnexplained(data: ExplainedData): Unexplained {
  const { count, rings, frc, ctfPower, members } = data;
  const meanFrc = meanFrcOf(frc, rings + 1, members);
  const weights = new RingWeights({ weighting: "information", meanFrc, ctfPower, particles: count, members });
  const { score, expected, deviation } = agreementScores({ count, rings, frc, ctfPower }, weights);
  const excess = Float64Array.from(members, (i) => (score[i]! - expected[i]!) / deviation[i]!);
  const { residuals, scale } = robustResiduals(excess, predictors(data, expected));
  const misfit = new Float32Array(count);
  for (const [at, i] of members.entries()) {
    misfit[i] = -residuals[at]! / scale;
    expected[i] = score[i]! - residuals[at]! * deviation[i]!;
  }
  const particles = beyondChance(members, misfit);
  const judged = members.length;
  return {
    score,
    expected,
    misfit,
    particles,
    judged,
    sentence: unexplainedSentence(particles.length, judged),
  };
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
