import type { Command } from "commander";
import { StoppedError } from "../errors";
import type { ByteSign } from "../formats/mrc";
import { refineInRounds } from "../training/poses/rounds/refineInRounds";
import type { RoundReport } from "../training/poses/rounds/roundsSettings";
import { inTermsOf } from "./failure";
import {
  apixOption,
  bytesOption,
  dataFolderOption,
  engineOption,
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
  threadsOption,
} from "./options";
import { engineOf, type PoseCommandOptions, priorOf, priorOptions } from "./refinePoses";
import type { RunCommand, Session } from "./session";

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
}

/** Adds the command `rounds`. */
export function addRounds(program: Command, run: RunCommand): void {
  const command = program
    .command("rounds")
    .summary("refine poses in rounds, with halves that never meet")
    .description(
      "Reconstructs a map of each half of the particles, makes a Gaussian model of each, refines the poses of each half against " +
        "its own model, and repeats as long as the half maps agree better. Alignment uses the resolution to which they agree. " +
        "Halves are those of _rlnRandomSubset, else random. Where the half maps do not agree better the poses of the file " +
        "stay. Writes poses.star (or .cs), map.mrc, half1.mrc, half2.mrc, fsc_before.txt, fsc_after.txt, rounds.json and " +
        "rounds.csv. Ctrl-C stops; the same command continues.",
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
  command
    .addOption(symmetryOption("maps and models are symmetric"))
    .addOption(seedOption())
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("the images"))
    .addOption(bytesOption())
    .addOption(engineOption("wasm; on a GPU the faster of wasm and tensor in a short trial"))
    .addOption(threadsOption("images and the wasm engine"))
    .addOption(quietOption());
  examples(command, "e2gmm rounds --particles particles.star --out rounds");
  command.action((options: RoundsCommandOptions) => run(options, (session) => rounds(options, session)));
}

async function rounds(options: RoundsCommandOptions, session: Session): Promise<void> {
  const { particles, out, mask, rounds: most, gaussians, threshold, resolution, seed } = options;
  const { dataFolder, apix, invertContrast, bytes, symmetry } = options;
  const { signal, onProgress } = session;
  const work = refineInRounds({
    ...{ particles, out, rounds: most, gaussians, threshold, seed, signal, onProgress },
    ...{ ...priorOf(options), ...engineOf(options), onWarning: session.note },
    ...(mask !== undefined && { mask }),
    ...(resolution !== undefined && { resolution }),
    ...(symmetry !== undefined && { symmetry }),
    ...(dataFolder !== undefined && { dataFolder }),
    ...(apix !== undefined && { apix }),
    ...(invertContrast && { invertContrast }),
    ...(bytes && { bytes }),
    onRound: (report) => session.print(roundLine(report)),
  });
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
