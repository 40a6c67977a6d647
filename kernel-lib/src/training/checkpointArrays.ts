import { InputError } from "../errors";
import type { NamedArray } from "../network/denseNetwork";
import type { Checkpoint } from "./runFolder";
import type { RunRecord } from "./runRecord";

/** Name of the encoder's latents of all particles among the arrays of a checkpoint, [particles · latent]. */
const PLACES = "places";

export function placesArray(places: Float32Array, latent: number): NamedArray {
  return { name: PLACES, shape: [places.length / latent, latent], data: places };
}

/**
 * The encoder's latents in a checkpoint; undefined in one of an earlier version.
 * @throws InputError where they are not those of the run's particles
 */
export function placesOf(
  arrays: readonly NamedArray[],
  { particles, options }: RunRecord,
  file: string,
): Float32Array | undefined {
  const places = arrays.find(({ name }) => name === PLACES);
  if (places && places.shape.join() !== [particles, options.latent].join()) {
    const expected = `shape [${particles},${options.latent}], the particles and latent dimensions of the run`;
    throw new InputError(`${file}: ${PLACES}`, expected, `[${places.shape}]`);
  }
  return places?.data;
}

/** Takes over what a file has. What does not fit, which is a RangeError to the networks, is reported with the file's name. */
export function loading<T>(file: string, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (error instanceof RangeError) throw InputError.of(`${file}: ${error.message}`);
    throw error;
  }
}

/** The scores of all starts and the one that goes on, once that is decided; undefined where there is only one start. */
export function chosenStart({ options }: RunRecord, at: Checkpoint): RunRecord["starts"] {
  if (options.starts === 1 || at.scores.length < options.starts) return undefined;
  return { scores: at.scores, chosen: at.start };
}
