import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs-core";
import * as v from "valibot";
import { InputError } from "../../errors";
import type { ByteSign } from "../../formats/mrc";
import { describeRange, inRange } from "../../numberRange";
import type { ChosenEngine } from "../../projection/engines";
import { checked, listOf, numberIn, parsedJson, someText } from "../../schema";
import { packageVersion } from "../../version";
import type { Fit } from "../agreement/chosenParticles";
import type { Schedule } from "../course";
import { type RunOptions, trainingRanges, variedKinds, weightings } from "../options";
import { type PoseDecision, poseChoices } from "../poses/first/poseDecision";
import type { Survey } from "../survey/survey";
import type { InputFiles } from "./inputFiles";
import { instant, type Lineage, lineage, sha256 } from "./lineage";

/** What a run was made from and with: `run.json` of the run folder. */
export interface RunRecord {
  /** Version of the folder's layout. */
  format: 1;
  /** Versions and hardware that the run was started with. */
  program: {
    /** Version of this package. */
    e2gmm: string;
    /** Version of Node. */
    node: string;
    /** TensorFlow.js backend. */
    backend: string;
    /** Projection engine. */
    engine: string;
    /** Why this engine was chosen, if by a trial, or why the GPU was not. */
    engineReason?: string;
    /** Milliseconds of what was timed in the trial, a step or its projections, with CPU and GPU. */
    engineMilliseconds?: { cpu: number; gpu?: number };
    /** The GPU of the engine `webgpu`, and the most bytes of its memory that were used at a time, once the run is complete. */
    gpu?: { adapter: string; peakBytes: number };
  };
  /** When the training began, before poses were checked: ISO 8601. */
  started: string;
  /** Input files: absolute paths, in the file relative ones of those in the run folder. They may be edited after files were moved. */
  inputs: {
    /** Particle file. */
    particles: string;
    model: string;
    mask?: string;
    /** Masks of rigid bodies. */
    rigid?: string[];
    /** Folder of the image stacks, if given. */
    dataFolder?: string;
    /** Pixel size of the images in Å, if it was given instead of that of the particle file. */
    apix?: number;
    /** Whether images are read with the opposite sign. */
    invertContrast?: boolean;
    /** How image stacks of bytes are read, if given. */
    bytes?: ByteSign;
    /** Point group, if the particles of the run are symmetry copies. */
    symmetry?: string;
  };
  /** State of these files when the run was started; missing in runs of earlier versions. */
  inputFiles?: InputFiles;
  /** What a second round started from; undefined for a training of its own. */
  from?: Lineage;
  /** Number of particles; with a symmetry that of their copies. */
  particles: number;
  /** Number of their images; undefined if each has one. */
  images?: number;
  /** Training box in pixels. */
  boxSize: number;
  /** Pixel size of the training box in Å. */
  apix: number;
  /** Outermost Fourier ring of the training. */
  rings: number;
  /** Outermost ring in which the neutral model has signal. */
  lastRing: number;
  /** To which resolution the training goes, and why. Missing in runs of earlier versions. */
  detail?: { resolution: number; sentence: string };
  /** Encoder inputs per particle. */
  featureSize: number;
  /** Parameters of the method. */
  options: RunOptions;
  /** Which poses are used, and why; missing in runs of earlier versions. */
  poses?: PoseDecision;
  /** How well particles and neutral model fit each other; missing in runs of earlier versions. */
  fit?: Fit;
  /**
   * Particles whose places and intervals are from samples of their own posteriors, and from what was learned from these; missing where
   * none learned.
   */
  intervals?: { sampled: number; learned: number };
  /** What a survey of the latent space found, if it was asked how many axes are needed. */
  survey?: Survey;
  /** Batch size, if the requested one did not fit into memory. */
  batchThatFitted?: number;
  /**
   * Number of particles that do not agree with the neutral model (`outliers.csv`), and whether they were kept in the
   * training. Undefined if all agree.
   */
  outliers?: { count: number; kept: boolean };
  /** SHA-256 of the files that are written once, when the run is created. */
  files?: {
    neutral: string;
    neutralFrc: string;
    free?: string;
    rigid?: string;
    outliers?: string;
    selection?: string;
  };
  /** `complete` once the latents are refined. */
  status: "training" | "complete";
  /** Validation score of each coarse start, and the number of the one that was continued, if there were several. */
  starts?: { scores: number[]; chosen: number };
  /** How long the training was, and why. Missing until the run is complete, and in runs of earlier versions. */
  schedule?: Schedule;
  /** Whether there is heterogeneity, in short; see `evidence.json`. Missing until the run is complete. */
  evidence?: {
    verdict: "found" | "weak" | "none";
    /** The verdict in a sentence. */
    sentence: string;
    /** Nats per particle, held out, over the one best model. */
    gain: number;
    standardError: number;
    /** Axes of the latent space that are real. */
    realAxes: number;
  };
  /** SHA-256 of everything but paths, `status` and `starts`; missing in runs of earlier versions. */
  checksum?: string;
}

