import { Matrix, solve } from "ml-matrix";
import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { particlesPerPass } from "../memory";
import { fixedModel, type PlaceDecoder } from "../posterior/decoders";
import { type PlaceContext, PlaceLikelihood } from "../posterior/likelihood";
import { type Population, startingPlaces } from "./population";

/** The one model that is best for all particles. */
export interface BestSingle {
  /** Its Gaussians, [5N]. */
  params: Float32Array;
  /** What it is: the neutral model, the mean of the decoded models, or the model decoded at `z`. */
  from: "neutral" | "mean" | "decoded";
  /** Where it is decoded: the best place for all particles, [latent]. */
  z: Float32Array;
}

/** Places that are tried first. */
const places = 12;
/** Newton steps from the best of them, and halvings of a step that is no improvement. */
const steps = 2;
const halvings = 3;

/**
 * The one model with the highest score over some particles of the training set: the neutral model, the mean of decoded
 * models, or the best point of the latent space, found by Newton's method over all these particles together.
 */
export async function bestSingle(
  context: Omit<PlaceContext, "pose" | "half">,
  population: Population,
  { particles, ...options }: TaskOptions & { particles: Int32Array },
): Promise<BestSingle> {
  const { decoder, neutral } = context;
  const likelihood = new PlaceLikelihood(context);
  const meanScore = async (of: PlaceDecoder, z: Float32Array) => {
    const scoring = of === decoder ? likelihood : new PlaceLikelihood({ ...context, decoder: of });
    let sum = 0;
    for (const part of parts(particles, neutral.count)) {
      throwIfStopped(options.signal);
      for (const score of await scoring.shared(part, z)) sum += score;
    }
    return sum / particles.length;
  };
  const tried = startingPlaces(population, places);
  const place = await climb(likelihood, { particles, tried, gaussians: neutral.count }, (z) =>
    meanScore(decoder, z),
  );
  const all = Float32Array.from(tried.flatMap((z) => [...z]));
  const models: BestSingle[] = [
    { params: decoder.decode(place.z, 1), from: "decoded", z: place.z },
    { params: meanOf(decoder.decode(all, tried.length), tried.length), from: "mean", z: place.z },
    { params: neutral.params, from: "neutral", z: place.z },
  ];
  let best = models[0]!;
  let top = place.score;
  for (const model of models.slice(1)) {
    const score = await meanScore(fixedModel(model.params), new Float32Array(0));
    if (score > top) [best, top] = [model, score];
  }
  return best;
}

function parts(particles: Int32Array, gaussians: number): Int32Array[] {
  const step = particlesPerPass(gaussians);
  return Array.from({ length: Math.ceil(particles.length / step) }, (_, i) =>
    particles.slice(i * step, (i + 1) * step),
  );
}

/** The best of the places that are tried, improved by Newton steps on the mean score. */
async function climb(
  likelihood: PlaceLikelihood,
  given: { particles: Int32Array; tried: readonly Float32Array[]; gaussians: number },
  meanScore: (z: Float32Array) => Promise<number>,
): Promise<{ z: Float32Array; score: number }> {
  const { latent } = likelihood.layout;
  let best = { z: given.tried[0]!, score: Number.NEGATIVE_INFINITY };
  for (const z of given.tried) {
    const score = await meanScore(z);
    if (score > best.score) best = { z, score };
  }
  for (let step = 0; step < steps; step++) {
    const gradient = new Float64Array(latent);
    const curvature = new Float64Array(latent * latent);
    for (const part of parts(given.particles, given.gaussians * (latent + 1))) {
      const shared = Float32Array.from({ length: part.length * latent }, (_, i) => best.z[i % latent]!);
      const local = await likelihood.local(part, shared);
      for (const [i, g] of local.gradient.entries()) gradient[i % latent]! += g;
      for (const [i, c] of local.curvature.entries()) curvature[i % curvature.length]! += c;
    }
    const matrix = Matrix.from1DArray(latent, latent, curvature);
    for (let d = 0; d < latent; d++) matrix.set(d, d, matrix.get(d, d) + 1);
    const move = solve(matrix, Matrix.columnVector(gradient)).to1DArray();
    const before = best;
    for (let halving = 0; halving < halvings && best === before; halving++) {
      const z = before.z.map((x, d) => x + move[d]! / 2 ** halving);
      const score = await meanScore(z);
      if (score > before.score) best = { z, score };
    }
    if (best === before) break;
  }
  return best;
}

/** The mean of some models, [5N]. */
function meanOf(models: Float32Array, count: number): Float32Array {
  const length = models.length / count;
  const mean = new Float32Array(length);
  for (let i = 0; i < models.length; i++) mean[i % length]! += models[i]! / count;
  return mean;
}
