import { disc } from "../projection/disc";

/**
 * How much each Fourier ring of each particle counts.
 *
 * `information` (default): the derivative of the log-likelihood of a ring in its FRC. With an image of unit ring norm
 * modelled as f·P/|P| plus white noise of variance (1 − f²)/n per sample, the log-likelihood is
 * 2·n·f/(1 − f²)·FRC + constant, where n is the number of independent samples and f the expected FRC of that particle in
 * that ring. f follows from the data: the mean FRC of the neutral model over all particles gives one spectral
 * signal-to-noise ratio s per ring, and with the particle's own mean CTF² c², f² = c²s/(1 + c²s). A ring at a zero of
 * the particle's CTF thus counts for nothing.
 *
 * `uniform`: every ring the same, the loss of Chen and Ludtke (2021), to compare with.
 */
export type Weighting = "information" | "uniform";

export interface RingWeights {
  /** [particles · (rings + 1)], in units of log-likelihood per unit of FRC (for `uniform`, 1/rings). */
  values: Float32Array;
  /** Expected FRC of each particle and ring, [particles · (rings + 1)]. */
  expectedFrc: Float32Array;
  /** Mean over the particles of the sum over the rings: dividing by it makes the mean score a weighted mean FRC. */
  meanTotal: number;
  /** Outermost ring with a signal: beyond it no ring's mean FRC is above its noise. */
  lastRing: number;
}

/** The largest f that is believed: without it, a perfect image would weigh infinitely. */
const MAX_EXPECTED_FRC = 0.98;

/**
 * @param meanFrc mean FRC of the neutral model in each ring 0 … rings, over `particles`
 * @param ctfPower mean CTF² of each particle and ring, [particles · (rings + 1)]
 */
export function ringWeights(
  weighting: Weighting,
  meanFrc: Float64Array,
  ctfPower: Float32Array,
  particles: number,
): RingWeights {
  const width = meanFrc.length;
  const rings = width - 1;
  const { samplesInRing } = disc(rings);
  const values = new Float32Array(particles * width);
  const expectedFrc = new Float32Array(particles * width);
  let lastRing = 0;
  for (let r = 1; r < width; r++) {
    // A mean over m particles of a correlation of n samples scatters by 1/√(2·n·m) where there is nothing.
    const noise = 1 / Math.sqrt(2 * samplesInRing[r]! * particles);
    const signal = meanFrc[r]! > 4 * noise ? spectralSnr(meanFrc[r]!, ctfPower, particles, width, r) : 0;
    if (signal > 0) lastRing = r;
    for (let i = 0; i < particles; i++) {
      const at = i * width + r;
      const power = signal * ctfPower[at]!;
      const f = Math.min(Math.sqrt(power / (1 + power)), MAX_EXPECTED_FRC);
      expectedFrc[at] = f;
      values[at] = weighting === "uniform" ? 1 / rings : (2 * samplesInRing[r]! * f) / (1 - f * f);
    }
  }
  let total = 0;
  for (const value of values) total += value;
  return { values, expectedFrc, meanTotal: total / particles, lastRing };
}

/** The s for which the mean over the particles of √(c²s/(1 + c²s)) is the observed mean FRC, by bisection in log s. */
function spectralSnr(
  meanFrc: number,
  ctfPower: Float32Array,
  particles: number,
  width: number,
  ring: number,
): number {
  const target = Math.min(meanFrc, MAX_EXPECTED_FRC);
  const expectation = (s: number) => {
    let sum = 0;
    for (let i = 0; i < particles; i++) {
      const power = s * ctfPower[i * width + ring]!;
      sum += Math.sqrt(power / (1 + power));
    }
    return sum / particles;
  };
  let low = Math.log(1e-8);
  let high = Math.log(1e6);
  if (expectation(Math.exp(high)) < target) return Math.exp(high);
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (expectation(Math.exp(middle)) < target) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