/** Axes of the latent space of a run: those that it has from the run it started from, and those that it trained. */
export function latentAxes({ options, from }: RunRecord): number {
  return (from?.inherited ?? 0) + options.latent;
}

const currentFormat = 1;

type NumberOption = keyof typeof trainingRanges;
const numbers = Object.entries(trainingRanges).map(([name, range]) => [name, numberIn(range)]);

const axes = v.array(numberIn({ integer: true, least: 0 }), "a list of axes, from 0");

/** The number of epochs, or `auto`. */
const epochs = v.custom<number | "auto">(
  (value) => value === "auto" || (typeof value === "number" && inRange(value, trainingRanges.epochs)),
  `${describeRange(trainingRanges.epochs)}, or auto`,
);

const options = v.looseObject({
  ...(Object.fromEntries(numbers) as Record<NumberOption, v.GenericSchema<unknown, number>>),
  epochs,
  strainPenalty: v.optional(numberIn(trainingRanges.strainPenalty)),
  vary: listOf(v.picklist(variedKinds, variedKinds.join(", ")), `one or more of ${variedKinds.join(", ")}`),
  weighting: v.picklist(weightings, weightings.join(" or ")),
  hidden: listOf(numberIn({ integer: true, least: 1 }), "widths of at least one layer"),
  form: v.optional(v.picklist(["network", "quadratic"], "network or quadratic")),
  roles: v.optional(v.looseObject({ position: axes, density: axes })),
});

const fraction = numberIn({});
const survey = v.looseObject({
  latent: numberIn({ integer: true, least: 1 }),
  axes: v.array(v.looseObject({ gain: fraction, standardError: fraction }), "a gain for each axis"),
  kinds: v.array(v.looseObject({ position: fraction, density: fraction }), "fractions for each axis"),
  sentence: someText,
});

const poses = v.looseObject({
  asked: v.picklist(poseChoices, poseChoices.join(", ")),
  used: v.picklist(["file", "refined"], "file or refined"),
  sentence: someText,
});

const factor = v.looseObject({ by: numberIn({ above: 0 }), standardError: numberIn({ least: 0 }) });
const fit = v.looseObject({
  scale: v.optional(factor),
  defocus: v.optional(factor),
  misfit: v.optional(listOf(someText, "a list of sentences")),
});

/** @throws InputError for an invalid option. `where` is a file or `options` */
export function checkTrainingOptions(value: RunOptions, where: string): void {
  checked(options, value, where);
}

const milliseconds = numberIn({ least: 0, expected: "milliseconds" });
const positive = numberIn({ integer: true, least: 1 });
const fileState = v.looseObject({
  file: someText,
  bytes: numberIn({ integer: true, least: 0, expected: "a length in bytes" }),
  modified: instant,
  sha256,
});

