import { disc } from "../../fourier/disc";
import { meanFrcOf } from "../neutralFrc";
import { RingWeights } from "../weights";

/**
 * Whether particles and neutral model belong together, judged by the FRC of every particle with the model, which the first
 * pass over the data gives.
 *
 * The agreement of one particle is a single number in standard deviations of noise: its FRC summed over rings with the
 * information weights w (see weights.ts), over what the sum scatters by where an image holds noise alone, √(Σ w²/2n) for
 * rings of n samples. What is expected of it, in the same unit, follows from the particle's own CTF and the set's spectral
 * signal-to-noise ratio: Σ w·f / √(Σ w²/2n), give or take √(Σ w²(1 − f²)²/2n) / √(Σ w²/2n). An inverted image has about the
 * negative of it, an empty one 0.
 */

/** What is judged: the FRC of each particle and ring with the neutral model, and its mean CTF², both [count · (rings + 1)]. */
export interface AgreementData {
  count: number;
  rings: number;
  frc: Float32Array;
  ctfPower: Float32Array;
}

export type OutlierReason = "inverted contrast" | "empty image" | "no agreement";

/** A particle that agrees with the neutral model far less than its CTF and the set's signal let expect. */
export interface Outlier {
  /** Place in the particle file, from 0. */
  index: number;
  /** Agreement and what was expected of it, in standard deviations of noise. */
  score: number;
  expected: number;
  reason: OutlierReason;
}

export interface Agreement {
  /**
   * `agrees`: training can begin. `none`: no ring agrees beyond its scatter. `inverted`: particles agree with a minus sign.
   * `mixed`: so many do, and so many with a plus sign, that which of them are right cannot be told.
   */
  verdict: "agrees" | "none" | "inverted" | "mixed";
  /** Mean over all particles of the FRC over rings 1 … all, and its standard error. */
  frc: number;
  standardError: number;
  /** Particles that agree beyond doubt, with a plus and with a minus sign. */
  positive: Int32Array;
  negative: Int32Array;
  /** Agreement and what is expected of each particle, in standard deviations of noise, [count]. */
  score: Float32Array;
  expected: Float32Array;
  /** Ascending by index. */
  outliers: Outlier[];
  /** All the others, ascending. */
  kept: Int32Array;
}

/** So many standard deviations of noise no image without the molecule reaches: 1 in 30,000. */
const BEYOND_NOISE = 4;
/** An outlier is further below what is expected than this many standard deviations of the set's scatter. */
const FAR_BELOW = 5;
/**
 * An outlier agrees no more than noise may by chance (this many standard deviations of it) and half as well as expected, or
 * it agrees less than the small part of what is expected.
 */
const LIKE_NOISE = 2;
const HALF = 0.5;
const SMALL_PART = 0.2;
/** Where this part of the particles can be judged one by one, signs are counted; else only the mean is judged. */
const COUNTED = 0.2;
/** From this part of negative signs on a set is mixed, and beyond the other inverted. */
const MIXED = 0.3;
const INVERTED = 0.7;
/** Standard errors from 0 at which the mean agreement of a set is believed, with either sign. */
const MEAN_BEYOND = 3;
const MEAN_INVERTED = -5;
/** Rounds in which means are taken without the outliers of the round before; two or three are needed. */
const MOST_ROUNDS = 8;

/** Judges a set of particles. Takes a fraction of a second for 100,000 of them. */
export function judgeAgreement(data: AgreementData): Agreement {
  const { count, rings, frc } = data;
  const width = rings + 1;
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const overRings = Float64Array.from(all, (i) => {
    let sum = 0;
    for (let r = 1; r <= rings; r++) sum += frc[i * width + r]!;
    return sum / rings;
  });
  const { mean, standardError } = moments(overRings);
  const blind: Scores = scores(data, new RingWeights("information", unsignedFrc(data), data.ctfPower, count));
  const positive = all.filter((i) => blind.score[i]! > BEYOND_NOISE);
  const negative = all.filter((i) => blind.score[i]! < -BEYOND_NOISE);
  const whole = { frc: mean, standardError, positive, negative };
  const signed = signVerdict(blind.score, positive.length, negative.length);
  const refused = (verdict: Agreement["verdict"]): Agreement => {
    const { score, expected } = blind;
    return { ...whole, score, expected, verdict, outliers: [], kept: all };
  };
  if (signed) return refused(signed);

  let kept = all;
  let outliers: Outlier[] = [];
  let judged = blind;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const weights = new RingWeights("information", meanFrcOf(frc, width, kept), data.ctfPower, count, kept);
    if (weights.lastRing === 0) return refused("none");
    judged = scores(data, weights);
    outliers = findOutliers(data, judged);
    const out = new Set(outliers.map(({ index }) => index));
    const next = all.filter((i) => !out.has(i));
    const settled = next.length === kept.length && next.every((index, i) => index === kept[i]);
    if (next.length === 0) return refused("none");
    kept = next;
    if (settled) break;
  }
  const { mean: average, standardError: error } = moments(Float64Array.from(kept, (i) => judged.score[i]!));
  if (!(average > MEAN_BEYOND * error)) return refused("none");
  const { score, expected } = judged;
  return { ...whole, score, expected, verdict: "agrees", outliers, kept };
}

