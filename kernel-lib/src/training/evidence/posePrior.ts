import { Matrix, solve } from "ml-matrix";
import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { particlesPerPass } from "../memory";
import { fixedModel } from "../posterior/decoders";
import { HalfSamples } from "../posterior/halfSamples";
import { type PlaceContext, PlaceLikelihood } from "../posterior/likelihood";
import type { PosePrior } from "../posterior/placePosterior";
import type { LocalLikelihood } from "../posterior/posterior";

/** Widest errors that are taken for possible: a fraction of the finest resolution, and a limit in degrees. */
const fraction = 0.25;
const mostDegrees = 5;
/** Fractions of the widest errors that are tried, for rotation and shift each. */
const scales = [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16];
const degree = Math.PI / 180;

/** What a prior of poses is measured on. */
export interface PosePriorContext extends Omit<PlaceContext, "decoder" | "pose" | "half"> {
  weights: PlaceContext["weights"] & { lastRing: number };
  particles: Int32Array;
  /** Width of the fields of the halves. */
  block: number;
}

/**
 * How far the poses of particles are from those in the file: the prior with which poses from one half of the samples, against
 * one model [5N], explain the other half best. Estimated from gradient and expected curvature at the poses of the file, for
 * priors up to a quarter of the finest resolution. Poses that are right, or cannot be told, get the narrowest.
 */
export async function measurePosePrior(
  context: PosePriorContext,
  model: Float32Array,
  options: TaskOptions,
): Promise<PosePrior> {
  const { neutral, weights } = context;
  const boxLength = neutral.boxSize * neutral.apix;
  const shift = (fraction * boxLength) / Math.max(weights.lastRing, 1);
  const widest = {
    shift,
    rotation: Math.min(shift / (radius(model) * boxLength) / degree, mostDegrees),
  };
  const [even, odd] = await halvesAt(context, model, options);
  let best = { gain: Number.NEGATIVE_INFINITY, prior: widest };
  for (const ofRotation of scales) {
    for (const ofShift of scales) {
      const prior = { rotation: widest.rotation * ofRotation, shift: widest.shift * ofShift };
      const deviations = [0, 1, 2, 3, 4].map((d) =>
        d < 3 ? prior.rotation * degree : prior.shift / boxLength,
      );
      const gain = predictedGain(even, odd, deviations) + predictedGain(odd, even, deviations);
      if (gain > best.gain) best = { gain, prior };
    }
  }
  return best.prior;
}

/** Root mean square radius of the centres, in box units. */
function radius(model: Float32Array): number {
  const count = model.length / 5;
  let square = 0;
  for (let i = 0; i < 3 * count; i++) square += model[i]! ** 2 / count;
  return Math.sqrt(square);
}

/** Likelihood of each half around the poses of the file. */
async function halvesAt(
  { particles, block, ...context }: PosePriorContext,
  model: Float32Array,
  { signal }: TaskOptions,
): Promise<[LocalLikelihood[], LocalLikelihood[]]> {
  const of = async (half: "even" | "odd") => {
    const likelihood = new PlaceLikelihood({
      ...{ ...context, decoder: fixedModel(model), pose: { rotation: true, shift: true } },
      half: new HalfSamples(context.targets.rings, half, block),
    });
    const step = particlesPerPass(context.neutral.count * likelihood.modelsPerParticle);
    const parts: LocalLikelihood[] = [];
    for (let from = 0; from < particles.length; from += step) {
      throwIfStopped(signal);
      const part = particles.slice(from, from + step);
      parts.push(await likelihood.local(part, new Float32Array(5 * part.length)));
    }
    return parts;
  };
  return [await of("even"), await of("odd")];
}

/** Sum over particles of the gain of one half by the poses of the other, to second order. */
function predictedGain(
  from: readonly LocalLikelihood[],
  scored: readonly LocalLikelihood[],
  deviations: readonly number[],
): number {
  let sum = 0;
  from.forEach(({ gradient, curvature }, part) => {
    const other = scored[part]!;
    for (let i = 0; 5 * i < gradient.length; i++) {
      const own = curvature.subarray(25 * i, 25 * i + 25);
      const theirs = other.curvature.subarray(25 * i, 25 * i + 25);
      // In units of the prior: (1 + σIσ)⁻¹ σg.
      const scaled = Matrix.from1DArray(5, 5, own)
        .mulRowVector([...deviations])
        .mulColumnVector([...deviations]);
      for (let d = 0; d < 5; d++) scaled.set(d, d, scaled.get(d, d) + 1);
      const slope = deviations.map((s, d) => s * gradient[5 * i + d]!);
      const step = solve(scaled, Matrix.columnVector(slope)).to1DArray();
      for (let d = 0; d < 5; d++) {
        const along = step[d]! * deviations[d]!;
        sum += along * other.gradient[5 * i + d]!;
        for (let e = 0; e < 5; e++) sum -= (along * step[e]! * deviations[e]! * theirs[5 * d + e]!) / 2;
      }
    }
  });
  return Number.isFinite(sum) ? sum : Number.NEGATIVE_INFINITY;
}
