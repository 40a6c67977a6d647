import path from "node:path";
import type { Option } from "commander";
import { InputError } from "../errors";
import { type TrainingOptions, withDefaults } from "../training/options";
import type { PoseChoice } from "../training/poses/first/poseDecision";
import { RunFolder, type RunRecord } from "../training/runs/run";
import { type TrainCommandOptions, trainingOptions } from "./trainingOptions";

/** What a training that is resumed was started with: its record, or before it has one, its settings. */
export interface Resumed {
  inputs: RunRecord["inputs"];
  /** The files that were given, where the run has refined poses and a model of its own. */
  given: { particles?: string; model?: string };
  options: RunRecord["options"] | TrainingOptions;
  /** Whether the number of axes was chosen by a survey. */
  surveyed: boolean;
  /** Whether outliers are trained on; undefined if it is not known whether there are any. */
  keepOutliers: boolean | undefined;
  poses: PoseChoice | undefined;
  /** Run from which it started, if it is a second round. */
  from?: string | undefined;
}

/**
 * Reads what a run that is to be resumed was started with.
 * @param given whether an option is on the command line
 * @throws InputError if an option on the command line contradicts it
 */
export async function readResumed(
  options: TrainCommandOptions,
  given: (name: string) => boolean,
): Promise<Resumed> {
  const folder = new RunFolder(options.out);
  const resumed = (await folder.state()) === "waiting" ? await waiting(folder) : await recorded(folder);
  checkInputs(options, resumed, given);
  checkFlags(given, resumed, options.continue === true);
  for (const option of trainingOptions) {
    if (given(option.attributeName())) checkTrainingOption(option, options, resumed);
  }
  return resumed;
}

async function recorded(folder: RunFolder): Promise<Resumed> {
  const { inputs, options, survey, outliers, poses, from } = await folder.readRecord();
  return {
    inputs,
    given: givenFiles(poses),
    options,
    surveyed: survey !== undefined,
    keepOutliers: outliers?.kept,
    poses: poses?.asked,
    from: from?.run,
  };
}

function givenFiles(poses: RunRecord["poses"]): Resumed["given"] {
  const { given } = poses ?? {};
  return given ? { particles: given.particles.file, model: given.model.file } : {};
}

/** A training that was stopped while it checked or refined poses. */
async function waiting(folder: RunFolder): Promise<Resumed> {
  const { options, keepOutliers, resolution, poses = "auto", ...inputs } = await folder.poses.readRequest();
  return { inputs, given: {}, options: withDefaults(options), surveyed: false, keepOutliers, poses };
}

function differs(flag: string, recorded: unknown, found: unknown): InputError {
  return new InputError(
    flag,
    `${recorded ?? "none"}, as the run was started with (or omit it)`,
    String(found),
  );
}

/** Files and how they are read. */
function checkInputs(
  options: TrainCommandOptions,
  { inputs: own, given: files, poses, from }: Resumed,
  given: (name: string) => boolean,
): void {
  if (options.from !== undefined && path.resolve(options.from) !== from) {
    throw differs("--from", from, options.from);
  }
  const inputs = { ...own, ...files };
  for (const [name, flag] of [
    ["particles", "--particles"],
    ["model", "--model"],
    ["mask", "--mask"],
    ["dataFolder", "--data-folder"],
  ] as const) {
    const found = options[name];
    if (found !== undefined && path.resolve(found) !== inputs[name]) throw differs(flag, inputs[name], found);
  }
  const rigid = options.rigid?.map((file) => path.resolve(file)).join(" ");
  if (rigid !== undefined && rigid !== inputs.rigid?.join(" ")) {
    throw differs("--rigid", inputs.rigid?.join(" "), rigid);
  }
  for (const name of ["apix", "bytes", "symmetry"] as const) {
    const found = options[name];
    if (found !== undefined && found !== inputs[name]) throw differs(`--${name}`, inputs[name], found);
  }
  if (given("poses") && options.poses !== poses) throw differs("--poses", poses, options.poses);
}

/** Flags that can only be repeated, and options that cannot be given again. */
function checkFlags(
  given: (name: string) => boolean,
  { inputs, keepOutliers }: Resumed,
  isSameCommand: boolean,
): void {
  const without = "to be omitted: the run was started without it";
  if (given("invertContrast") && !inputs.invertContrast) {
    throw new InputError("--invert-contrast", without);
  }
  if (given("keepOutliers") && keepOutliers === false) {
    throw new InputError("--keep-outliers", without);
  }
  // With --continue they stand in the command with which the run was started.
  if (isSameCommand) return;
  for (const name of ["select", "axes"]) {
    if (given(name)) throw new InputError(`--${name}`, "to be omitted with --resume: the run keeps its own");
  }
  if (given("resolution")) {
    throw new InputError("--resolution", "to be omitted with --resume: the run keeps its own");
  }
}

function checkTrainingOption(option: Option, options: TrainCommandOptions, resumed: Resumed): void {
  const name = option.attributeName() as keyof TrainingOptions;
  if (name === "latent" && options.latent === "auto" && resumed.surveyed) return;
  const [recorded, found] = [String(resumed.options[name] ?? "none"), String(options[name])];
  if (recorded !== found) throw differs(option.long!, recorded, found);
}
