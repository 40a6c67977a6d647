import { disc, sampleIndex } from "../../fourier/disc";
import { type Ctf, CtfEvaluator } from "../../optics/ctf";
import type { RingWeights } from "../weights";
import { vertex } from "./crossCorrelation";

/*
 * Whether the particles' CTFs are those of their file: the factor on all defocus values at which the FRC of particles and model
 * fits best. A pixel size that is p too large makes spatial frequencies too low, and asks for a defocus 2p larger.
 *
 * Samples of an image are stored with the sign of the CTF of the file. In ring r of particle i, the FRC with a model is therefore
 * proportional to g(s) = ⟨sign(CTF)·CTF(s)⟩ / √(1 + SNR·⟨CTF(s)²⟩), with means over the ring weighted by the model's power, and CTF(s)
 * that of s times the defocus: wrong signs lower it where |CTF| should be small, more so at larger defocus. With a free amplitude a of each ring,
 * the log-likelihood of s is −Σ v·(FRC − a·g)², with v = n / (1 − f²)² for n samples and an expected FRC of f.
 */

/** A factor on a property of all particles, or of the model, that fits best. */
export interface FittedFactor {
  /** The factor; 1 is what the files say. */
  by: number;
  /** Its standard error. */
  standardError: number;
}

/** CTF of an image, and whether the image was multiplied by it instead of by its sign. */
export interface ImageCtf {
  ctf: Ctf;
  premultiplied: boolean;
}

/** Input of {@link fitDefocus}. */
export interface DefocusData {
  /** Indices of the particles in `weights`. */
  particles: Int32Array;
  /** FRC of each of them with its model, [particles · (rings + 1)]. */
  frc: Float32Array;
  /** CTF of each of them. */
  ctfs: readonly ImageCtf[];
  /** Ring weights by information. */
  weights: RingWeights;
  /** Mean power of the model's projections in each ring of the weights, [rings + 1], in any unit. */
  modelPower: Float64Array;
  /** Length of the box in Å. */
  boxLength: number;
}

/** Steepest change of the logarithm of the model's power over a ring that is taken into account. */
const steepest = 1.5;
/** Farthest relative change of the defocus that is tried. */
const farthest = 0.15;
/** Steps are at most this long, and turn the phase of the outermost ring by at most so many radians. */
const longestStep = 0.01;
const phaseStep = 0.7;
const mostSteps = 60;
/**
 * Rings of more samples than this are integrated over their area, at angles of a half circle and three radii (Gauss and
 * Legendre), whose weights are times the radius.
 */
const fewSamples = 24;
const angles = 8;
const radii = [
  { from: -Math.sqrt(3 / 20), weight: 5 / 18 },
  { from: 0, weight: 8 / 18 },
  { from: Math.sqrt(3 / 20), weight: 5 / 18 },
];
/** Parts of the particles that are left out in turn for the standard error (jackknife). */
const parts = 20;

/**
 * The factor on the defocus of all particles that fits best, from 0.85 to 1.15. Undefined without rings or particles enough to tell.
 */
export function fitDefocus(data: DefocusData): FittedFactor | undefined {
  const { particles, weights } = data;
  if (particles.length < parts || weights.lastRing === 0) return undefined;
  const step = stepOf(data);
  const steps = Math.round(farthest / step);
  const sums = ringSums(data, step, steps);
  const all = bestFactor(sums, step, steps);
  if (all === undefined) return undefined;
  const without: number[] = [];
  for (let part = 0; part < parts; part++) {
    const by = bestFactor(sums, step, steps, part);
    if (by === undefined) return undefined;
    without.push(by);
  }
  const mean = without.reduce((sum, by) => sum + by / parts, 0);
  const squares = without.reduce((sum, by) => sum + (by - mean) ** 2, 0);
  return { by: all, standardError: Math.sqrt(((parts - 1) / parts) * squares) };
}

/** Whether a factor is the outermost one tried, so that the best may be beyond. */
export const endsDefocusSearch = ({ by }: FittedFactor): boolean => Math.abs(by - 1) >= farthest - 1e-9;

