import { availableParallelism } from "node:os";
import path from "node:path";
import { type Command, Option } from "commander";
import { type BackendName, useBackend } from "../compute/backends";
import { InputError, StoppedError } from "../errors";
import type { ByteSign } from "../formats/mrc";
import { openParticles } from "../particles/particleSet";
import type { EngineName } from "../projection/engines";
import {
  defaultTrainingOptions,
  type TrainingOptions,
  trainingRanges,
  variedKinds,
  weightings,
} from "../training/options";
import { type Run, RunFolder, type RunRecord } from "../training/runs/run";
import { trainInThisThread } from "../training/train";
import type { EpochReport } from "../training/trainer";
import { inTermsOf } from "./failure";
import {
  apixOption,
  backendOption,
  bytesOption,
  choiceOption,
  dataFolderOption,
  engineOption,
  examples,
  fileOption,
  invertContrastOption,
  numberOption,
  parseNumbers,
  type QuietOption,
  quietOption,
  required,
  threadsOption,
  wordsOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface TrainCommandOptions extends Partial<TrainingOptions>, QuietOption {
  particles?: string;
  model?: string;
  mask?: string;
  dataFolder?: string;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  keepOutliers?: boolean;
  resolution?: number;
  out: string;
  resume?: boolean;
  backend: BackendName | "auto";
  engine: EngineName | "auto";
  threads?: number;
}

const standard = defaultTrainingOptions;

/** A number among the training options, with the range and the default that it has in the library. */
function trainingNumber(name: keyof typeof trainingRanges, flags: string, description: string): Option {
  return numberOption(flags, description, { ...trainingRanges[name], default: standard[name] });
}

/** Options that are the library's training options, under the names that commander makes of their flags. */
const trainingOptions: Option[] = [
  trainingNumber("latent", "--latent <n>", "dimensions of the latent space, 1 to 16"),
  wordsOption("--vary <kinds>", "what may change: position, amplitude, width, with commas between", [
    ...variedKinds,
  ]).default(standard.vary, standard.vary.join(",")),
  trainingNumber("epochs", "--epochs <n>", "passes over the particles"),
  trainingNumber("seed", "--seed <n>", "seed of every random choice"),
  choiceOption("--weighting <how>", "how Fourier rings count: information, or uniform as published", [
    ...weightings,
  ]).default(standard.weighting),
  trainingNumber("starts", "--starts <n>", "coarse starts, of which the best on held-out particles goes on"),
  trainingNumber("heldOut", "--held-out <fraction>", "of the particles, to judge the training by"),
  trainingNumber(
    "coarseRing",
    "--coarse-ring <ring>",
    "Fourier ring at which training starts to look; 0 for all at once",
  ),
  trainingNumber("coarseEpochs", "--coarse-epochs <n>", "epochs over which the cut-off rises to all rings"),
  trainingNumber("batchSize", "--batch-size <n>", "particles of a step"),
  trainingNumber("learningRate", "--learning-rate <rate>", "step of Adam"),
  trainingNumber("weightDecay", "--weight-decay <rate>", "decoupled, as a fraction of the learning rate"),
  hiddenOption(),
  trainingNumber("featureSize", "--feature-size <n>", "numbers that the encoder sees of each particle"),
  trainingNumber("dropout", "--dropout <fraction>", "dropped before the encoder's output"),
  trainingNumber(
    "latentNoise",
    "--latent-noise <deviation>",
    "noise on the latent, whose own standard deviation is 1",
  ),
  trainingNumber(
    "spreadPenalty",
    "--spread-penalty <weight>",
    "penalty on the spread of amplitude and width",
  ),
];

function hiddenOption(): Option {
  const option = new Option("--hidden <widths>", "widths of the hidden layers, with commas between");
  option.default(standard.hidden, standard.hidden.join(","));
  return option.argParser((text: string) => {
    const widths = parseNumbers(text, "--hidden");
    if (widths.some((width) => !Number.isInteger(width) || width < 1)) {
      throw new InputError("--hidden", "whole numbers of 1 or more", `"${text}"`);
    }
    return widths;
  });
}

export function addTrain(program: Command, run: RunCommand): void {
  const command = program
    .command("train")
    .summary("train the networks: every particle gets its place in the latent space")
    .description(
      "Trains encoder and decoder and writes a run folder: run.json (what it was made with), history.csv (FRC by " +
        "epoch), latents.csv (the place of every particle, refined, with its standard deviation), weights, neutral " +
        "model, and outliers.csv where particles do not agree with the neutral model, which are left out of training. A " +
        "checkpoint is kept after every epoch: Ctrl-C stops after the present step, and --resume goes on with " +
        "the same result.",
    )
    .addOption(fileOption("--particles <file>", "STAR file of RELION, or .cs file of cryoSPARC"))
    .addOption(fileOption("--model <file>", "neutral model (.txt), from e2gmm neutral"))
    .addOption(required(fileOption("--out <folder>", "the run folder, new or empty")))
    .addOption(new Option("--resume", "go on with the run in --out, with what it was begun with"))
    .addOption(fileOption("--mask <file>", "map that is at least 0.5 where Gaussians may change"))
    .addOption(
      numberOption("--resolution <Å>", "finest detail to use (default: all that the training box holds)", {
        expected: "a length in Å",
        above: 0,
      }),
    )
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("images"))
    .addOption(bytesOption())
    .addOption(
      new Option(
        "--keep-outliers",
        "train on particles, too, that do not agree with the neutral model; by default they are left out and listed",
      ),
    );
  for (const option of trainingOptions) command.addOption(option);
  command
    .addOption(backendOption("auto"))
    .addOption(engineOption("wasm; on a GPU the faster of wasm and tensor, by a short trial"))
    .addOption(threadsOption("the networks and of the wasm engine"))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm train --particles particles.star --model model.txt --latent 2 --vary position --out run",
    "e2gmm train --out run --resume",
  );
  command.action((options: TrainCommandOptions) => {
    const given = (name: string) => command.getOptionValueSource(name) === "cli";
    return run(options, (session) => train(options, given, session));
  });
}

