import { throwIfStopped } from "../../errors";
import { inParallel } from "../../parallel";
import { defaultEffort, NewtonSearch, type SearchEffort, type SearchSpace } from "./newtonSearch";
import type { FoundPlaces, LatentLikelihood, Posterior, PosteriorOptions } from "./posterior";
import { sampledPosterior } from "./sampledPosterior";

/** Posterior of points of a {@link SearchSpace}. */
export interface PointPosterior extends Posterior {
  /** Posterior covariance, [particles · width · width], if requested. */
  covariance?: Float32Array;
}

/** Options of {@link pointPosterior}. */
export interface PointPosteriorOptions extends PosteriorOptions {
  /** Particle of each row of the start. Default: 0, 1, 2 … */
  particles?: Int32Array;
  /** Whether to return covariances. Default false. */
  covariance?: boolean;
  /** How far each search goes. Default {@link defaultEffort}. */
  effort?: SearchEffort;
  /** Name of the task in the progress. Default `refining latents`. */
  task?: string;
}

/** The posterior of places in several dimensions; see `latentPosterior`. */
export async function newtonPosterior(
  likelihood: LatentLikelihood,
  start: Float32Array,
  latent: number,
  options: PosteriorOptions,
): Promise<FoundPlaces> {
  // The latents have unit variance.
  const space = { deviations: new Float64Array(latent).fill(1) };
  const { covariance, ...local } = await pointPosterior(likelihood, start, space, {
    ...options,
    covariance: true,
  });
  const whole = { ...local, covariance: covariance! };
  const { knowledge } = options;
  const {
    covariance: _,
    moments,
    ...found
  } = await sampledPosterior(likelihood, whole, latent, {
    ...options,
    moments: knowledge?.moments,
    ...(knowledge && { most: Number.POSITIVE_INFINITY }),
  });
  return { ...found, knowledge: { moments } };
}

/**
 * Posterior of points by Newton's method from `start`, [rows · width], with independent normal priors around 0. A row without
 * finite likelihood keeps its start, with the prior's standard deviation.
 */
export async function pointPosterior(
  likelihood: Pick<LatentLikelihood, "local">,
  start: Float32Array,
  space: SearchSpace,
  options: PointPosteriorOptions = {},
): Promise<PointPosterior> {
  const { batchSize = 128, effort = defaultEffort } = options;
  const width = space.deviations.length;
  const rows = options.particles?.length ?? start.length / width;
  const posterior: PointPosterior = {
    mean: start.slice(),
    standardDeviation: start.map((_, i) => space.deviations[i % width]!),
    ...(options.covariance && { covariance: priorCovariance(space.deviations, rows) }),
  };
  if (width === 0) return posterior;
  let done = 0;
  const starts = Array.from({ length: Math.ceil(rows / batchSize) }, (_, i) => i * batchSize);
  // Two batches at a time: one is decoded while the other is projected.
  await inParallel(starts, 2, async (from) => {
    const size = Math.min(batchSize, rows - from);
    const search = new NewtonSearch(posterior, space, effort);
    let active = Int32Array.from({ length: size }, (_, i) => from + i);
    for (let i = 0; i < effort.evaluations && active.length > 0; i++) {
      throwIfStopped(options.signal);
      const points = search.trialPoints(active);
      const particles = options.particles ? active.map((row) => options.particles![row]!) : active;
      active = search.update(active, points, await likelihood.local(particles, points));
    }
    search.finish();
    done += size;
    options.onProgress?.({ task: options.task ?? "refining latents", done, total: rows });
  });
  return posterior;
}

function priorCovariance(deviations: Float64Array, rows: number): Float32Array {
  const width = deviations.length;
  const covariance = new Float32Array(rows * width * width);
  for (let i = 0; i < rows; i++) {
    for (let d = 0; d < width; d++) covariance[(i * width + d) * width + d] = deviations[d]! ** 2;
  }
  return covariance;
}
