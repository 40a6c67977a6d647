import { type Command, Option } from "commander";
import { InputError, StoppedError } from "../errors";
import type { ByteSign } from "../formats/mrc";
import { gainText } from "../training/evidence/verdict";
import type { TrainingOptions } from "../training/options";
import { refineInRounds } from "../training/poses/rounds/refineInRounds";
import type { RoundReport, RoundsReport, RoundsSettings } from "../training/poses/rounds/roundsSettings";
import { refineWithTraining } from "../training/poses/trained/refineWithTraining";
import type { TrainingRound } from "../training/poses/trained/trainedSettings";
import { engineChoice, engineOptions } from "./engineOptions";
import { inTermsOf } from "./failure";
import {
  apixOption,
  bytesOption,
  dataFolderOption,
  examples,
  fileOption,
  invertContrastOption,
  lengthOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
  symmetryOption,
} from "./options";
import { type PoseCommandOptions, priorOf, priorOptions } from "./refinePoses";
import type { RunCommand, Session } from "./session";
import { trainingOptions } from "./trainingOptions";

interface RoundsCommandOptions extends PoseCommandOptions, QuietOption {
  particles: string;
  out: string;
  mask?: string;
  rounds: number;
  gaussians: number;
  threshold: number;
  resolution?: number;
  symmetry?: string;
  seed: number;
  dataFolder?: string;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  train?: boolean;
  trainings: number;
  latent: TrainingOptions["latent"];
  vary: TrainingOptions["vary"];
  epochs: TrainingOptions["epochs"];
}

/** Adds the command `rounds`. */
export function addRounds(program: Command, run: RunCommand): void {
  const command = program
    .command("rounds")
    .summary("refine poses in rounds, with halves that never meet")
    .description(
      "Reconstructs a map of each half of the particles, makes a Gaussian model of each, refines the poses of each half against " +
        "its own model, and repeats as long as the half maps agree better. Alignment uses the resolution to which they agree. " +
        "Halves are those of _rlnRandomSubset, else random. Where those of the first round do not agree better by three standard " +
        "errors the poses of the file stay. Writes poses.star (or .cs), map.mrc, half1.mrc, half2.mrc, fsc_before.txt, fsc_after.txt, rounds.json and " +
        "rounds.csv. With --train, rounds follow in which a model and a training of each half are made, and place and pose of each " +
        "particle are refined together against the moving model: for molecules that move. Their poses are used where they explain " +
        "samples better that they were not inferred from, and half maps do not agree less; trainings.csv has the evidence for motion " +
        "before and after. Ctrl-C stops; the same command continues.",
    )
    .addOption(required(fileOption("--particles <file>", "STAR file of RELION, or .cs file of cryoSPARC")))
    .addOption(
      required(fileOption("--out <folder>", "output folder, new or empty, or that of a run to continue")),
    )
    .addOption(fileOption("--mask <file>", "mask of the molecule; Gaussians stay where it is at least 0.5"))
    .addOption(numberOption("--rounds <n>", "most rounds", { integer: true, least: 1, default: 4 }))
    .addOption(
      numberOption("--gaussians <n>", "Gaussians of each model", { integer: true, least: 1, default: 512 }),
    )
    .addOption(
      numberOption("--threshold <FSC>", "correlation of the half maps down to which particles are aligned", {
        above: 0,
        below: 1,
        default: 0.143,
      }),
    )
    .addOption(
      lengthOption("--resolution <Å>", "limit of the alignment (default: only that of the half maps)"),
    );
  for (const option of priorOptions()) command.addOption(option);
  for (const option of trainingRoundOptions()) command.addOption(option);
  command
    .addOption(symmetryOption("maps and models are symmetric"))
    .addOption(seedOption())
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("the images"))
    .addOption(bytesOption());
  for (const option of engineOptions("images and the wasm engine")) command.addOption(option);
  command.addOption(quietOption());
  examples(
    command,
    "e2gmm rounds --particles particles.star --out rounds",
    "e2gmm rounds --particles particles.star --train --latent 1 --out rounds",
  );
  command.action((options: RoundsCommandOptions) => {
    const given = (name: string) => command.getOptionValueSource(name) === "cli";
    return run(options, (session) => rounds(options, given, session));
  });
}

/** Options of the trainings that rounds of e2gmm train have, too. */
const ofTrainings = ["latent", "vary", "epochs"] as const;