async function train(
  options: TrainCommandOptions,
  given: (name: string) => boolean,
  session: Session,
): Promise<void> {
  const { out, threads } = options;
  const inputs = options.resume ? await resumedInputs(options, given) : await newInputs(options, session);
  await describeParticles(inputs, session);
  const { name, device } = await useBackend(options.backend);
  // What the work is shared among; the backend itself is only for the encoder's input and for the engine made of its operations
  session.print(
    `networks on ${threads ?? availableParallelism()} threads; TensorFlow.js backend ${name}: ${device}`,
  );
  const { epochs, starts } = { ...options, ...inputs.record?.options };
  let trained: Run;
  try {
    trained = await inTermsOf(
      { resolution: "--resolution" },
      trainInThisThread(
        {
          out,
          particles: inputs.particles,
          model: inputs.model,
          resume: options.resume === true,
          engine: { engine: options.engine, ...(threads !== undefined && { threads }) },
          options: Object.fromEntries(
            trainingOptions.map((option) => [
              option.attributeName(),
              options[option.attributeName() as never],
            ]),
          ),
          ...(inputs.mask !== undefined && { mask: inputs.mask }),
          ...(inputs.dataFolder !== undefined && { dataFolder: inputs.dataFolder }),
          ...(inputs.apix !== undefined && { apix: inputs.apix }),
          ...(inputs.invertContrast && { invertContrast: true }),
          ...(inputs.bytes && { bytes: inputs.bytes }),
          ...(options.keepOutliers && { keepOutliers: true }),
          ...(options.resolution !== undefined && { resolution: options.resolution }),
          onEpoch: (report) => session.print(epochLine(report, epochs, starts)),
          onNotice: session.note,
        },
        session,
      ),
    );
  } catch (error) {
    if (error instanceof StoppedError) throw await stopped(out);
    throw error;
  }
  trained.close();
  session.print(
    `${out}: ${trained.record.particles} particles placed, latents.csv is written, ${session.elapsed()}`,
  );
}

interface TrainInputs {
  particles: string;
  model: string;
  mask?: string | undefined;
  dataFolder?: string | undefined;
  apix?: number | undefined;
  invertContrast?: boolean | undefined;
  bytes?: ByteSign | undefined;
  record?: RunRecord;
}

