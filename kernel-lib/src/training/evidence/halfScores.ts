import type { EvidenceGain, ToldApart } from "./evidence";
import { gainOf } from "./gain";

/** Scores of particles, of each half at points from the other. */
export interface HalfScores {
  /** Of each half from which points follow: nats by ring, [particles · (rings + 1)]. */
  byRing: readonly Float64Array[];
  /** What each of these halves expects its point to gain over the one model, [particles]. Default: nothing. */
  expected?: readonly Float64Array[];
}

/** Mean gain of some scores over others in rings `from` to `to`. */
export function gainOver(
  of: HalfScores,
  over: HalfScores,
  { rings, from = 1, to = rings }: { rings: number; from?: number | undefined; to?: number | undefined },
): EvidenceGain {
  const differences = new Float64Array(of.byRing[0]!.length / (rings + 1));
  of.byRing.forEach((scores, half) => {
    for (let i = 0; i < differences.length; i++) {
      differences[i]! += rowGain(scores, over.byRing[half]!, i * (rings + 1) + from, i * (rings + 1) + to);
    }
  });
  return gainOf(differences);
}

function rowGain(of: Float64Array, over: Float64Array, first: number, last: number): number {
  let sum = 0;
  for (let k = first; k <= last; k++) sum += of[k]! - over[k]!;
  return sum;
}

/**
 * Nats that a half has to expect of the other for its particle to be told apart: of a state with a few percent of the particles,
 * about as many others are taken for it at less.
 */
const leastExpected = 4;

/**
 * Gain of the particles that one half of their image tells apart from the one model, on the other half. Which they are, and how much
 * they should gain, follows from the half that is not scored, so that without heterogeneity the mean is not above 0.
 *
 * With an expected gain e = d²/2, a gain is e ± d where the place is right and −e ± d where the noise of the half was taken for
 * it. So g/d = b·d/2 + noise is fitted for all of them, each particle with the sum of its halves, and b over its error is Student's t.
 * The noise is measured, and never taken for less than what is expected. Undefined for fewer than two particles.
 *
 * Few particles cannot be certain by their scatter. So it is also counted how many are told apart by both halves, which independent
 * halves do by chance as the hypergeometric distribution says (Fisher's exact test).
 */
export function gainOfToldApart(of: HalfScores, over: HalfScores, rings: number): ToldApart | undefined {
  const [gains, expectations]: [number[], number[]] = [[], []];
  const byHalf = [0, 0];
  let both = 0;
  for (let i = 0; i < of.byRing[0]!.length / (rings + 1); i++) {
    let [gain, promised, halves] = [0, 0, 0];
    of.byRing.forEach((scores, half) => {
      const expected = Math.max(of.expected?.[half]?.[i] ?? 0, over.expected?.[half]?.[i] ?? 0);
      if (expected < leastExpected) return;
      promised += expected;
      halves++;
      byHalf[half]!++;
      gain += rowGain(scores, over.byRing[half]!, i * (rings + 1) + 1, (i + 1) * (rings + 1) - 1);
    });
    if (halves === 0) continue;
    if (halves === 2) both++;
    gains.push(gain);
    expectations.push(promised);
  }
  const particles = gains.length;
  if (particles < 2) return undefined;
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  const confirmed = sum(gains) / sum(expectations);
  const squares = gains.map((gain, k) => (gain - confirmed * expectations[k]!) ** 2 / (2 * expectations[k]!));
  const noise = Math.max(sum(squares) / (particles - 1), 1);
  return {
    particles,
    gain: sum(gains) / particles,
    standardError: Math.sqrt(2 * noise * sum(expectations)) / particles,
    both,
    chance: chanceOf(both, byHalf as [number, number], of.byRing[0]!.length / (rings + 1)),
  };
}

/** Probability that two independent choices of so many among `count` share `both` or more. */
function chanceOf(both: number, [first, second]: [number, number], count: number): number {
  const logFactorial = new Float64Array(count + 1);
  for (let k = 2; k <= count; k++) logFactorial[k] = logFactorial[k - 1]! + Math.log(k);
  const logChoices = (n: number, k: number) => logFactorial[n]! - logFactorial[k]! - logFactorial[n - k]!;
  let sum = 0;
  for (let k = Math.max(both, first + second - count); k <= Math.min(first, second); k++) {
    sum += Math.exp(logChoices(first, k) + logChoices(count - first, second - k) - logChoices(count, second));
  }
  return Math.min(sum, 1);
}
