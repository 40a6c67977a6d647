import { disc } from "../../fourier/disc";
import { ImageGroups, particlesAmong } from "../imageGroups";
import { median } from "../median";
import { meanFrcOf } from "../neutralFrc";
import { RingWeights } from "../weights";
import { meanAndError } from "./moments";

/*
 * Whether particles and neutral model belong together, judged by the FRC of every particle with the model.
 *
 * The score of a particle is its FRC summed over rings with the information weights w (see weights.ts), in standard
 * deviations of the sum for an image of pure noise, √(Σ w²/2n) for rings of n samples. Its expectation follows from the
 * particle's CTF and the set's spectral signal-to-noise ratio: Σ w·f / √(Σ w²/2n), with a standard deviation of
 * √(Σ w²(1 − f²)²/2n) / √(Σ w²/2n). An inverted image has about the negative of it, an empty one 0.
 */

/** Input of {@link judgeAgreement}. */
export interface AgreementData {
  /** Number of particles. */
  count: number;
  /** Outermost ring. */
  rings: number;
  /** FRC of each particle with the neutral model, [count · (rings + 1)]. */
  frc: Float32Array;
  /** Mean CTF² of each particle and ring, [count · (rings + 1)]. */
  ctfPower: Float32Array;
  /** The particle of each image, where particles have several: then `count` is that of images, and a score is of all of them. */
  particleOf?: Int32Array | undefined;
}

/** Why a particle is an outlier. */
export type OutlierReason = "inverted contrast" | "empty image" | "no agreement";

/** A particle that agrees far less with the neutral model than expected from its CTF and the set's signal. */
export interface Outlier {
  /** Index in the particle file, from 0. */
  index: number;
  /** Agreement, in standard deviations of noise. */
  score: number;
  /** Expected agreement, in the same unit. */
  expected: number;
  /** Why it is an outlier. */
  reason: OutlierReason;
}

/** Agreement of particles and neutral model. */
export interface Agreement {
  /**
   * `agrees`: training can start. `none`: no ring agrees beyond its scatter. `inverted`: particles agree with a minus sign.
   * `mixed`: many agree with a minus and many with a plus sign.
   */
  verdict: "agrees" | "none" | "inverted" | "mixed";
  /** Mean over all particles of the FRC averaged over all rings. */
  frc: number;
  /** Standard error of `frc`. */
  standardError: number;
  /** Particles that agree significantly, with a plus sign, ascending. */
  positive: Int32Array;
  /** Particles that agree significantly, with a minus sign, ascending. */
  negative: Int32Array;
  /** Agreement of each particle, in standard deviations of noise, [count]. */
  score: Float32Array;
  /** Expected agreement of each particle, in the same unit, [count]. */
  expected: Float32Array;
  /** Ascending by index; of particles with several images that of the first. */
  outliers: Outlier[];
  /** Particles that are no outliers, ascending; all images of those with several. */
  kept: Int32Array;
}

/** Score that one in 30,000 images of noise exceeds. */
const significant = 4;
/** An outlier is this many standard deviations of the set below its expectation. */
const farBelow = 5;
/** An outlier agrees no more than noise may by chance, in standard deviations, and less than half as expected … */
const likeNoise = 2;
const half = 0.5;
/** … or less than this fraction of its expectation. */
const smallFraction = 0.2;
/** Signs are counted if at least this fraction of the particles is significant; otherwise only the mean is judged. */
const countedFraction = 0.2;
/** Fractions of negative signs from which a set is mixed and inverted. */
const mixedFraction = 0.3;
const invertedFraction = 0.7;
/** Standard errors of the mean score from which a set agrees and is inverted. */
const meanAgrees = 3;
const meanInverted = -5;
/** Most iterations of excluding outliers; two or three are typical. */
const maxIterations = 8;

/** Judges a set of particles. Takes a fraction of a second for 100,000. */
export function judgeAgreement(data: AgreementData): Agreement {
  const { count, rings, frc, ctfPower } = data;
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const particles = particlesAmong(data, all);
  const overRings = Float64Array.from(all, (i) => meanOverRings(frc, i, rings));
  const { mean, standardError } = meanAndError(overRings);
  const meanFrc = unsignedFrc(data);
  const blind = agreementScores(
    data,
    new RingWeights({ weighting: "information", meanFrc, ctfPower, particles: count }),
  );
  const positive = particles.filter((i) => blind.score[i]! > significant);
  const negative = particles.filter((i) => blind.score[i]! < -significant);
  const whole = { frc: mean, standardError, positive, negative };
  const refused = (verdict: Agreement["verdict"]): Agreement => {
    const { score, expected } = blind;
    return { ...whole, score, expected, verdict, outliers: [], kept: all };
  };
  const signed = signVerdict(
    Float32Array.from(particles, (i) => blind.score[i]!),
    positive.length,
    negative.length,
  );
  if (signed) return refused(signed);
  const found = excludeOutliers(data, all);
  if (!found) return refused("none");
  const { judged, outliers, kept } = found;
  const { mean: average, standardError: error } = meanAndError(
    Float64Array.from(particlesAmong(data, kept), (i) => judged.score[i]!),
  );
  if (!(average > meanAgrees * error)) return refused("none");
  const { score, expected } = judged;
  return { ...whole, score, expected, verdict: "agrees", outliers, kept };
}