async function newInputs(options: TrainCommandOptions, session: Session): Promise<TrainInputs> {
  const { particles, model, mask, dataFolder, apix, invertContrast, bytes, out } = options;
  if (particles === undefined) throw new InputError("--particles", "a particle file, or --resume", "neither");
  if (model === undefined) throw new InputError("--model", "a neutral model, or --resume", "neither");
  const state = await new RunFolder(out).state();
  if (state === "run") {
    throw new InputError(out, "a new or empty folder, or --resume to go on with its run", "a run");
  }
  // What a training left that died before its run was made is taken over.
  if (state !== "interrupted") await session.fills(out);
  return { particles, model, mask, dataFolder, apix, invertContrast, bytes };
}

/** What a run was begun with. @throws InputError where the command line says anything else */
async function resumedInputs(
  options: TrainCommandOptions,
  given: (name: string) => boolean,
): Promise<TrainInputs> {
  const record = await new RunFolder(options.out).readRecord();
  const differs = (flag: string, begun: unknown, now: unknown) =>
    new InputError(flag, `${begun ?? "none"}, as the run was begun with (or left out)`, String(now));
  for (const name of ["particles", "model", "mask", "dataFolder"] as const) {
    const now = options[name];
    const begun = record.inputs[name];
    if (now !== undefined && path.resolve(now) !== begun) throw differs(`--${dashed(name)}`, begun, now);
  }
  if (options.apix !== undefined && options.apix !== record.inputs.apix) {
    throw differs("--apix", record.inputs.apix, options.apix);
  }
  if (options.bytes !== undefined && options.bytes !== record.inputs.bytes) {
    throw differs("--bytes", record.inputs.bytes, options.bytes);
  }
  if (given("invertContrast") && !record.inputs.invertContrast) {
    throw new InputError("--invert-contrast", "to be left out: the run was begun without it");
  }
  if (given("keepOutliers") && record.outliers?.kept === false) {
    throw new InputError("--keep-outliers", "to be left out: the run was begun without it");
  }
  if (given("resolution")) {
    throw new InputError("--resolution", "to be left out with --resume: the run keeps its own");
  }
  for (const option of trainingOptions) {
    const name = option.attributeName() as keyof TrainingOptions;
    const [begun, now] = [String(record.options[name]), String(options[name])];
    if (given(name) && begun !== now) throw differs(option.long!, begun, now);
  }
  return { ...record.inputs, record };
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Looks at the particles before the long work: what there is, and what was assumed. */
async function describeParticles(inputs: TrainInputs, session: Session): Promise<void> {
  const { particles, dataFolder, apix, invertContrast, bytes } = inputs;
  const { signal } = session;
  const set = await openParticles(particles, { signal, dataFolder, apix, invertContrast, bytes });
  try {
    session.print(
      `${particles}: ${set.count} particles, ${set.boxSize} pixels of ${Number(set.apix.toFixed(4))} Å`,
    );
    for (const notice of set.warnings) session.note(notice);
  } finally {
    await set.close();
  }
}

function epochLine(report: EpochReport, epochs: number | undefined, starts = 1): string {
  const { start, epoch, rings, trainFrc, heldOutFrc, heldOutScore, seconds } = report;
  const name = `${starts > 1 ? `start ${start + 1} of ${starts}, ` : ""}epoch ${epoch} of ${epochs}`;
  const frc = `FRC ${trainFrc.toFixed(4)}, held out ${heldOutFrc.toFixed(4)}`;
  return `${name}: rings to ${rings}, ${frc}, score ${heldOutScore.toFixed(4)}, ${seconds.toFixed(1)} s`;
}

/** What to say when the user stopped the training: how far it is, and how it goes on. */
async function stopped(out: string): Promise<StoppedError> {
  const folder = new RunFolder(out);
  if (!folder.exists) return new StoppedError("stopped before training began; nothing was written");
  const epoch = await lastEpoch(folder).catch(() => 0);
  const where = epoch > 0 ? `after epoch ${epoch}` : "before the first epoch was finished";
  return new StoppedError(`stopped ${where}; to go on: e2gmm train --out ${out} --resume`);
}

/** The epoch of the last checkpoint, 0 before there is one. */
async function lastEpoch(folder: RunFolder): Promise<number> {
  const { at } = await folder.readCheckpoint("weights", await folder.readWrittenRecord());
  return at.epoch;
}
