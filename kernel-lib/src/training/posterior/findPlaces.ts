import type { TaskOptions } from "../../progress";
import { spreadOf } from "../evidence/population";
import { calibratedPosterior } from "../evidence/scatter";
import { particlesPerPass } from "../memory";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";
import type { PlaceDecoder } from "./decoders";
import { PlaceLikelihood } from "./likelihood";
import { posteriorOfParticles } from "./particlePosterior";
import type { PlaceRule } from "./placeRule";
import type { FoundPlaces, PopulationKnowledge, Posterior } from "./posterior";
import { withUncertainPoses } from "./uncertainPoses";

/*
 * Places of particles with their widths: one calculation for the particles of a training, which learns what it needs to know about the
 * population, and for any others, which are told.
 */

/** Particles to be placed, and the decoder. */
export interface PlacingContext extends ProjectionContext {
  /** Of whole particles, as it was trained. */
  decoder: PlaceDecoder;
  /** Ring weights from the neutral model, and from particles at their places. */
  weights: { neutral: RingWeights; placed: RingWeights };
}

/** How {@link findPlaces} searches. */
export interface FindPlacesOptions extends TaskOptions {
  /** Particles that the population is learned from, ascending. Default: all. */
  population?: ArrayLike<number>;
  /** What is known about the population. Default: learned from these particles. */
  knowledge?: PopulationKnowledge | undefined;
}

/**
 * Means and widths of the posteriors of all particles in the poses that they have, with the decoder fixed; of tilt series a row for
 * each image.
 * @param start where searches begin: places from the encoder, [images · latent]
 */
export function findPlaces(
  { weights, decoder, ...context }: PlacingContext,
  start: Float32Array,
  options: FindPlacesOptions,
): Promise<FoundPlaces> {
  const { latent } = decoder;
  const likelihood = new PlaceLikelihood({ ...context, decoder, weights: weights.placed });
  return posteriorOfParticles(context.targets, likelihood, start, latent, {
    ...options,
    batchSize: particlesPerPass(context.neutral.count * (latent + 1)),
  });
}

/** Standard deviation along each axis of the population that these particles are, [latent]. */
export function deviationsOf(places: Posterior, latent: number, members: Int32Array): Float32Array {
  return Float32Array.from(spreadOf({ ...places, latent, members }).deviation);
}

/** The posterior with the widths that the halves of the held-out particles show, and that allow for what is not known about poses. */
export async function certainPlaces(
  { weights, ...context }: PlacingContext,
  found: Posterior,
  {
    factors,
    pose,
    deviations,
  }: Pick<PlaceRule, "factors" | "pose"> & { deviations: NonNullable<PlaceRule["deviations"]> },
  options: TaskOptions,
): Promise<Posterior> {
  const { mean, standardDeviation } = factors ? calibratedPosterior(found, factors, deviations) : found;
  const places = { mean, standardDeviation };
  if (!pose) return places;
  const known = { ...context, weights: weights.neutral };
  return withUncertainPoses(known, { places, deviations, prior: pose }, options);
}
