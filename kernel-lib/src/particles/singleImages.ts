import { InputError } from "../errors";

/** What is done, for refusals of the refinement of poses. */
export const posesOfSingleImages =
  "refinement of poses; refine those of tilt series in the program that they come from, and train on the result";

/** A set whose particles may have several images; see `ParticleSet.tilts`. */
interface MaybeTilts {
  readonly file?: string;
  tilts?(): unknown;
}

/**
 * Refuses tilt series where each particle has to have one image.
 * @param what what is done, as in `refinement of poses`
 * @throws InputError for tilt series
 */
export function requireSingleImages(set: MaybeTilts, what: string): void {
  if (!set.tilts || set.tilts() === set) return;
  throw new InputError(set.file ?? "particles", `particles with one image each for ${what}`, "tilt series");
}
