import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import { finiteText } from "../finite";
import type { ByteSign } from "../formats/mrc";
import { readMap } from "../maps/mapFile";
import { readMask } from "../maps/mask";
import { boxLengthOf } from "../model/gaussianModel";
import { growNeutralModel } from "../model/growNeutralModel";
import type { GrowthRound } from "../model/growth";
import { inTermsOf } from "./failure";
import { besideName, modelFormat, writeModel } from "./modelFiles";
import {
  addBoxSize,
  bytesOption,
  examples,
  fileOption,
  invertContrastOption,
  lengthOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface NeutralOptions extends QuietOption {
  map: string;
  mask?: string;
  resolution: number;
  gaussians?: number;
  boxSize?: number;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  targetFrc: number;
  seed: number;
  out: string;
}

/** Adds the command `neutral`. */
export function addNeutral(program: Command, run: RunCommand): void {
  const command = program
    .command("neutral")
    .summary("build the Gaussian model of a map")
    .description(
      "Builds the neutral model: Gaussians that represent a consensus map up to a resolution. Starts with few Gaussians at " +
        "low resolution and adds more round by round. Writes the model, and beside it the FRC of every round by ring " +
        "(model_frc.csv for model.txt).",
    )
    .addOption(required(fileOption("--map <file>", "consensus map (MRC; cubic, with a bright molecule)")))
    .addOption(
      fileOption("--mask <file>", "mask with the same voxels; Gaussians stay where it is at least 0.5"),
    )
    .addOption(required(lengthOption("--resolution <Å>", "resolution that the model represents")))
    .addOption(
      numberOption(
        "--gaussians <n>",
        "number of Gaussians (default: doubled from 256 until --target-frc is reached)",
        {
          integer: true,
          least: 1,
        },
      ),
    );
  addBoxSize(command, "pixels", "training box (default: the smallest for the resolution)", { least: 4 });
  command
    .addOption(lengthOption("--apix <Å>", "voxel size of the map, if its header is wrong"))
    .addOption(invertContrastOption("the map"))
    .addOption(bytesOption())
    .addOption(
      numberOption("--target-frc <value>", "mean FRC at which growth ends, unless --gaussians is given", {
        above: 0,
        below: 1,
        default: 0.95,
      }),
    )
    .addOption(seedOption())
    .addOption(required(fileOption("--out <file>", "output file of the model, .txt or .pdb")))
    .addOption(quietOption());
  examples(command, "e2gmm neutral --map consensus.mrc --resolution 8 --out model.txt");
  command.action((options: NeutralOptions) => run(options, (session) => neutral(options, session)));
}

async function neutral(options: NeutralOptions, session: Session): Promise<void> {
  const { out, map, mask } = options;
  const format = modelFormat(out);
  const frcFile = besideName(out, "_frc.csv");
  const outputs = await session.writes([out, frcFile], [map, mask]);
  const { model, rounds, warnings } = await grow(options, session);
  for (const [i, round] of rounds.entries()) {
    const name = `round ${i + 1}: ${round.gaussians} Gaussians to ${round.resolution.toFixed(1)} Å`;
    session.print(`${name}, mean FRC ${round.frc.toFixed(4)}`);
  }
  for (const warning of warnings) session.note(warning);
  await writeModel(outputs.place(out), format, [model]);
  await writeAtomic(outputs.place(frcFile), frcTable(rounds, boxLengthOf(model), frcFile));
  await outputs.keep(session.signal);
  const pixels = `box of ${model.boxSize} pixels of ${model.apix.toFixed(3)} Å`;
  session.print(`${out}: ${model.count} Gaussians, ${pixels}, ${session.elapsed()}`);
}

async function grow(options: NeutralOptions, session: Session): ReturnType<typeof growNeutralModel> {
  const { resolution, gaussians, boxSize, apix, bytes, seed, targetFrc, invertContrast } = options;
  // A mask that was made from a map has the same wrong header.
  const reading = { ...session.reading, bytes, ...(apix !== undefined && { apix }) };
  const map = await readMap(options.map, reading);
  const mask = options.mask === undefined ? undefined : await readMask(options.mask, map, reading);
  return inTermsOf(
    { map: options.map, mask: options.mask, boxSize: "--box-size", resolution: "--resolution" },
    growNeutralModel(map, {
      resolution,
      targetFrc,
      seed,
      invertContrast,
      signal: session.signal,
      onProgress: session.onProgress,
      ...(mask && { mask }),
      ...(gaussians !== undefined && { gaussians }),
      ...(boxSize !== undefined && { boxSize }),
    }),
  );
}

/** A row for each ring of each round. */
function frcTable(rounds: readonly GrowthRound[], boxLength: number, file: string): string {
  const lines = ["round,gaussians,fitted_to_angstrom,ring,resolution_angstrom,frc"];
  for (const [i, round] of rounds.entries()) {
    for (let ring = 1; ring < round.frcByRing.length; ring++) {
      lines.push(
        [
          i + 1,
          round.gaussians,
          round.resolution.toFixed(3),
          ring,
          (boxLength / ring).toFixed(3),
          finiteText(round.frcByRing[ring]!, 6, file, `the FRC of round ${i + 1}, ring ${ring}`),
        ].join(","),
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
