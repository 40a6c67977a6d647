import { gridPosterior } from "./gridPosterior";
import { newtonPosterior } from "./newtonPosterior";
import type { FoundPlaces, LatentLikelihood, PosteriorOptions } from "./posterior";

/**
 * Posterior of each particle's z with the decoder fixed, from the encoder's latents `start` [particles · latent].
 *
 * One dimension: on a grid over the range of the encoder's latents, which also finds a second peak. The prior is the
 * distribution of the population, estimated from the likelihoods by expectation maximization (Laird, 1978), stopped early
 * to keep it smooth. More dimensions: Newton's method from the encoder's latents with a standard normal prior (the latents
 * have unit variance), then mean and width by sampling around the maximum; see `sampledPosterior`.
 *
 * With `options.knowledge` of the population, the result of each particle depends on its own image and start alone.
 */
export async function latentPosterior(
  likelihood: LatentLikelihood,
  start: Float32Array,
  latent: number,
  options: PosteriorOptions = {},
): Promise<FoundPlaces> {
  return latent === 1
    ? gridPosterior(likelihood, start, options)
    : newtonPosterior(likelihood, start, latent, options);
}
