import type { TaskOptions } from "../../progress";

/** Latent coordinates of particles given their images. */
export interface Posterior {
  /** Posterior mean, [particles · latent]. */
  mean: Float32Array;
  /** Posterior standard deviation, [particles · latent]. */
  standardDeviation: Float32Array;
  /** Particles that were sampled, if the others learned from these; see `LearnedMoments`. Undefined: none learned. */
  sampled?: number;
  /** The others; a particle of several units is one. */
  learned?: number;
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
  /** Search region in one dimension, lowest and highest z. Default: that of the population, with a margin. */
  range?: readonly [low: number, high: number];
}
