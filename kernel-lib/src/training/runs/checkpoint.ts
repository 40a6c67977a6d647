import * as v from "valibot";
import { InputError } from "../../errors";
import type { NamedArray } from "../../network/parameters";
import { checked, numberIn } from "../../schema";
import type { Course } from "../course";
import type { EpochReport } from "../trainer";
import { latentAxes, type RunRecord } from "./runRecord";

/**
 * State of a training. It is stored in the metadata of the weights, so that weights, history and remaining work are always
 * consistent, whenever the process dies; `history.csv` is a copy of its history.
 */
export interface Checkpoint {
  /** Finished epochs of the current start. */
  epoch: number;
  /** Number of the current start, from 0. */
  start: number;
  /** Validation score of each start that has finished its coarse epochs. */
  scores: number[];
  /** Decisions on how long to train, of the current start; missing in checkpoints of earlier versions. */
  course?: Course;
  /** All epochs of all starts so far; missing in checkpoints of earlier versions. */
  history?: EpochReport[];
  /** Set with the final weights, after the latents were written: nothing is left to train. */
  refined?: true;
  /** With the final weights: SHA-256 of the numbers in `latents.csv`, in the order of the particles. */
  latents?: string;
}

const natural = numberIn({ integer: true, least: 0 });
const whole = numberIn({ integer: true, least: 1 });
const finite = numberIn({});
/** The mean over no particles is NaN, which JSON stores as null. */
const ofValidation = v.pipe(
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
        epoch: whole,
        rings: whole,
        trainFrc: finite,
        heldOutFrc: ofValidation,
        heldOutScore: ofValidation,
        epochs: v.optional(whole),
        seconds: numberIn({ least: 0 }),
      }),
      "a list of epochs",
    ),
  ),
  course: v.optional(
    v.looseObject({
      best: whole,
      sinceBest: v.looseObject({ gain: finite, standardError: numberIn({ least: 0 }) }),
      annealFrom: v.optional(whole),
      stoodFrom: v.optional(whole),
      kept: v.optional(whole),
    }),
  ),
  refined: v.optional(v.literal(true)),
  latents: v.optional(v.string("a checksum")),
});

/** Metadata that store a checkpoint. The history keeps the keys of the first version of the format. */
export function formatCheckpoint({ history, ...rest }: Checkpoint): Record<string, string> {
  const stored = history?.map(({ validationFrc, validationScore, seconds, ...report }) => ({
    ...report,
    heldOutFrc: validationFrc,
    heldOutScore: validationScore,
    seconds,
  }));
  return { checkpoint: JSON.stringify({ ...rest, ...(stored && { history: stored }) }) };
}

/** Reads a checkpoint from metadata. @throws InputError if there is none, or it is invalid */
export function parseCheckpoint(metadata: Record<string, string>, file: string): Checkpoint {
  const where = `${file}: checkpoint`;
  const text = metadata["checkpoint"];
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    throw new InputError(where, "JSON in the metadata", text === undefined ? "none" : "other text");
  }
  const { history, ...rest } = checked(checkpoint, value, where);
  const reports = history?.map(({ heldOutFrc, heldOutScore, ...report }) => ({
    ...report,
    validationFrc: heldOutFrc,
    validationScore: heldOutScore,
  }));
  return { ...rest, ...(reports && { history: reports }) } as Checkpoint;
}

/** Name of the encoder's latents in a checkpoint, [particles · latent]. */
const latentsName = "places";

/** The encoder's latents of all particles as an array of a checkpoint. */
export function latentsArray(latents: Float32Array, latent: number): NamedArray {
  return { name: latentsName, shape: [latents.length / latent, latent], data: latents };
}

/**
 * The encoder's latents in a checkpoint, [particles · latent]; undefined in one of an earlier version.
 * @throws InputError unless they have the shape of the run
 */
export function encoderLatentsOf(
  arrays: readonly NamedArray[],
  record: RunRecord,
  file: string,
): Float32Array | undefined {
  const { particles } = record;
  const axes = latentAxes(record);
  const array = arrays.find(({ name }) => name === latentsName);
  if (array && array.shape.join() !== [particles, axes].join()) {
    const expected = `shape [${particles},${axes}], the particles and latent dimensions of the run`;
    throw new InputError(`${file}: ${latentsName}`, expected, `[${array.shape}]`);
  }
  return array?.data;
}

/** Loads from a file's arrays. A RangeError, as networks throw it, becomes an InputError that names the file. */
export function loadFrom<T>(file: string, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (error instanceof RangeError) throw InputError.of(`${file}: ${error.message}`);
    throw error;
  }
}

/** Scores of all starts and the chosen one; undefined until it is chosen, and for a single start. */
export function chosenStart({ options }: RunRecord, at: Checkpoint): RunRecord["starts"] {
  if (options.starts === 1 || at.scores.length < options.starts) return undefined;
  return { scores: at.scores, chosen: at.start };
}
