import type { ParticleTargets } from "../../particles/targets";
import { gatherRows } from "../batches";
import { ImageGroups } from "../imageGroups";
import { latentPosterior } from "./latentPosterior";
import type { FoundPlaces, LatentLikelihood, PosteriorOptions } from "./posterior";

/**
 * The posterior of particles, each once, as `latentPosterior`; of tilt series a row for each image, equal for those of one particle.
 * @param likelihood of particles, by any of their images
 * @param start      of all images, [images · latent]
 */
export async function posteriorOfParticles(
  targets: Pick<ParticleTargets, "particleOf">,
  likelihood: LatentLikelihood,
  start: Float32Array,
  latent: number,
  options: PosteriorOptions = {},
): Promise<FoundPlaces> {
  const groups = ImageGroups.of(targets);
  if (!groups) return latentPosterior(likelihood, start, latent, options);
  const { heads } = groups;
  const headsOf = (particles: Int32Array) => particles.map((particle) => heads[particle]!);
  const { population } = options;
  const found = await latentPosterior(
    {
      shared: (particles, z) => likelihood.shared(headsOf(particles), z),
      scores: (particles, z) => likelihood.scores(headsOf(particles), z),
      local: (particles, z) => likelihood.local(headsOf(particles), z),
    },
    gatherRows(start, latent, heads),
    latent,
    {
      ...options,
      batchSize: Math.max(1, Math.round((options.batchSize ?? 128) / groups.imagesPerParticle)),
      ...(population && { population: Int32Array.from(population, (image) => groups.indexOf(image)) }),
    },
  );
  return {
    ...found,
    mean: groups.toImages(found.mean, latent),
    standardDeviation: groups.toImages(found.standardDeviation, latent),
  };
}