/** The verdict that signs alone allow, whatever they are: undefined where most of the particles agree with a plus sign. */
function signVerdict(
  score: Float32Array,
  positive: number,
  negative: number,
): Agreement["verdict"] | undefined {
  if (positive + negative >= COUNTED * score.length) {
    const part = negative / (positive + negative);
    return part >= INVERTED ? "inverted" : part >= MIXED ? "mixed" : undefined;
  }
  const { mean, standardError } = moments(Float64Array.from(score));
  return mean < MEAN_INVERTED * standardError ? "inverted" : undefined;
}

/**
 * The FRC of each ring without its sign, where it is beyond its scatter: by its square, the same whatever the sign of each
 * particle (the square of a correlation f of n samples is f² + 1/2n on average), or by its mean, which shows weaker signals.
 */
function unsignedFrc({ count, rings, frc }: AgreementData): Float64Array {
  const { samplesInRing } = disc(rings);
  const width = rings + 1;
  const found = new Float64Array(width);
  for (let r = 1; r <= rings; r++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < count; i++) {
      sum += frc[i * width + r]!;
      squares += frc[i * width + r]! ** 2;
    }
    const noise = 1 / (2 * samplesInRing[r]!);
    const square = squares / count - noise;
    const mean = Math.abs(sum / count);
    if (square > 4 * noise * Math.sqrt(2 / count)) found[r] = Math.sqrt(square);
    if (mean > 4 * Math.sqrt(noise / count)) found[r] = Math.max(found[r]!, mean);
  }
  return found;
}

interface Scores {
  score: Float32Array;
  expected: Float32Array;
  /** Standard deviation of the score where it is what is expected. */
  deviation: Float32Array;
}

function scores(data: AgreementData, weights: RingWeights): Scores {
  const { count, rings, frc } = data;
  const { samplesInRing } = disc(rings);
  const width = rings + 1;
  const score = new Float32Array(count);
  const expected = new Float32Array(count);
  const deviation = new Float32Array(count).fill(1);
  for (let i = 0; i < count; i++) {
    const own = weights.of([i]);
    let [sum, hoped, noise, scatter] = [0, 0, 0, 0];
    for (let r = 1; r <= rings; r++) {
      const w = own[r]!;
      if (w === 0) continue;
      const f = weights.expectedFrc(i, r);
      const variance = w ** 2 / (2 * samplesInRing[r]!);
      sum += w * frc[i * width + r]!;
      hoped += w * f;
      noise += variance;
      scatter += variance * (1 - f * f) ** 2;
    }
    if (noise === 0) continue;
    score[i] = sum / Math.sqrt(noise);
    expected[i] = hoped / Math.sqrt(noise);
    deviation[i] = Math.sqrt(scatter / noise);
  }
  return { score, expected, deviation };
}

/**
 * Outliers among particles most of which are none: those that are far below what is expected, by the median and the median
 * absolute deviation of the set, and agree hardly at all, or with a minus sign. A rare state of the molecule is below what
 * is expected, too, but still agrees.
 */
function findOutliers({ rings, frc }: AgreementData, { score, expected, deviation }: Scores): Outlier[] {
  const below = Float64Array.from(score, (value, i) => (value - expected[i]!) / deviation[i]!);
  const middle = median(below);
  // A set without any variation but noise scatters by 1.
  const scatter = Math.max(1, 1.4826 * median(below.map((value) => Math.abs(value - middle))));
  const width = rings + 1;
  const found: Outlier[] = [];
  for (let index = 0; index < score.length; index++) {
    const [own, hoped] = [score[index]!, expected[index]!];
    const outlier = (reason: OutlierReason) => found.push({ index, score: own, expected: hoped, reason });
    const far = below[index]! < middle - FAR_BELOW * scatter;
    if (frc.subarray(index * width, (index + 1) * width).every((value) => value === 0))
      outlier("empty image");
    else if (far && own < -BEYOND_NOISE) outlier("inverted contrast");
    else if (far && own < Math.max(Math.min(LIKE_NOISE, HALF * hoped), SMALL_PART * hoped)) {
      outlier("no agreement");
    }
  }
  return found;
}

/** Mean and its standard error. */
function moments(values: Float64Array): { mean: number; standardError: number } {
  const n = values.length;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / n;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : Number.POSITIVE_INFINITY };
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
