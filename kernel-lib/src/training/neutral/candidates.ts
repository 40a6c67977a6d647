import { emptyModel, type GaussianModel, pickGaussians, Row, type Vector3 } from "../../model/gaussianModel";
import type { Inside } from "../../model/seeding";
import { centreOf } from "../../model/symmetricModel";
import type { Random } from "../../random";
import type { AmplitudeSums } from "./particleScore";

/** Amplitude of a candidate during its test, as a part of the median one. */
const testAmplitude = 1e-4;
/** Deviations from 0 of what earns its amplitude. */
export const leastDeviations = 3;
/** Part of the amplitude that a Newton step suggests for a candidate alone; others beside it explain the same. */
const damping = 0.5;

/** Where candidates are placed, and how wide they are. */
export interface CandidateOptions {
  /** Candidates that are drawn. */
  count: number;
  /** Width in pixels of the model's box. */
  sigma: number;
  inside: Inside;
  /** Radius in box units of the ball that half of the candidates are drawn from. */
  radius: number;
  random: Random;
}

/** The model with candidates of nearly no amplitude after its own Gaussians: half beside them, half anywhere inside. */
export function withCandidates(model: GaussianModel, options: CandidateOptions): GaussianModel {
  const { count, sigma, inside, radius, random } = options;
  const centres: Vector3[] = [];
  const beside = () => {
    const i = random.integer(model.count);
    const distance = (1.5 * model.params[Row.sigma * model.count + i]!) / model.boxSize;
    return centreOf(model, i).map((c) => c + distance * random.normal()) as Vector3;
  };
  const anywhere = () => [0, 1, 2].map(() => radius * (2 * random.uniform() - 1)) as Vector3;
  for (let draw = 0; draw < 50 * count && centres.length < count; draw++) {
    const isBeside = centres.length % 2 === 0;
    const centre = isBeside ? beside() : anywhere();
    if (!inside(...centre) || (!isBeside && Math.hypot(...centre) > radius)) continue;
    centres.push(centre);
  }
  const all = joined(model, centres.length);
  const amplitude = testAmplitude * medianOf(amplitudesOf(model));
  centres.forEach((centre, k) => {
    const i = model.count + k;
    for (let axis = 0; axis < 3; axis++) all.params[axis * all.count + i] = centre[axis]!;
    all.params[Row.amplitude * all.count + i] = amplitude;
    all.params[Row.sigma * all.count + i] = sigma;
  });
  return all;
}

/** The model with `more` Gaussians of zeros after its own. */
function joined(model: GaussianModel, more: number): GaussianModel {
  const all = { ...model, ...emptyModel(model.count + more, model.boxSize, model.apix) };
  for (let row = 0; row < 5; row++) {
    all.params.set(model.params.subarray(row * model.count, (row + 1) * model.count), row * all.count);
  }
  return all;
}

/** A Gaussian that may be added. */
export interface Candidate {
  index: number;
  /** Gain in nats of all particles that were tested, to second order. */
  gain: number;
  amplitude: number;
}

/**
 * Candidates that earn amplitude, best first: the derivative of the score in their amplitude is above 0 by three standard
 * errors (a score test). They are kept apart from each other and from the model's own Gaussians by half their width.
 */
export function earningCandidates(
  all: GaussianModel,
  own: number,
  { gradient, squares }: AmplitudeSums,
): Candidate[] {
  const earning: Candidate[] = [];
  for (let index = own; index < all.count; index++) {
    const [g, information] = [gradient[index]!, squares[index]!];
    if (!(information > 0) || g < leastDeviations * Math.sqrt(information)) continue;
    earning.push({ index, gain: (g * g) / information / 2, amplitude: (damping * g) / information });
  }
  earning.sort((a, b) => b.gain - a.gain || a.index - b.index);
  const apart = (0.5 * all.params[Row.sigma * all.count + own]!) / all.boxSize;
  const taken = Array.from({ length: own }, (_, i) => centreOf(all, i));
  return earning.filter(({ index }) => {
    const centre = centreOf(all, index);
    if (taken.some((other) => Math.hypot(...other.map((c, a) => c - centre[a]!)) < apart)) return false;
    taken.push(centre);
    return true;
  });
}

/** The Gaussians with these indices, and after them the candidates with their amplitudes. */
export function withAmplitudes(
  all: GaussianModel,
  kept: readonly number[],
  candidates: readonly Candidate[],
): GaussianModel {
  const model = pickGaussians(all, [...kept, ...candidates.map(({ index }) => index)]);
  candidates.forEach(({ amplitude }, k) => {
    model.params[Row.amplitude * model.count + kept.length + k] = amplitude;
  });
  return model;
}

/** What each Gaussian's amplitude is worth, in nats of all particles that were tested: (amplitude / standard error)² / 2. */
export function worths(model: GaussianModel, { squares }: AmplitudeSums): Float64Array {
  return Float64Array.from(amplitudesOf(model), (a, i) => (a * a * squares[i]!) / 2);
}

/** Indices of the Gaussians whose amplitude is at least three standard errors. */
export function earningGaussians(worth: Float64Array): number[] {
  const least = leastDeviations ** 2 / 2;
  return Array.from(worth.keys()).filter((i) => worth[i]! >= least);
}

function amplitudesOf({ params, count }: GaussianModel): Float32Array {
  return params.subarray(Row.amplitude * count, (Row.amplitude + 1) * count);
}

/** The upper of the two middle values if their number is even. */
export function medianOf(values: ArrayLike<number>): number {
  return Array.from(values).sort((a, b) => a - b)[values.length >> 1]!;
}
