import * as v from "valibot";
import { InputError } from "../../errors";
import type { NamedArray } from "../../network/parameters";
import { checked, numberIn } from "../../schema";
import type { EpochReport } from "../trainer";
import type { RunRecord } from "./runRecord";

/**
 * Where a training stands. It lies in the metadata of the weights, so that weights, history and what is left to do can
 * never disagree, whenever the process dies; `history.csv` is a copy of its history.
 */
export interface Checkpoint {
  /** Epochs finished by the present start. */
  epoch: number;
  start: number;
  /** Held-out score at the end of the coarse epochs of each start that got there. */
  scores: number[];
  /** All epochs of all starts so far; checkpoints of earlier versions have none. */
  history?: EpochReport[];
  /** These are the final weights, and the latents are written: nothing is left to train. */
  refined?: true;
  /** With the final weights: SHA-256 of the numbers in `latents.csv`, in the order of the particles. */
  latents?: string;
}

const natural = numberIn({ integer: true, least: 0 });
const finite = numberIn({});
/** Of no particles held out there is no mean: NaN, which JSON writes as null. */
const ofHeldOut = v.pipe(
  v.nullable(finite),
  v.transform((value) => value ?? Number.NaN),
);
const checkpoint = v.looseObject({
  epoch: natural,
  start: natural,
  scores: v.array(finite, "a score for each start"),
  history: v.optional(
    v.array(
      v.looseObject({
        start: natural,
        epoch: numberIn({ integer: true, least: 1 }),
        rings: numberIn({ integer: true, least: 1 }),
        trainFrc: finite,
        heldOutFrc: ofHeldOut,
        heldOutScore: ofHeldOut,
        seconds: numberIn({ least: 0 }),
      }),
      "a list of epochs",
    ),
  ),
  refined: v.optional(v.literal(true)),
  latents: v.optional(v.string("a checksum")),
});

/** The checkpoint in the metadata of a file's arrays. @throws InputError where there is none, or it is not one */
export function parseCheckpoint(metadata: Record<string, string>, file: string): Checkpoint {
  const where = `${file}: checkpoint`;
  const text = metadata["checkpoint"];
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    throw new InputError(where, "JSON in the metadata", text === undefined ? "none" : "other text");
  }
  return checked(checkpoint, value, where) as Checkpoint;
}

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
