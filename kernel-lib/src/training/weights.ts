import { disc } from "../fourier/disc";

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

/** The largest f that is believed: without it, a perfect image would weigh infinitely. */
const MAX_EXPECTED_FRC = 0.98;

/** The weights of a data set: worked out for the particles that are asked for, so that nothing is held for each. */
export class RingWeights {
  /** Spectral signal-to-noise ratio of each ring for a CTF of 1, [rings + 1]; 0 where there is no signal. */
  readonly snr: Float64Array;
  /** Innermost ring with a signal; 0 where none has one. High-pass filtered images have nothing in the first rings. */
  readonly firstRing: number;
  /** Outermost ring with a signal: beyond it the mean FRC is no more than its scatter; 0 where no ring has one. */
  readonly lastRing: number;
  /** The particles that the data set's means are taken over. */
  private readonly members: ArrayLike<number>;
  /** What `meanTotal` has worked out: it passes over all particles, and every epoch asks for it. */
  private readonly totals = new Map<number, number>();

  /**
   * @param meanFrc mean FRC of the neutral model in each ring 0 … rings, over the members
   * @param ctfPower mean CTF² of each particle and ring, [particles · (rings + 1)]
   * @param particles number of particles
   * @param members those that count in means: the particles that are trained on. Default: all
   */
  constructor(
    readonly weighting: Weighting,
    meanFrc: Float64Array,
    private readonly ctfPower: Float32Array,
    particles: number,
    members: ArrayLike<number> = Int32Array.from({ length: particles }, (_, i) => i),
  ) {
    this.members = members;
    const rings = meanFrc.length - 1;
    const { samplesInRing } = disc(rings);
    this.snr = new Float64Array(rings + 1);
    let first = 0;
    let last = 0;
    for (let r = 1; r <= rings; r++) {
      // A mean over m particles of a correlation of n samples scatters by 1/√(2·n·m) where there is nothing.
      const scatter = 1 / Math.sqrt(2 * samplesInRing[r]! * members.length);
      if (meanFrc[r]! <= 4 * scatter) continue;
      this.snr[r] = spectralSnr(meanFrc[r]!, ctfPower, members, rings + 1, r);
      if (first === 0) first = r;
      last = r;
    }
    this.firstRing = first;
    this.lastRing = last;
  }

  /** All rings that the data have. */
  get rings(): number {
    return this.snr.length - 1;
  }

  /** Expected FRC of a particle in a ring. */
  expectedFrc(particle: number, ring: number): number {
    const power = this.snr[ring]! * this.ctfPower[particle * this.snr.length + ring]!;
    return Math.min(Math.sqrt(power / (1 + power)), MAX_EXPECTED_FRC);
  }

  private weight(particle: number, ring: number, samples: number): number {
    if (this.weighting === "uniform") return 1 / this.rings;
    const f = this.expectedFrc(particle, ring);
    return (2 * samples * f) / (1 - f * f);
  }

  /** Weights of these particles in rings 0 … `rings`, [B · (rings + 1)], as an engine takes them. */
  of(particles: ArrayLike<number>, rings = this.rings): Float32Array {
    const { samplesInRing } = disc(this.rings);
    const out = new Float32Array(particles.length * (rings + 1));
    for (let b = 0; b < particles.length; b++) {
      for (let r = 1; r <= rings; r++) {
        out[b * (rings + 1) + r] = this.weight(particles[b]!, r, samplesInRing[r]!);
      }
    }
    return out;
  }

  /** Mean over the members of the sum over rings 1 … `rings`: dividing by it makes a mean score a weighted mean FRC. */
  meanTotal(rings = this.rings): number {
    const known = this.totals.get(rings);
    if (known !== undefined) return known;
    const { samplesInRing } = disc(this.rings);
    let total = 0;
    const { members } = this;
    for (let m = 0; m < members.length; m++) {
      for (let r = 1; r <= rings; r++) total += this.weight(members[m]!, r, samplesInRing[r]!);
    }
    this.totals.set(rings, total / members.length);
    return total / members.length;
  }
}

/** The s for which the mean over these particles of √(c²s/(1 + c²s)) is the observed mean FRC, by bisection in log s. */
function spectralSnr(
  meanFrc: number,
  ctfPower: Float32Array,
  particles: ArrayLike<number>,
  width: number,
  ring: number,
): number {
  const target = Math.min(meanFrc, MAX_EXPECTED_FRC);
  const expectation = (s: number) => {
    let sum = 0;
    for (let i = 0; i < particles.length; i++) {
      const power = s * ctfPower[particles[i]! * width + ring]!;
      sum += Math.sqrt(power / (1 + power));
    }
    return sum / particles.length;
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
