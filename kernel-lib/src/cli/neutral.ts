import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import { finiteText } from "../finite";
import type { ByteSign } from "../formats/mrc";
import { readMap, writeMap } from "../maps/mapFile";
import { readMask } from "../maps/mask";
import { maskOfGaussians } from "../model/asymmetricUnit";
import { boxLengthOf, type GaussianModel } from "../model/gaussianModel";
import { growNeutralModel } from "../model/growNeutralModel";
import type { GrownModel, GrowthRound } from "../model/growth";
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
  orAuto,
  type QuietOption,
  quietOption,
  required,
  seedOption,
  symmetryOption,
} from "./options";
import type { RunCommand, Session } from "./session";

interface NeutralOptions extends QuietOption {
  map: string;
  mask?: string;
  resolution: number | "auto";
  gaussians: number | "auto";
  boxSize?: number;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  symmetry?: string;
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
        "(model_frc.csv for model.txt); with --symmetry also a mask of the asymmetric unit that e2gmm train would vary " +
        "(model_unit.mrc).",
    )
    .addOption(required(fileOption("--map <file>", "consensus map (MRC; cubic, with a bright molecule)")))
    .addOption(
      fileOption("--mask <file>", "mask with the same voxels; Gaussians stay where it is at least 0.5"),
    )
    .addOption(
      orAuto(
        lengthOption(
          "--resolution <Å>",
          "resolution that the model represents; auto: the finest to which Gaussians describe the map",
        ),
      ),
    )
    .addOption(
      orAuto(
        numberOption(
          "--gaussians <n>",
          "number of Gaussians; auto: as many as reach --target-frc, at most 3,000",
          { integer: true, least: 1 },
        ),
      ),
    );
  addBoxSize(command, "pixels", "training box (default: the smallest for the resolution)", { least: 4 });
  command
    .addOption(lengthOption("--apix <Å>", "voxel size of the map, if its header is wrong"))
    .addOption(symmetryOption("the model is exactly symmetric, and describes the symmetric part of the map"))
    .addOption(invertContrastOption("the map"))
    .addOption(bytesOption())
    .addOption(
      numberOption("--target-frc <value>", "mean FRC with the map at which automatic growth ends", {
        above: 0,
        below: 1,
        default: 0.95,
      }),
    )
    .addOption(seedOption())
    .addOption(required(fileOption("--out <file>", "output file of the model, .txt or .pdb")))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm neutral --map consensus.mrc --out model.txt",
    "e2gmm neutral --map consensus.mrc --resolution 8 --gaussians 512 --out model.txt",
  );
  command.action((options: NeutralOptions) => run(options, (session) => neutral(options, session)));
}

async function neutral(options: NeutralOptions, session: Session): Promise<void> {
  const { out, map, mask } = options;
  const format = modelFormat(out);
  const frcFile = besideName(out, "_frc.csv");
  const unitFile = besideName(out, "_unit.mrc");
  const outputs = await session.writes([out, frcFile, ...(options.symmetry ? [unitFile] : [])], [map, mask]);
  const { model, rounds, choices, warnings, unit } = await grow(options, session);
  for (const [i, round] of rounds.entries()) {
    const name = `round ${i + 1}: ${round.gaussians} Gaussians to ${round.resolution.toFixed(1)} Å`;
    session.print(`${name}, mean FRC ${round.frc.toFixed(4)}`);
  }
  for (const choice of choices) session.print(choice);
  for (const warning of warnings) session.note(warning);
  await writeModel(outputs.place(out), format, [model]);
  await writeAtomic(outputs.place(frcFile), frcTable(rounds, boxLengthOf(model), frcFile));
  if (unit) {
    const flags = Uint8Array.from({ length: model.count }, (_, i) => (i < unit.gaussians ? 1 : 0));
    await writeMap(outputs.place(unitFile), maskOfGaussians(model, flags), { signal: session.signal });
  }
  await outputs.keep(session.signal);
  if (unit) session.print(describeUnit(unit, model, unitFile));
  const pixels = `box of ${model.boxSize} pixels of ${model.apix.toFixed(3)} Å`;
  session.print(`${out}: ${model.count} Gaussians, ${pixels}, ${session.elapsed()}`);
}

function describeUnit(
  { gaussians, centre }: NonNullable<GrownModel["unit"]>,
  model: GaussianModel,
  file: string,
): string {
  const place = centre.map((c) => (c * boxLengthOf(model)).toFixed(1)).join(", ");
  return `${file}: the most compact asymmetric unit, ${gaussians} Gaussians around (${place}) Å from the centre of the box`;
}

async function grow(options: NeutralOptions, session: Session): ReturnType<typeof growNeutralModel> {
  const { resolution, gaussians, boxSize, apix, bytes, seed, targetFrc, invertContrast, symmetry } = options;
  // A mask that was made from a map has the same wrong header.
  const reading = { ...session.reading, bytes, ...(apix !== undefined && { apix }) };
  const map = await readMap(options.map, reading);
  const mask = options.mask === undefined ? undefined : await readMask(options.mask, map, reading);
  return inTermsOf(
    {
      ...{ map: options.map, mask: options.mask, boxSize: "--box-size", resolution: "--resolution" },
      symmetry: "--symmetry",
    },
    growNeutralModel(map, {
      resolution,
      gaussians,
      targetFrc,
      seed,
      invertContrast,
      symmetry,
      signal: session.signal,
      onProgress: session.onProgress,
      ...(mask && { mask }),
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
