import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { fittedCoefficients } from "../bodies/normalEquations";
import { particlesPerPass } from "../memory";
import { type PlaceContext, PlaceLikelihood } from "./likelihood";

const mostIterations = 10;
/** A step shorter than this in every coordinate is the last. */
const shortStep = 0.002;
/** Longest step in a coordinate, in standard deviations of the latents. */
const longestStep = 1;

/**
 * The one place at which some particles together agree best, by their likelihood: Newton's method from `start`, [latent]. No prior holds
 * it back.
 */
export async function commonPlace(
  { particles, start, ...context }: PlaceContext & { particles: Int32Array; start: ArrayLike<number> },
  { signal }: Pick<TaskOptions, "signal">,
): Promise<Float64Array> {
  const likelihood = new PlaceLikelihood(context);
  const { latent } = context.decoder;
  const size = particlesPerPass(context.neutral.count * likelihood.modelsPerParticle);
  const one = { values: new Float64Array(size).fill(1), count: 1 };
  let place = Float64Array.from(start);
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    const sum = { gradient: new Float64Array(latent), curvature: new Float64Array(latent * latent) };
    for (let from = 0; from < particles.length; from += size) {
      throwIfStopped(signal);
      const part = particles.slice(from, from + size);
      const points = Float32Array.from({ length: part.length * latent }, (_, i) => place[i % latent]!);
      const local = await likelihood.local(part, points);
      local.gradient.forEach((x, i) => {
        sum.gradient[i % latent]! += x;
      });
      local.curvature.forEach((x, i) => {
        sum.curvature[i % (latent * latent)]! += x;
      });
    }
    const numbers = { width: latent, points: place, ...sum };
    const next = fittedCoefficients([[numbers, { ...one, values: one.values.subarray(0, 1) }]]);
    const step = next.map((x, d) => Math.min(Math.max(x - place[d]!, -longestStep), longestStep));
    place = place.map((x, d) => x + step[d]!);
    if (step.every((x) => Math.abs(x) < shortStep)) break;
  }
  return place;
}
