import { disc } from "../fourier/disc";

/**
 * How the Fourier rings of each particle are weighted.
 *
 * `information` (default): the derivative of the log-likelihood of a ring with respect to its FRC. For an image of unit
 * ring norm modelled as f·P/|P| plus white noise of variance (1 − f²)/n per sample, the log-likelihood is
 * 2·n·f/(1 − f²)·FRC + constant, with n the number of independent samples and f the expected FRC of that particle in that
 * ring. f is estimated from the data: the mean FRC of the neutral model over all particles gives one spectral
 * signal-to-noise ratio s per ring, and with the particle's own mean CTF² c², f² = c²s/(1 + c²s). A ring at a zero of the
 * particle's CTF has weight 0.
 *
 * `uniform`: all rings alike, the loss of Chen and Ludtke (2021), for comparison.
 */
export type Weighting = "information" | "uniform";

/** Upper limit of f, without which a perfect image would have infinite weight. */
const maxExpectedFrc = 0.98;

/** What ring weights are estimated from. */
export interface RingWeightsData {
  weighting: Weighting;
  /** Mean FRC of the neutral model in each ring 0 … rings, over the members. */
  meanFrc: Float64Array;
  /** Mean CTF² of each particle and ring, [particles · (rings + 1)]. */
  ctfPower: Float32Array;
  /** Number of particles. */
  particles: number;
  /** Particles that means are taken over: those used for training. Default: all. */
  members?: ArrayLike<number>;
}

/** Ring weights of a data set, computed on request so that nothing is stored per particle. */
export class RingWeights {
  /** How rings are weighted. */
  readonly weighting: Weighting;
  /** Spectral signal-to-noise ratio of each ring for a CTF of 1, [rings + 1]; 0 for rings without signal. */
  readonly snr: Float64Array;
  /** Innermost ring with signal, 0 if none has. The first rings of high-pass filtered images have none. */
  readonly firstRing: number;
  /** Outermost ring with signal, beyond which the mean FRC is within its scatter; 0 if none has. */
  readonly lastRing: number;
  private readonly ctfPower: Float32Array;
  private readonly members: ArrayLike<number>;
  /** Cache of {@link meanTotal}, which iterates over all particles and is needed in every epoch. */
  private readonly totals = new Map<number, number>();

  constructor({ weighting, meanFrc, ctfPower, particles, members }: RingWeightsData) {
    this.weighting = weighting;
    this.ctfPower = ctfPower;
    this.members = members ?? Int32Array.from({ length: particles }, (_, i) => i);
    const rings = meanFrc.length - 1;
    const { samplesInRing } = disc(rings);
    this.snr = new Float64Array(rings + 1);
    let first = 0;
    let last = 0;
    for (let r = 1; r <= rings; r++) {
      // Without signal, the mean over m particles of a correlation of n samples scatters by 1/√(2·n·m).
      const scatter = 1 / Math.sqrt(2 * samplesInRing[r]! * this.members.length);
      if (meanFrc[r]! <= 4 * scatter) continue;
      this.snr[r] = this.spectralSnr(meanFrc[r]!, r);
      if (first === 0) first = r;
      last = r;
    }
    this.firstRing = first;
    this.lastRing = last;
  }

  /**
   * The weights of particles whose spectral signal-to-noise ratios are known from others of the same molecule.
   * @param snr      of each ring for a CTF of 1, [rings + 1]; 0 for rings without signal
   * @param ctfPower mean CTF² of each particle and ring, [particles · (rings + 1)]
   */
  static ofRatios(
    snr: ArrayLike<number>,
    ctfPower: Float32Array,
    weighting: Weighting = "information",
  ): RingWeights {
    const particles = ctfPower.length / snr.length;
    const meanFrc = new Float64Array(snr.length);
    const weights = new RingWeights({ weighting, meanFrc, ctfPower, particles });
    const ratios = Float64Array.from(snr);
    const withSignal = Array.from(ratios.keys()).filter((r) => ratios[r]! > 0);
    return Object.assign(weights, {
      snr: ratios,
      firstRing: withSignal[0] ?? 0,
      lastRing: withSignal.at(-1) ?? 0,
    });
  }

  /** Outermost ring of the data. */
  get rings(): number {
    return this.snr.length - 1;
  }

  /** Expected FRC of a particle in a ring. */
  expectedFrc(particle: number, ring: number): number {
    const power = this.snr[ring]! * this.ctfPower[particle * this.snr.length + ring]!;
    return Math.min(Math.sqrt(power / (1 + power)), maxExpectedFrc);
  }

  private weight(particle: number, ring: number, samples: number): number {
    if (this.weighting === "uniform") return 1 / this.rings;
    const f = this.expectedFrc(particle, ring);
    return (2 * samples * f) / (1 - f * f);
  }

  /** Weights of these particles in rings 0 … `rings`, [B · (rings + 1)], as a projection engine expects them. */
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

  /**
   * Mean over the members of the sum of weights over rings 1 … `rings`. A mean score divided by it is a weighted mean FRC.
   */
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

  /** The s for which the mean over the members of √(c²s/(1 + c²s)) is the mean FRC, by bisection in log s. */
  private spectralSnr(meanFrc: number, ring: number): number {
    const { members, ctfPower } = this;
    const width = this.snr.length;
    const target = Math.min(meanFrc, maxExpectedFrc);
    const expectation = (s: number) => {
      let sum = 0;
      for (let i = 0; i < members.length; i++) {
        const power = s * ctfPower[members[i]! * width + ring]!;
        sum += Math.sqrt(power / (1 + power));
      }
      return sum / members.length;
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
}