/** The part of the phase at a frequency that is proportional to the defocus, in radians. */
function defocusPhase(ctf: Ctf): (x: number, y: number) => number {
  const whole = new CtfEvaluator(ctf);
  const rest = new CtfEvaluator({ ...ctf, defocusU: 0, defocusV: 0 });
  return (x, y) => whole.phase(x, y) - rest.phase(x, y);
}

/** Steps of the factor that are fine enough for the outermost ring with signal. */
function stepOf({ ctfs, weights, boxLength }: DefocusData): number {
  const s = weights.lastRing / boxLength;
  const largest = ctfs.reduce((most, { ctf }) => Math.max(most, Math.abs(defocusPhase(ctf)(s, 0))), 0);
  const wanted = Math.min(longestStep, phaseStep / largest);
  return farthest / Math.min(mostSteps, Math.ceil(farthest / wanted));
}

/** For each part of the particles, ring and factor: sums over the particles of v·FRC·g and v·g². */
interface RingSums {
  /** Factors. */
  count: number;
  rings: number;
  /** Index (part · (rings + 1) + ring) · count + factor. */
  cross: Float64Array;
  square: Float64Array;
}

function ringSums(data: DefocusData, step: number, steps: number): RingSums {
  const { particles, frc, weights, modelPower } = data;
  const { lastRing: rings, snr } = weights;
  const { samplesInRing } = disc(weights.rings);
  const count = 2 * steps + 1;
  const size = parts * (rings + 1) * count;
  const sums = { count, rings, cross: new Float64Array(size), square: new Float64Array(size) };
  const g = new Float64Array(count);
  const points = Array.from({ length: rings + 1 }, (_, r) =>
    ringPoints(weights.rings, r, slopeAt(modelPower, r)),
  );
  for (let p = 0; p < particles.length; p++) {
    const expected = new RingExpectation(data.ctfs[p]!, data.boxLength);
    for (let r = 1; r <= rings; r++) {
      if (snr[r] === 0) continue;
      const f = weights.expectedFrc(particles[p]!, r);
      const v = samplesInRing[r]! / (1 - f * f) ** 2;
      expected.write(points[r]!, { step, snr: snr[r]! }, g);
      const at = ((p % parts) * (rings + 1) + r) * count;
      const value = frc[p * (weights.rings + 1) + r]!;
      for (let k = 0; k < count; k++) {
        sums.cross[at + k]! += v * value * g[k]!;
        sums.square[at + k]! += v * g[k]! ** 2;
      }
    }
  }
  return sums;
}

/** A point of a ring in Fourier pixels; the weights of a ring have the sum 1. */
interface RingPoint {
  x: number;
  y: number;
  weight: number;
}

/** Change of the logarithm of the power per ring. */
function slopeAt(power: Float64Array, ring: number): number {
  const [low, high] = [Math.max(1, ring - 1), Math.min(power.length - 1, ring + 1)];
  const [before, after] = [power[low]!, power[high]!];
  if (!(before > 0 && after > 0 && high > low)) return 0;
  const slope = Math.log(after / before) / (high - low);
  return Math.max(-steepest, Math.min(steepest, slope));
}

/**
 * Points where the CTF of a ring is evaluated: all samples of a small ring, otherwise points with the same mean of |k|². Their weights
 * follow the model's power, whose logarithm changes by `slope` per ring.
 */
function ringPoints(rings: number, ring: number, slope: number): RingPoint[] {
  const samples = samplesOfRing(rings, ring);
  const few = samples.length <= fewSamples ? samples : pointsOfArea(ring, samples);
  const weighted = few.map(({ x, y, weight }) => ({
    ...{ x, y },
    weight: weight * Math.exp(slope * (Math.hypot(x, y) - ring)),
  }));
  const sum = weighted.reduce((total, { weight }) => total + weight, 0);
  return weighted.map((point) => ({ ...point, weight: point.weight / sum }));
}

