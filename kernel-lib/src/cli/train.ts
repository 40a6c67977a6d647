import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { useBackend } from "../compute/backends";
import { InputError, StoppedError } from "../errors";
import { pointGroup } from "../optics/symmetry";
import { openParticles } from "../particles/particleSet";
import { shellWord } from "../shellWord";
import { poseChoices } from "../training/poses/first/poseDecision";
import { lastEpoch } from "../training/runs/afterGpuFailure";
import { type Run, RunFolder, type RunRecord } from "../training/runs/run";
import { nameOfEpoch } from "../training/schedule";
import type { TrainingSettings } from "../training/settings";
import { trainInThisThread } from "../training/train";
import type { EpochReport } from "../training/trainer";
import { engineChoice, engineOptions } from "./engineOptions";
import { inTermsOf } from "./failure";
import {
  apixOption,
  backendOption,
  bytesOption,
  choiceOption,
  dataFolderOption,
  examples,
  fileOption,
  filesOption,
  invertContrastOption,
  lengthOption,
  particleFileHelp,
  quietOption,
  required,
  symmetryOption,
} from "./options";
import { readResumed } from "./resumedInputs";
import { askedRound, secondRoundOptions } from "./secondRound";
import type { RunCommand, Session } from "./session";
import { type TrainCommandOptions, trainingOptions, trainingOptionsOf } from "./trainingOptions";

/** Adds the command `train`. */
export function addTrain(program: Command, run: RunCommand): void {
  const command = program
    .command("train")
    .summary("train the networks, which gives every particle its latent coordinates")
    .description(
      "Trains encoder and decoder and writes a run folder: run.json (inputs and options), history.csv (FRC by epoch), " +
        "latents.csv (latent coordinates of every particle, refined, with standard deviations), weights, neutral model, and " +
        "outliers.csv (particles that do not agree with the neutral model, which are left out of training), evidence.json (whether " +
        "there is heterogeneity, see e2gmm evidence), and poses/ (what was measured about the poses, and refined ones if they are used, see " +
        "--poses). A checkpoint is " +
        "written after every epoch: Ctrl-C stops after the current step, and --resume continues with the same result. A second " +
        "round (--from) continues on some of the particles of a finished run with other freedoms, such as a mask; its folder " +
        "holds all that it needs of that run, and run.json where it came from.",
    );
  const groups: [heading: string, options: readonly Option[]][] = [
    ["Input and output:", inputOptions()],
    ["Training:", trainingOptions],
    ["Computing:", computingOptions()],
  ];
  for (const [heading, options] of groups) {
    for (const option of options) command.addOption(option.helpGroup(heading));
  }
  command.addOption(quietOption());
  examples(
    command,
    "e2gmm train --particles particles.star --model model.txt --latent 2 --vary position --out run",
    "e2gmm train --out run --resume",
    "e2gmm train --from run --select sets/set_1.txt --mask domain.mrc --vary position --latent 1 --out run2",
  );
  command.action((options: TrainCommandOptions) => {
    const given = (name: string) => command.getOptionValueSource(name) === "cli";
    return run(options, (session) => train(options, given, session));
  });
}

/** Files, and how they are read. */
function inputOptions(): Option[] {
  return [
    fileOption("--particles <file>", particleFileHelp),
    fileOption("--model <file>", "neutral model (.txt), from e2gmm neutral"),
    required(fileOption("--out <folder>", "run folder, new or empty")),
    new Option("--resume", "continue the run in --out, with its own inputs and options"),
    new Option(
      "--continue",
      "as --resume if the run in --out has been started, which must have been with these inputs and options; else start it. For jobs " +
        "that a cluster may start again",
    ).conflicts("resume"),
    ...secondRoundOptions(),
    fileOption("--mask <file>", "map that is at least 0.5 where Gaussians may change"),
    filesOption("--rigid <masks...>", "a mask for each rigid body, whose Gaussians move together"),
    symmetryOption(
      "each unit of a particle gets its own latent coordinates; what may change is the unit in --mask, or the most compact one",
    ),
    lengthOption("--resolution <Å>", "finest detail to use (default: all that the training box holds)"),
    dataFolderOption(),
    apixOption(),
    invertContrastOption("the images"),
    bytesOption(),
    posesOption(),
    new Option(
      "--keep-outliers",
      "also train on particles that do not agree with the neutral model, which are left out and listed by default",
    ),
  ];
}

/** `--poses`. */
export function posesOption(): Option {
  return choiceOption(
    "--poses <which>",
    "auto: a round of refinement checks the poses, and refined ones with a new model are used if half maps agree better; " +
      "file: those of the file, unchecked; refine: refined in any case",
    [...poseChoices],
  ).default("auto", "auto");
}

/** Hardware. */
function computingOptions(): Option[] {
  return [backendOption("auto"), ...engineOptions("the networks and the wasm engine")];
}

