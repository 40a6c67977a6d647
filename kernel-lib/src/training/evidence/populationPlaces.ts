import { Matrix, pseudoInverse } from "ml-matrix";
import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { gatherRows } from "../batches";
import { particlesPerPass } from "../memory";
import { type PlaceContext, PlaceLikelihood } from "../posterior/likelihood";
import type { HalfPoints } from "./halfTest";
import type { Population } from "./population";
import { fitPopulation, PlaceUnder, type PopulationMixture } from "./populationMixture";
import { evenly } from "./sample";

/** Members of a population from which its density is estimated. */
const most = 1024;

/** The density of a population, from the images of some of its members around their places. */
export async function measurePopulation(
  context: Omit<PlaceContext, "pose" | "half">,
  { latent, members, mean }: Omit<Population, "standardDeviation">,
  { signal }: TaskOptions = {},
): Promise<PopulationMixture> {
  const likelihood = new PlaceLikelihood(context);
  const particles = evenly(members, most);
  const places = gatherRows(mean, latent, particles);
  const information = new Float64Array(particles.length * latent * latent);
  const pull = new Float64Array(particles.length * latent);
  const step = particlesPerPass(context.neutral.count * likelihood.modelsPerParticle);
  for (let from = 0; from < particles.length; from += step) {
    throwIfStopped(signal);
    const part = particles.slice(from, from + step);
    const here = places.slice(from * latent, (from + part.length) * latent);
    const { gradient, curvature } = await likelihood.local(part, here);
    information.set(curvature, from * latent * latent);
    for (let i = 0; i < gradient.length; i++) {
      let sum = gradient[i]!;
      const row = Math.floor(i / latent);
      for (let e = 0; e < latent; e++) sum += curvature[i * latent + e]! * here[row * latent + e]!;
      pull[from * latent + i] = sum;
    }
  }
  return fitPopulation({ latent, information, pull }, places);
}

/** Points of halves, and what they promise. */
export interface PopulationPoints extends HalfPoints {
  /**
   * Gain over one place for all that the half from which a place follows expects of the other: δᵀ·C·δ / 2 in nats, with δ the
   * way from that place and C the information, [halves][particles].
   */
  expected: Float64Array[];
}

/**
 * The points with the density of a population as the prior of places, in place of the normal distribution that they were
 * inferred with. Poses follow, as far as they depend on the place.
 * @param one the place for all, [latent]
 */
export function underPopulation(
  points: HalfPoints,
  mixture: PopulationMixture,
  one: ArrayLike<number>,
): PopulationPoints {
  const { deviations, decoder } = points.inference;
  const { latent } = decoder;
  const under = new PlaceUnder(mixture);
  const expected: Float64Array[] = [];
  const halves = points.halves.map((half) => {
    const covariance = half.covariance!;
    const width = covariance.length / half.mean.length;
    const rows = half.mean.length / width;
    const mean = half.mean.slice();
    const promised = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const own = covariance.subarray(i * width * width, (i + 1) * width * width);
      const { precision, information, pull } = measurementOf(own, mean.subarray(i * width), {
        ...{ latent, width, deviations },
      });
      const place = under.find(information, pull);
      const move = Float64Array.from(place, (z, d) => z - mean[i * width + d]!);
      for (let d = 0; d < latent; d++) {
        for (let e = 0; e < latent; e++) {
          promised[i]! += ((place[d]! - one[d]!) * information[d * latent + e]! * (place[e]! - one[e]!)) / 2;
        }
      }
      const along = precision.mmul(Matrix.columnVector([...move]));
      for (let n = 0; n < width; n++) {
        let by = 0;
        for (let d = 0; d < latent; d++) by += own[n * width + d]! * along.get(d, 0);
        mean[i * width + n]! += by;
      }
    }
    expected.push(promised);
    return { ...half, mean };
  });
  return { ...points, halves, expected };
}

/** What a half tells about a place, its pose being unknown: its posterior without the prior. */
function measurementOf(
  covariance: Float32Array,
  mean: Float32Array,
  { latent, width, deviations }: { latent: number; width: number; deviations: ArrayLike<number> },
): { precision: Matrix; information: Float64Array; pull: Float64Array } {
  const ofPlace = new Matrix(latent, latent);
  for (let d = 0; d < latent; d++) {
    for (let e = 0; e < latent; e++) ofPlace.set(d, e, covariance[d * width + e]!);
  }
  const precision = pseudoInverse(ofPlace);
  const information = new Float64Array(latent * latent);
  const pull = new Float64Array(latent);
  for (let d = 0; d < latent; d++) {
    for (let e = 0; e < latent; e++) {
      const own = (precision.get(d, e) + precision.get(e, d)) / 2;
      pull[d]! += own * mean[e]!;
      information[d * latent + e] = own - (d === e ? 1 / deviations[d]! ** 2 : 0);
    }
  }
  return { precision, information, pull };
}