function trainingRoundOptions(): Option[] {
  return [
    new Option(
      "--train",
      "after these rounds, refine place and pose together against a trained model of each half",
    ),
    numberOption("--trainings <n>", "with --train: most rounds with a training", {
      integer: true,
      least: 1,
      default: 2,
    }),
    ...trainingOptions
      .filter((option) => ofTrainings.some((name) => name === option.attributeName()))
      .map((option) => {
        const own = new Option(option.flags, `with --train: ${option.description}`);
        return Object.assign(own, {
          parseArg: option.parseArg,
          defaultValue: option.defaultValue,
          defaultValueDescription: option.defaultValueDescription,
        });
      }),
  ];
}

/** @throws InputError for options of trainings without --train */
function requireTrain({ train }: RoundsCommandOptions, given: (name: string) => boolean): void {
  const alone = train ? undefined : ["trainings", ...ofTrainings].find(given);
  if (alone !== undefined) throw new InputError(`--${alone}`, "--train, which it belongs to", "none");
}

async function rounds(
  options: RoundsCommandOptions,
  given: (name: string) => boolean,
  session: Session,
): Promise<void> {
  requireTrain(options, given);
  const { particles, out, mask, rounds: most, gaussians, threshold, resolution, seed } = options;
  const { dataFolder, apix, invertContrast, bytes, symmetry } = options;
  const { signal, onProgress } = session;
  const settings: RoundsSettings = {
    ...{ particles, out, rounds: most, gaussians, threshold, seed, signal, onProgress },
    ...{ ...priorOf(options), engine: engineChoice(options), onWarning: session.note },
    ...(mask !== undefined && { mask }),
    ...(resolution !== undefined && { resolution }),
    ...(symmetry !== undefined && { symmetry }),
    ...(dataFolder !== undefined && { dataFolder }),
    ...(apix !== undefined && { apix }),
    ...(invertContrast && { invertContrast }),
    ...(bytes && { bytes }),
    onRound: (report) => session.print(roundLine(report)),
  };
  const work: Promise<RoundsReport> = options.train
    ? refineWithTraining({
        ...settings,
        trainings: options.trainings,
        options: Object.fromEntries(ofTrainings.filter(given).map((name) => [name, options[name]])),
        onTraining: (training) => session.print(trainingLine(training)),
      })
    : refineInRounds(settings);
  const report = await inTermsOf({ resolution: "--resolution" }, work).catch((error) => {
    if (!(error instanceof StoppedError)) throw error;
    throw new StoppedError(`stopped; the same command continues in ${out}`);
  });
  session.print(report.sentence ?? "");
  session.print(`${out}: ${report.particles} particles, ${session.elapsed()}`);
}

function roundLine({ round, alignedTo, resolution, halfMaps, moved, kept }: RoundReport): string {
  const moves = `moved by ${moved.angle.rms.toFixed(2)}° and ${moved.shift.rms.toFixed(2)} Å`;
  const maps = `half maps 0.5 at ${resolution.half.toFixed(2)} Å, 0.143 at ${resolution.seventh.toFixed(2)} Å`;
  const gain = `mean FSC ${halfMaps.gain >= 0 ? "+" : ""}${halfMaps.gain.toFixed(4)}`;
  return `round ${round}: aligned to ${alignedTo.toFixed(2)} Å, ${moves}, ${maps}, ${gain}${kept ? "" : ": not kept"}`;
}

function trainingLine({ round, resolution, halves, moved, after, halfMaps, kept }: TrainingRound): string {
  const evidence = halves.map((half) => (half.evidence.gain ? gainText(half.evidence.gain) : "unknown"));
  const poses = halves.map((half) => gainText(half.poses.gain)).join(" and ");
  const moves = `poses moved by ${moved.angle.rms.toFixed(2)}° and ${moved.shift.rms.toFixed(2)} Å, gain ${poses}`;
  const maps = `half maps 0.143 at ${after.seventh.toFixed(2)} Å, mean FSC ${halfMaps.gain >= 0 ? "+" : ""}${halfMaps.gain.toFixed(4)}`;
  return (
    `round ${round} with training to ${resolution.toFixed(2)} Å: motion gains ${evidence.join(" and ")} nats per particle; ` +
    `${moves}, ${maps}${kept ? "" : ": not kept"}`
  );
}