async function train(
  options: TrainCommandOptions,
  given: (name: string) => boolean,
  session: Session,
): Promise<void> {
  const { out, threads } = options;
  const goesOn = options.continue === true && ["run", "waiting"].includes(await new RunFolder(out).state());
  // The run keeps its own resolution.
  if (goesOn) Object.assign(options, { resume: true, resolution: undefined });
  const record = options.resume ? await readResumed(options, given) : undefined;
  const round = record ? undefined : await askedRound(options, given);
  const inputs = record?.inputs ?? (round ? ownInputs(options) : firstInputs(options));
  if (!record) await requireNewFolder(out, session);
  await describeParticles(round?.record.inputs ?? (inputs as Inputs), session);
  const { name, device } = await useBackend(options.backend);
  session.step(`CPU threads: ${threads ?? availableParallelism()}; TensorFlow.js backend ${name}: ${device}`);
  const settings = {
    ...settingsOf(options, inputs, session),
    ...(round && { from: round.from, options: round.options }),
  };
  const { starts } = { ...options, ...record?.options, ...round?.record.options, ...round?.options };
  const onEpoch = (report: EpochReport) => session.step(epochLine(report, starts));
  let trained: Run;
  try {
    trained = await inTermsOf(
      { resolution: "--resolution", rigid: "--rigid" },
      trainInThisThread({ ...settings, onEpoch }),
    );
  } catch (error) {
    if (error instanceof StoppedError) throw await stopped(out);
    throw error;
  }
  const axes = await trained.axes().finally(() => trained.close());
  const { detail, schedule, evidence } = trained.record;
  for (const choice of [detail, schedule, evidence]) if (choice) session.print(choice.sentence);
  for (const { summary } of axes) session.print(summary);
  session.print(
    `${out}: latent coordinates of ${describeCount(trained.record)} in latents.csv, ${session.elapsed()}`,
  );
}

/** Inputs of a new or resumed run. */
type Inputs = RunRecord["inputs"];

function settingsOf(
  options: TrainCommandOptions,
  inputs: Partial<Inputs>,
  session: Session,
): TrainingSettings {
  const { out, resume, keepOutliers, resolution, poses } = options;
  return {
    ...{ ...inputs, out, poses },
    resume: resume === true,
    engine: engineChoice(options),
    options: trainingOptionsOf(options),
    ...(keepOutliers && { keepOutliers }),
    ...(resolution !== undefined && { resolution }),
    signal: session.signal,
    onProgress: session.onProgress,
    onWarning: session.note,
  };
}

/** @throws InputError unless the folder is new or empty, or holds the remains of a training that died */
async function requireNewFolder(out: string, session: Session): Promise<void> {
  const state = await new RunFolder(out).state();
  if (state === "run" || state === "waiting") {
    const found = state === "run" ? "a run" : "a training that was stopped while it refined poses";
    throw new InputError(out, "a new or empty folder, or --resume to continue its run", found);
  }
  // The remains of a training that died before it created its run are taken over.
  if (state !== "interrupted") await session.fills(out);
}

/** Inputs of a second round that are not those of its run. */
const ownInputs = ({ mask, rigid }: TrainCommandOptions): Partial<Inputs> => ({
  ...(mask !== undefined && { mask }),
  ...(rigid && { rigid }),
});

/** @throws InputError without particles or model */
function firstInputs(options: TrainCommandOptions): Inputs {
  const { particles, model, dataFolder, apix, invertContrast, bytes, symmetry } = options;
  const others = "--from, or --resume";
  if (particles === undefined)
    throw new InputError("--particles", `a particle file, ${others}`, "none of them");
  if (model === undefined) throw new InputError("--model", `a neutral model, ${others}`, "none of them");
  return {
    ...{ particles, model },
    ...ownInputs(options),
    ...(dataFolder !== undefined && { dataFolder }),
    ...(apix !== undefined && { apix }),
    ...(invertContrast && { invertContrast }),
    ...(bytes && { bytes }),
    ...(symmetry !== undefined && { symmetry }),
  };
}

/** Opens the particles before the long work, and prints what they are and what was assumed. */
async function describeParticles(inputs: Inputs, session: Session): Promise<void> {
  const { particles, dataFolder, apix, invertContrast, bytes } = inputs;
  const { signal } = session;
  const set = await openParticles(particles, { signal, dataFolder, apix, invertContrast, bytes });
  try {
    session.step(
      `${particles}: ${set.count} particles, ${set.boxSize} pixels of ${Number(set.apix.toFixed(4))} Å`,
    );
    for (const warning of set.warnings) session.note(warning);
  } finally {
    await set.close();
  }
}

function describeCount({ particles, inputs }: RunRecord): string {
  const copies = inputs.symmetry === undefined ? 1 : pointGroup(inputs.symmetry).order;
  const count = `${particles / copies} particles`;
  return copies > 1 ? `${copies} copies of each of ${count}` : count;
}

function epochLine(report: EpochReport, starts = 1): string {
  const { start, rings, trainFrc, validationFrc, validationScore, seconds } = report;
  const name = `${starts > 1 ? `start ${start + 1} of ${starts}, ` : ""}${nameOfEpoch(report)}`;
  const frc = `FRC ${trainFrc.toFixed(4)}, validation ${validationFrc.toFixed(4)}`;
  return `${name}: rings to ${rings}, ${frc}, score ${validationScore.toFixed(4)}, ${seconds.toFixed(1)} s`;
}

/** The message after the user stopped the training: how far it is, and how to continue. */
async function stopped(out: string): Promise<StoppedError> {
  const folder = new RunFolder(out);
  if ((await folder.state()) === "waiting") {
    return new StoppedError(
      `stopped while poses were checked or refined; to continue: e2gmm train --out ${shellWord(out)} --resume`,
    );
  }
  if (!folder.exists) return new StoppedError("stopped before training started; nothing was written");
  const epoch = await lastEpoch(folder);
  const where = epoch > 0 ? `after epoch ${epoch}` : "before the first epoch was finished";
  return new StoppedError(`stopped ${where}; to continue: e2gmm train --out ${shellWord(out)} --resume`);
}
