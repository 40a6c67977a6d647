import type { Option } from "commander";
import { InputError } from "../errors";
import type { TrainingOptions } from "../training/options";
import { inheritedAxes } from "../training/runs/lineage";
import { RunFolder, type RunRecord } from "../training/runs/run";
import type { StartingRun } from "../training/settings";
import { choiceOption, fileOption } from "./options";
import { type TrainCommandOptions, trainingOptionsOf } from "./trainingOptions";

/** Options of `train` that name the run from which a second round starts. */
export function secondRoundOptions(): Option[] {
  return [
    fileOption(
      "--from <run>",
      "second round: start from this finished run, with its particles, model, mask, resolution and options unless mask, " +
        "resolution or options are given anew",
    ),
    fileOption(
      "--select <file>",
      "with --from: particles to train on, a text file of their indices as in latents.csv of the run, or a STAR or .cs file, as " +
        "e2gmm latent and the explorer write them (default: all)",
    ),
    choiceOption(
      "--axes <what>",
      "with --from: fixed keeps the axes of the run and the place of each particle on them, and adds axes for what is left " +
        "(default); kept goes on training them together with new ones; drop makes new axes only, from the state that the run " +
        "decodes in the middle of these particles",
      inheritedAxes,
    ),
  ];
}

/** A second round as it is asked for on the command line. */
export interface AskedRound {
  from: StartingRun;
  /** Record of the run that it starts from. */
  record: RunRecord;
  /** Training options that are given anew. */
  options: Partial<TrainingOptions>;
}

/**
 * The second round that the options ask for, if they do.
 * @param given whether an option is on the command line
 * @throws InputError for options that belong to the run, and for options of a second round without one
 */
export async function askedRound(
  options: TrainCommandOptions,
  given: (name: string) => boolean,
): Promise<AskedRound | undefined> {
  const { from: run, select, axes } = options;
  if (run === undefined) {
    const alone = (["select", "axes"] as const).find(given);
    if (alone) throw new InputError(`--${alone}`, "--from, the run that it belongs to", "none");
    return undefined;
  }
  for (const [name, flag] of [
    ["particles", "--particles"],
    ["model", "--model"],
    ["dataFolder", "--data-folder"],
    ["apix", "--apix"],
    ["invertContrast", "--invert-contrast"],
    ["bytes", "--bytes"],
    ["symmetry", "--symmetry"],
  ] as const) {
    if (given(name))
      throw new InputError(flag, "to be omitted with --from: the run has it", String(options[name]));
  }
  const anew = Object.entries(trainingOptionsOf(options)).filter(([name]) => given(name));
  return {
    from: { run, ...(select !== undefined && { select }), ...(axes && { axes }) },
    record: await new RunFolder(run).readRecord(),
    options: Object.fromEntries(anew),
  };
}