/** Excludes outliers until the set does not change. @returns undefined if no ring, or no particle, is left */
function excludeOutliers(
  data: AgreementData,
  all: Int32Array,
): { judged: Scores; outliers: Outlier[]; kept: Int32Array } | undefined {
  const { count, rings, frc, ctfPower } = data;
  let kept = all;
  for (let iteration = 1; ; iteration++) {
    const meanFrc = meanFrcOf(frc, rings + 1, kept);
    const weights = new RingWeights({
      weighting: "information",
      meanFrc,
      ctfPower,
      particles: count,
      members: kept,
    });
    if (weights.lastRing === 0) return undefined;
    const judged = agreementScores(data, weights);
    const outliers = findOutliers(data, judged);
    const excluded = new Set(outliers.map(({ index }) => index));
    const groups = ImageGroups.of(data);
    const next = all.filter((i) => !excluded.has(groups?.headOf(i) ?? i));
    const settled = next.length === kept.length && next.every((index, i) => index === kept[i]);
    if (next.length === 0) return undefined;
    kept = next;
    if (settled || iteration === maxIterations) return { judged, outliers, kept };
  }
}

function meanOverRings(frc: Float32Array, particle: number, rings: number): number {
  let sum = 0;
  for (let r = 1; r <= rings; r++) sum += frc[particle * (rings + 1) + r]!;
  return sum / rings;
}

/** The verdict from the signs of the scores; undefined if most particles agree with a plus sign. */
function signVerdict(
  score: Float32Array,
  positive: number,
  negative: number,
): Agreement["verdict"] | undefined {
  if (positive + negative >= countedFraction * score.length) {
    const fraction = negative / (positive + negative);
    return fraction >= invertedFraction ? "inverted" : fraction >= mixedFraction ? "mixed" : undefined;
  }
  const { mean, standardError } = meanAndError(Float64Array.from(score));
  return mean < meanInverted * standardError ? "inverted" : undefined;
}

/**
 * Magnitude of the FRC of each ring, if it exceeds its scatter: from its mean square, which does not depend on the sign of
 * each particle (for a correlation f of n samples it is f² + 1/2n), or from its mean, which is more sensitive.
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

/** Scores of all particles, each [count]. */
export interface Scores {
  score: Float32Array;
  expected: Float32Array;
  /** Standard deviation of the score around its expectation. */
  deviation: Float32Array;
}

/** Agreement of all particles with their models, and what CTF and signal let expect. */
export function agreementScores(data: AgreementData, weights: RingWeights): Scores {
  const { count, rings, frc } = data;
  const { samplesInRing } = disc(rings);
  const width = rings + 1;
  // Sum, expectation, noise and scatter.
  const sums = new Float64Array(4 * count);
  for (let i = 0; i < count; i++) {
    const own = weights.of([i]);
    let [sum, expectation, noise, scatter] = [0, 0, 0, 0];
    for (let r = 1; r <= rings; r++) {
      const w = own[r]!;
      if (w === 0) continue;
      const f = weights.expectedFrc(i, r);
      const variance = w ** 2 / (2 * samplesInRing[r]!);
      sum += w * frc[i * width + r]!;
      expectation += w * f;
      noise += variance;
      scatter += variance * (1 - f * f) ** 2;
    }
    sums.set([sum, expectation, noise, scatter], 4 * i);
  }
  ImageGroups.of(data)?.sum(sums, 4);
  const score = new Float32Array(count);
  const expected = new Float32Array(count);
  const deviation = new Float32Array(count).fill(1);
  for (let i = 0; i < count; i++) {
    const [sum, expectation, noise, scatter] = sums.subarray(4 * i, 4 * i + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    if (noise === 0) continue;
    score[i] = sum / Math.sqrt(noise);
    expected[i] = expectation / Math.sqrt(noise);
    deviation[i] = Math.sqrt(scatter / noise);
  }
  return { score, expected, deviation };
}

/**
 * Outliers, assuming that most particles agree: particles far below their expectation, by the median and the median
 * absolute deviation of the set, that hardly agree at all, or agree with a minus sign. A rare state of the molecule is
 * below its expectation, too, but still agrees.
 */
function findOutliers(data: AgreementData, { score, expected, deviation }: Scores): Outlier[] {
  const { rings, frc } = data;
  const groups = ImageGroups.of(data);
  const particles = groups?.heads ?? Int32Array.from(score, (_, i) => i);
  const below = Float64Array.from(particles, (i) => (score[i]! - expected[i]!) / deviation[i]!);
  const middle = median(below);
  // A homogeneous set scatters by 1.
  const scatter = Math.max(1, 1.4826 * median(below.map((value) => Math.abs(value - middle))));
  const width = rings + 1;
  const found: Outlier[] = [];
  for (const [at, index] of particles.entries()) {
    const [own, expectation] = [score[index]!, expected[index]!];
    const outlier = (reason: OutlierReason) =>
      found.push({ index, score: own, expected: expectation, reason });
    const far = below[at]! < middle - farBelow * scatter;
    const images = groups?.imagesOf([index]).images ?? [index];
    if (images.every((i) => frc.subarray(i * width, (i + 1) * width).every((value) => value === 0)))
      outlier("empty image");
    else if (far && own < -significant) outlier("inverted contrast");
    else if (far && own < Math.max(Math.min(likeNoise, half * expectation), smallFraction * expectation)) {
      outlier("no agreement");
    }
  }
  return found;
}
