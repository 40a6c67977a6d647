import type { Motion } from "./motion";

/**
 * A motion along some of the axes alone: on the others all particles, and the state, are at 0. What a decoder does along an axis that the
 * evidence does not call real is noise; undone, it would blur the map.
 * @param real for each axis whether it is followed
 */
export function realMotion(motion: Motion, real: readonly boolean[]): Motion {
  if (real.every((follow) => follow)) return motion;
  const { latent, places } = motion;
  return {
    ...motion,
    places: places.map((z, i) => (real[i % latent] ? z : 0)),
    decode: (place) => motion.decode(Array.from(place, (z, d) => (real[d] ? z : 0))),
  };
}
