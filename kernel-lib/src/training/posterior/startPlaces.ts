import { particlesPerPass } from "../memory";
import type { PlaceSearch } from "./placePosterior";

/**
 * The best of some places for each particle, by its score and the prior, [particles · latent].
 * @param deviations standard deviation of the prior of each axis, [latent]
 */
export async function bestPlaces(
  search: PlaceSearch,
  particles: Int32Array,
  places: readonly Float32Array[],
  deviations: ArrayLike<number>,
): Promise<Float32Array> {
  const { latent } = search.layout;
  const chosen = new Float32Array(particles.length * latent);
  if (places.length === 1 || latent === 0) {
    for (let i = 0; i < particles.length; i++) chosen.set(places[0]!, i * latent);
    return chosen;
  }
  const step = particlesPerPass(search.gaussians);
  for (let from = 0; from < particles.length; from += step) {
    const part = particles.slice(from, from + step);
    const best = new Float64Array(part.length).fill(Number.NEGATIVE_INFINITY);
    for (const place of places) {
      const cost = place.reduce((sum, x, d) => sum + (x / deviations[d]!) ** 2 / 2, 0);
      const score = await search.likelihood.shared(part, place);
      for (let i = 0; i < part.length; i++) {
        if (!(score[i]! - cost > best[i]!)) continue;
        best[i] = score[i]! - cost;
        chosen.set(place, (from + i) * latent);
      }
    }
  }
  return chosen;
}
