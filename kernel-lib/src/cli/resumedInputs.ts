import path from "node:path";
import type { Option } from "commander";
import { InputError } from "../errors";
import type { TrainingOptions } from "../training/options";
import { RunFolder, type RunRecord } from "../training/runs/run";
import { type TrainCommandOptions, trainingOptions } from "./trainingOptions";

/**
 * Reads the record of a run that is to be resumed.
 * @param given whether an option is on the command line
 * @throws InputError if an option on the command line contradicts the record
 */
export async function readResumedRecord(
  options: TrainCommandOptions,
  given: (name: string) => boolean,
): Promise<RunRecord> {
  const record = await new RunFolder(options.out).readRecord();
  checkInputs(options, record);
  checkFlags(given, record);
  for (const option of trainingOptions) {
    if (given(option.attributeName())) checkTrainingOption(option, options, record);
  }
  return record;
}

function differs(flag: string, recorded: unknown, found: unknown): InputError {
  return new InputError(
    flag,
    `${recorded ?? "none"}, as the run was started with (or omit it)`,
    String(found),
  );
}

/** Files and how they are read. */
function checkInputs(options: TrainCommandOptions, { inputs, from }: RunRecord): void {
  if (options.from !== undefined && path.resolve(options.from) !== from?.run) {
    throw differs("--from", from?.run, options.from);
  }
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
}

/** Flags that can only be repeated, and options that cannot be given again. */
function checkFlags(given: (name: string) => boolean, record: RunRecord): void {
  const without = "to be omitted: the run was started without it";
  if (given("invertContrast") && !record.inputs.invertContrast) {
    throw new InputError("--invert-contrast", without);
  }
  if (given("keepOutliers") && record.outliers?.kept === false) {
    throw new InputError("--keep-outliers", without);
  }
  for (const name of ["select", "axes"]) {
    if (given(name)) throw new InputError(`--${name}`, "to be omitted with --resume: the run keeps its own");
  }
  if (given("resolution")) {
    throw new InputError("--resolution", "to be omitted with --resume: the run keeps its own");
  }
}

function checkTrainingOption(option: Option, options: TrainCommandOptions, record: RunRecord): void {
  const name = option.attributeName() as keyof TrainingOptions;
  if (name === "latent" && options.latent === "auto" && record.survey) return;
  const [recorded, found] = [String(record.options[name] ?? "none"), String(options[name])];
  if (recorded !== found) throw differs(option.long!, recorded, found);
}