function samplesOfRing(rings: number, ring: number): RingPoint[] {
  const shape = disc(rings);
  const samples: RingPoint[] = [];
  for (let kx = 0; kx <= ring; kx++) {
    for (let ky = -ring; ky <= ring; ky++) {
      const k = sampleIndex(rings, kx, ky);
      if (shape.ring[k] !== ring) continue;
      samples.push({ x: kx, y: ky, weight: shape.multiplicity[k]! / (2 * shape.samplesInRing[ring]!) });
    }
  }
  return samples;
}

function pointsOfArea(ring: number, samples: readonly RingPoint[]): RingPoint[] {
  const square = samples.reduce((sum, { x, y, weight }) => sum + weight * (x * x + y * y), 0);
  // Over the area of a ring of width 1, the mean of |k|² is ring² + 1/4.
  const scale = Math.sqrt(square / (ring * ring + 0.25));
  return radii.flatMap(({ from, weight }) => {
    const radius = scale * (ring + from);
    return Array.from({ length: angles }, (_, a) => {
      const angle = (Math.PI * (a + 0.5)) / angles;
      const [x, y] = [radius * Math.cos(angle), radius * Math.sin(angle)];
      return { x, y, weight: (weight * (ring + from)) / (ring * angles) };
    });
  });
}

/** g of the rings of an image for equidistant factors around 1. */
class RingExpectation {
  private readonly phase: (x: number, y: number) => number;
  private readonly defocus: (x: number, y: number) => number;

  constructor(
    private readonly image: ImageCtf,
    private readonly boxLength: number,
  ) {
    const evaluator = new CtfEvaluator(image.ctf);
    this.phase = (x, y) => evaluator.phase(x, y);
    this.defocus = defocusPhase(image.ctf);
  }

  /** Writes g of a ring with this signal-to-noise ratio for an odd number of factors, 1 in the middle. */
  write(points: readonly RingPoint[], { step, snr }: { step: number; snr: number }, out: Float64Array): void {
    const middle = (out.length - 1) / 2;
    const powers = new Float64Array(out.length);
    out.fill(0);
    let weights = 0;
    for (const { x: kx, y: ky, weight } of points) {
      const [x, y] = [kx / this.boxLength, ky / this.boxLength];
      const [phase, turn] = [this.phase(x, y), step * this.defocus(x, y)];
      const own = Math.sin(phase);
      const stored = this.image.premultiplied ? own : own < 0 ? -1 : 1;
      weights += weight * stored ** 2;
      // sin(phase + k·turn) by rotation
      const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
      let re = Math.cos(phase - middle * turn);
      let im = Math.sin(phase - middle * turn);
      for (let k = 0; k < out.length; k++) {
        out[k]! += weight * stored * im;
        powers[k]! += weight * im * im;
        [re, im] = [re * cos - im * sin, im * cos + re * sin];
      }
    }
    for (let k = 0; k < out.length; k++) {
      const norm = weights * (1 + snr * powers[k]!);
      out[k] = norm > 0 ? out[k]! / Math.sqrt(norm) : 0;
    }
  }
}

/** The factor with the highest log-likelihood. @param without a part of the particles that is left out */
function bestFactor(sums: RingSums, step: number, steps: number, without = -1): number | undefined {
  const { count, rings } = sums;
  const score = new Float64Array(count);
  for (let r = 1; r <= rings; r++) {
    for (let k = 0; k < count; k++) {
      let [cross, square] = [0, 0];
      for (let part = 0; part < parts; part++) {
        if (part === without) continue;
        const at = (part * (rings + 1) + r) * count + k;
        cross += sums.cross[at]!;
        square += sums.square[at]!;
      }
      // The amplitude of a ring is not negative.
      if (cross > 0) score[k]! += cross ** 2 / square;
    }
  }
  const best = score.indexOf(Math.max(...score));
  if (score[best] === 0) return undefined;
  if (best === 0 || best === count - 1) return 1 + (best - steps) * step;
  return 1 + (best - steps + vertex(score[best - 1]!, score[best]!, score[best + 1]!)) * step;
}