const record = v.looseObject({
  format: v.literal(currentFormat),
  program: v.looseObject({
    e2gmm: someText,
    node: someText,
    backend: someText,
    engine: someText,
    engineReason: v.optional(someText),
    engineMilliseconds: v.optional(v.looseObject({ cpu: milliseconds, gpu: v.optional(milliseconds) })),
    gpu: v.optional(
      v.looseObject({
        adapter: someText,
        peakBytes: numberIn({ least: 0, integer: true, expected: "bytes" }),
      }),
    ),
  }),
  started: instant,
  inputs: v.looseObject({
    particles: someText,
    model: someText,
    mask: v.optional(someText),
    rigid: v.optional(listOf(someText, "a list of files")),
    dataFolder: v.optional(someText),
    apix: v.optional(numberIn({ above: 0, expected: "Å per pixel" })),
    invertContrast: v.optional(v.boolean("true or false")),
    bytes: v.optional(v.picklist(["signed", "unsigned"], "signed or unsigned")),
    symmetry: v.optional(someText),
  }),
  inputFiles: v.optional(
    v.looseObject({
      particles: fileState,
      model: fileState,
      mask: v.optional(fileState),
      rigid: v.optional(v.array(fileState, "a list of files")),
      stacks: v.array(fileState, "a list of files"),
      tomograms: v.optional(v.array(fileState, "a list of files")),
    }),
  ),
  from: v.optional(lineage),
  particles: positive,
  images: v.optional(positive),
  boxSize: numberIn({ integer: true, least: 3, expected: "a box in pixels" }),
  apix: numberIn({ above: 0, expected: "Å per pixel" }),
  rings: positive,
  lastRing: numberIn({ integer: true, least: 0 }),
  detail: v.optional(v.looseObject({ resolution: numberIn({ above: 0 }), sentence: someText })),
  featureSize: positive,
  options,
  poses: v.optional(poses),
  fit: v.optional(fit),
  intervals: v.optional(
    v.looseObject({
      sampled: numberIn({ integer: true, least: 1 }),
      learned: numberIn({ integer: true, least: 0 }),
    }),
  ),
  survey: v.optional(survey),
  batchThatFitted: v.optional(numberIn({ integer: true, least: 2 })),
  outliers: v.optional(v.looseObject({ count: positive, kept: v.boolean("true or false") })),
  files: v.optional(
    v.looseObject({
      neutral: sha256,
      neutralFrc: sha256,
      free: v.optional(sha256),
      rigid: v.optional(sha256),
      outliers: v.optional(sha256),
      selection: v.optional(sha256),
    }),
  ),
  status: v.picklist(["training", "complete"], "training or complete"),
  starts: v.optional(
    v.looseObject({
      scores: listOf(numberIn({}), "a score for each start"),
      chosen: numberIn({ integer: true, least: 0 }),
    }),
  ),
  schedule: v.optional(v.looseObject({ epochs: positive, kept: positive, sentence: someText })),
  evidence: v.optional(
    v.looseObject({
      verdict: v.picklist(["found", "weak", "none"], "found, weak or none"),
      sentence: someText,
      gain: numberIn({}),
      standardError: numberIn({ least: 0 }),
      realAxes: numberIn({ integer: true, least: 0 }),
    }),
  ),
  checksum: v.optional(sha256),
});

/** Text of `run.json`. */
export function formatRecord(value: RunRecord): string {
  return `${JSON.stringify({ ...value, checksum: checksumOf(value) }, null, 2)}\n`;
}

/**
 * Reads the text of `run.json`.
 * @throws InputError naming file and field: no JSON, another format, fields that are missing, of the wrong type, out of
 *   range or inconsistent, or a file that was changed since it was written
 */
export function parseRecord(text: string, file: string): RunRecord {
  const value = parsedJson(text, file);
  const { format } = checked(v.looseObject({ format: v.number("a number") }), value, file);
  if (format !== currentFormat) {
    throw new InputError(file, `format ${currentFormat}`, `${format}, written by another version of e2gmm`);
  }
  const parsed = checked(record, value, file) as RunRecord;
  const { boxSize, rings, lastRing, checksum, starts } = parsed;
  const widest = Math.floor((boxSize - 1) / 2);
  if (rings > widest) {
    throw new InputError(`${file}: rings`, `at most ${widest} in a box of ${boxSize}`, String(rings));
  }
  if (parsed.outliers && parsed.outliers.count > parsed.particles) {
    const found = String(parsed.outliers.count);
    throw new InputError(`${file}: outliers.count`, `at most the ${parsed.particles} particles`, found);
  }
  if (lastRing > rings)
    throw new InputError(`${file}: lastRing`, `at most the ${rings} rings`, `${lastRing}`);
  if (starts && starts.chosen >= starts.scores.length) {
    const expected = `one of the ${starts.scores.length} starts`;
    throw new InputError(`${file}: starts.chosen`, expected, String(starts.chosen));
  }
  if (parsed.inputFiles && checksum === undefined) throw new InputError(file, "the field checksum", "none");
  if (checksum !== undefined && checksum !== checksumOf(parsed)) {
    throw new InputError(
      file,
      "the content that was written when the run was created (only paths in `inputs` may be edited)",
      "changes",
    );
  }
  return parsed;
}

function checksumOf(value: RunRecord): string {
  const { checksum: _, inputs, status: _status, starts: _starts, ...rest } = value;
  const {
    particles: _particles,
    model: _model,
    mask: _mask,
    rigid: _rigid,
    dataFolder: _dataFolder,
    ...reading
  } = inputs;
  return createHash("sha256")
    .update(JSON.stringify(sorted({ ...rest, ...(Object.keys(reading).length > 0 && { reading }) })))
    .digest("hex");
}

/** The value with the fields of all objects sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, of]) => of !== undefined);
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, of]) => [name, sorted(of)]),
  );
}

/** The record of this program. */
export function programRecord({ engine, reason, milliseconds }: ChosenEngine): RunRecord["program"] {
  return {
    e2gmm: packageVersion,
    node: process.version,
    backend: tf.getBackend(),
    engine: engine.name,
    ...(reason !== undefined && { engineReason: reason }),
    ...(milliseconds && { engineMilliseconds: milliseconds }),
  };
}
