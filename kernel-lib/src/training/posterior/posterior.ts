import type { TaskOptions } from "../../progress";
import type { LearnedMoments } from "./learnedMoments";

/** Latent coordinates of particles given their images. */
export interface Posterior {
  /** Posterior mean, [particles · latent]. */
  mean: Float32Array;
  /** Posterior standard deviation, [particles · latent]. */
  standardDeviation: Float32Array;
}

/** What the posterior of a particle follows from besides its image: the population, as the particles of a training show it. */
export interface PopulationKnowledge {
  /** In one dimension: where it is searched, and the prior there, on a finer grid between the ends. */
  grid?: { low: number; high: number; prior: Float32Array } | undefined;
  /** In more dimensions: how posteriors differ from their normal approximations. Undefined: each is sampled by itself. */
  moments?: LearnedMoments | undefined;
}

/** Places, and what they follow from. */
export interface FoundPlaces extends Posterior {
  knowledge: PopulationKnowledge;
  /** Particles that were sampled, if all places follow from what these show; see `LearnedMoments`. Undefined: each was sampled. */
  sampled?: number;
}

/** Log-likelihood of particles around their own z, with derivatives in z. The arrays belong to the caller. */
export interface LocalLikelihood {
  /** [B] */
  value: Float32Array;
  /** [B · latent] */
  gradient: Float32Array;
  /** Negative second derivatives, [B · latent · latent], symmetric. */
  curvature: Float32Array;
}

/** Log-likelihood of particles as a function of z in nats, up to a constant of each particle. */
export interface LatentLikelihood {
  /** Log-likelihood of each particle at one z that all share, [B]. */
  shared(particles: Int32Array, z: Float32Array): Promise<Float32Array>;
  /** Log-likelihood of each particle at its own z [B · latent]: `score`, [B]. */
  scores(particles: Int32Array, z: Float32Array): Promise<{ score: Float32Array }>;
  /** Log-likelihood of each particle at its own z, [B · latent], with derivatives. */
  local(particles: Int32Array, z: Float32Array): Promise<LocalLikelihood>;
}

/** Options of `latentPosterior`. */
export interface PosteriorOptions extends TaskOptions {
  /** Grid points in one dimension. Default 32. */
  gridPoints?: number;
  /** Particles per call of the likelihood. Default 128. */
  batchSize?: number;
  /** Particles that define the search region and the prior, ascending. Default: all. */
  population?: ArrayLike<number>;
  /** What is known about the population. Default: learned from these particles. */
  knowledge?: PopulationKnowledge | undefined;
}
