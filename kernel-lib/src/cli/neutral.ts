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
  bytesOption,
  examples,
  fileOption,
  invertContrastOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
  seedOption,
} from "./options";
import type { RunCommand } from "./session";

interface NeutralOptions extends QuietOption {
  map: string;
  mask?: string;
  resolution: number;
  gaussians?: number;
  box?: number;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  targetFrc: number;
  seed: number;
  out: string;
}

export function addNeutral(program: Command, run: RunCommand): void {
  const command = program
    .command("neutral")
    .summary("build the Gaussian model of a map")
    .description(
      "Builds the neutral model: Gaussians that describe a consensus map down to a resolution, few at low resolution " +
        "first, then more beside them. Writes the model, and beside it the FRC of every round by ring " +
        "(model_frc.csv for model.txt).",
    )
    .addOption(required(fileOption("--map <file>", "consensus map (MRC, cubic, molecule bright)")))
    .addOption(fileOption("--mask <file>", "map of the same voxels; Gaussians stay where it is at least 0.5"))
    .addOption(
      required(
        numberOption("--resolution <Å>", "detail that the model is to describe", {
          expected: "a length in Å",
          above: 0,
        }),
      ),
    )
    .addOption(
      numberOption(
        "--gaussians <n>",
        "number of Gaussians (default: doubled from 256 until the FRC is there)",
        {
          integer: true,
          least: 1,
        },
      ),
    )
    .addOption(
      numberOption("--box <pixels>", "training box (default: the smallest that holds the resolution)", {
        integer: true,
        least: 4,
      }),
    )
    .addOption(
      numberOption("--apix <Å>", "voxel size of the map, where its header is wrong", {
        expected: "a length in Å",
        above: 0,
      }),
    )
    .addOption(invertContrastOption("the map"))
    .addOption(bytesOption())
    .addOption(
      numberOption("--target-frc <value>", "mean FRC at which growth ends when --gaussians is not given", {
        above: 0,
        below: 1,
        default: 0.95,
      }),
    )
    .addOption(seedOption())
    .addOption(required(fileOption("--out <file>", "the model, a .txt or .pdb file")))
    .addOption(quietOption());
  examples(command, "e2gmm neutral --map consensus.mrc --resolution 8 --out model.txt");
  command.action((options: NeutralOptions) =>
    run(options, async (session) => {
      const { map: mapFile, mask: maskFile, resolution, gaussians, box, seed, targetFrc } = options;
      modelFormat(options.out);
      const frcFile = besideName(options.out, "_frc.csv");
      const outputs = await session.writes([options.out, frcFile], [mapFile, maskFile]);
      // A mask made from a map has what is wrong in the map's header.
      const { bytes } = options;
      const reading = {
        ...session.reading,
        bytes,
        ...(options.apix !== undefined && { apix: options.apix }),
      };
      const map = await readMap(mapFile, reading);
      const mask = maskFile === undefined ? undefined : await readMask(maskFile, map, reading);
      const { signal, onProgress } = session;
      const { model, rounds, warnings } = await inTermsOf(
        { map: mapFile, mask: maskFile, boxSize: "--box", resolution: "--resolution" },
        growNeutralModel(map, {
          resolution,
          targetFrc,
          seed,
          signal,
          onProgress,
          invertContrast: options.invertContrast,
          ...(mask && { mask }),
          ...(gaussians !== undefined && { gaussians }),
          ...(box !== undefined && { boxSize: box }),
        }),
      );
      for (const [i, round] of rounds.entries()) {
        const name = `round ${i + 1}: ${round.gaussians} Gaussians to ${round.resolution.toFixed(1)} Å`;
        session.print(`${name}, mean FRC ${round.frc.toFixed(4)}`);
      }
      for (const warning of warnings) session.print(`note: ${warning}`);
      await writeModel(outputs.place(options.out), modelFormat(options.out), [model]);
      await writeAtomic(outputs.place(frcFile), frcTable(rounds, boxLengthOf(model), frcFile));
      await outputs.keep(signal);
      const pixels = `box of ${model.boxSize} pixels of ${model.apix.toFixed(3)} Å`;
      session.print(`${options.out}: ${model.count} Gaussians, ${pixels}, ${session.elapsed()}`);
    }),
  );
}

/** One line for each ring of each round. */
function frcTable(rounds: readonly GrowthRound[], edge: number, file: string): string {
  const lines = ["round,gaussians,fitted_to_angstrom,ring,resolution_angstrom,frc"];
  for (const [i, round] of rounds.entries()) {
    for (let ring = 1; ring < round.frcByRing.length; ring++) {
      lines.push(
        [
          i + 1,
          round.gaussians,
          round.resolution.toFixed(3),
          ring,
          (edge / ring).toFixed(3),
          finiteText(round.frcByRing[ring]!, 6, file, `the FRC of round ${i + 1}, ring ${ring}`),
        ].join(","),
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
