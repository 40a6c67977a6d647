import { inverse, Matrix } from "ml-matrix";
import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { particlesPerPass } from "../memory";
import { type PlaceContext, PlaceLikelihood } from "./likelihood";
import type { PosePrior } from "./placePosterior";
import type { Posterior } from "./posterior";

const degree = Math.PI / 180;

/**
 * Places with the widths that they have if poses are not known either: the margin of the posterior of place and pose together. Where
 * turning or moving the molecule looks like its motion, an image tells less about its place than it seems to in a fixed pose. What an
 * image adds to the prior is multiplied, along each axis, by the part that is left; means stay, since poses that were
 * refined together with places are the best ones there.
 *
 * @param places     of all particles, in the poses of `context.targets`
 * @param deviations standard deviation of the population along each axis, [latent]
 * @param prior      how far these poses were off before they were refined
 */
export async function withUncertainPoses(
  context: Omit<PlaceContext, "pose" | "half">,
  { places, ...priors }: { places: Posterior; deviations: ArrayLike<number>; prior: PosePrior },
  options: TaskOptions = {},
): Promise<Posterior> {
  const { prior } = priors;
  const { mean, standardDeviation } = places;
  const latent = priors.deviations.length;
  const likelihood = new PlaceLikelihood({
    ...{ ...context, pose: { rotation: prior.rotation > 0, shift: prior.shift > 0 } },
  });
  const { layout } = likelihood;
  const precisions = precisionsOf(context, priors, layout);
  const count = mean.length / latent;
  const result = standardDeviation.slice();
  const step = particlesPerPass(context.neutral.count * likelihood.modelsPerParticle);
  for (let from = 0; from < count; from += step) {
    throwIfStopped(options.signal);
    const particles = Int32Array.from({ length: Math.min(step, count - from) }, (_, i) => from + i);
    const points = new Float32Array(particles.length * layout.width);
    for (const [i, particle] of particles.entries())
      points.set(mean.subarray(particle * latent, (particle + 1) * latent), i * layout.width);
    const { curvature } = await likelihood.local(particles, points);
    const size = layout.width ** 2;
    for (const [i, particle] of particles.entries()) {
      const own = result.subarray(particle * latent, (particle + 1) * latent);
      widen(own, curvature.subarray(i * size, (i + 1) * size), precisions);
    }
    options.onProgress?.({ task: "uncertainty of poses", done: from + particles.length, total: count });
  }
  return { mean, standardDeviation: result };
}

/** Precision of the prior of each number of a point, [width]. */
function precisionsOf(
  { neutral }: Omit<PlaceContext, "pose" | "half">,
  { deviations: ofPlaces, prior }: { deviations: ArrayLike<number>; prior: PosePrior },
  { width, rotation, shift }: PlaceLikelihood["layout"],
): Float64Array {
  const deviations = new Float64Array(width).fill(1);
  deviations.set(Array.from(ofPlaces));
  if (rotation >= 0) deviations.fill(prior.rotation * degree, rotation, rotation + 3);
  if (shift >= 0) deviations.fill(prior.shift / (neutral.boxSize * neutral.apix), shift, shift + 2);
  return deviations.map((deviation) => 1 / deviation ** 2);
}

/** Widens standard deviations of the places of a particle [latent] by what is not known about its pose. */
function widen(deviations: Float32Array, curvature: Float32Array, precisions: Float64Array): void {
  if (!curvature.every(Number.isFinite)) return;
  const width = precisions.length;
  const latent = deviations.length;
  const posterior = (numbers: number) => {
    const matrix = Matrix.zeros(numbers, numbers);
    for (let d = 0; d < numbers; d++) {
      for (let e = 0; e < numbers; e++) {
        // In units of the prior, so that numbers of different kinds can be compared.
        const scale = Math.sqrt(precisions[d]! * precisions[e]!);
        matrix.set(d, e, curvature[d * width + e]! / scale + (d === e ? 1 : 0));
      }
    }
    return inverse(matrix);
  };
  const [known, unknown] = [posterior(latent), posterior(width)];
  for (let d = 0; d < latent; d++) {
    // What the image tells, over the prior.
    const told = (of: Matrix) => 1 / of.get(d, d) - 1;
    const left = Math.min(Math.max(told(unknown) / told(known), 0), 1);
    const information = 1 / deviations[d]! ** 2 - precisions[d]!;
    if (information > 0 && left < 1) deviations[d] = 1 / Math.sqrt(information * left + precisions[d]!);
  }
}
