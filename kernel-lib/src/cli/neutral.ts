import path from "node:path";
import type { Command } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { ringsOfBox } from "../fourier/trainingBox";
import { readMap, writeMap } from "../maps/mapFile";
import { readMask } from "../maps/mask";
import { maskOfGaussians } from "../model/asymmetricUnit";
import { boxLengthOf, type GaussianModel } from "../model/gaussianModel";
import { growNeutralModel } from "../model/growNeutralModel";
import type { GrownModel, GrowthRound } from "../model/growth";
import type { ParticleSet } from "../particles/particleSet";
import { inTermsOf } from "./failure";
import { besideName, modelFormat, writeModel } from "./modelFiles";
import {
  type BuiltModel,
  fromParticles,
  openSet,
  type ParticleOptions,
  particleOptions,
  partsOf,
  polishGrown,
  reportLines,
} from "./neutralParticles";
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
import type { Outputs } from "./outputs";
import type { RunCommand, Session } from "./session";

interface NeutralOptions extends QuietOption, ParticleOptions {
  map?: string;
  gaussians: number | "auto";
  boxSize?: number;
  targetFrc: number;
  out: string;
}

/** Adds the command `neutral`. */
export function addNeutral(program: Command, run: RunCommand): void {
  const command = program
    .command("neutral")
    .summary("build the Gaussian model of a map, of particles, or of both")
    .description(
      "Builds the neutral model: Gaussians that represent a consensus map up to a resolution. Starts with few Gaussians at " +
        "low resolution and adds more round by round. Writes the model, and beside it the FRC of every round by ring " +
        "(model_frc.csv for model.txt); with --symmetry also a mask of the asymmetric unit that e2gmm train would vary " +
        "(model_unit.mrc). With --particles as well, the model is polished against the particles, and random Gaussians are " +
        "added where particles have density that the map does not show; particles that were left out decide whether that " +
        "helps, else the model stays as it was (model_report.json). With --particles alone, the map is a back-projection of them.",
    )
    .addOption(fileOption("--map <file>", "consensus map (MRC; cubic, with a bright molecule)"));
  for (const option of particleOptions()) command.addOption(option);
  command
    .addOption(
      fileOption(
        "--mask <file>",
        "mask with the same voxels as the map; Gaussians stay where it is at least 0.5",
      ),
    )
    .addOption(
      orAuto(
        lengthOption(
          "--resolution <Å>",
          "resolution that the model represents; auto: the finest to which the map has signal and Gaussians describe it (with --map)",
        ),
      ),
    )
    .addOption(
      orAuto(
        numberOption(
          "--gaussians <n>",
          "number of Gaussians, before polishing; auto: as many as reach --target-frc, at most 3,000",
          { integer: true, least: 1 },
        ),
      ),
    );
  addBoxSize(command, "pixels", "training box (default: the smallest for the resolution)", { least: 4 });
  command
    .addOption(
      lengthOption("--apix <Å>", "voxel size of the map, without a map pixel size of the images, if wrong"),
    )
    .addOption(symmetryOption("the model is exactly symmetric, and describes the symmetric part of the map"))
    .addOption(invertContrastOption("the map, without a map the images"))
    .addOption(bytesOption())
    .addOption(
      numberOption(
        "--target-frc <value>",
        "mean FRC with the map at which automatic growth ends, relative to the FRC that its noise allows",
        {
          above: 0,
          below: 1,
          default: 0.95,
        },
      ),
    )
    .addOption(seedOption())
    .addOption(required(fileOption("--out <file>", "output file of the model, .txt or .pdb")))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm neutral --map consensus.mrc --out model.txt",
    "e2gmm neutral --map consensus.mrc --resolution 8 --gaussians 512 --out model.txt",
    "e2gmm neutral --map consensus.mrc --particles particles.star --resolution 8 --out model.txt",
    "e2gmm neutral --particles particles.star --halves --resolution 8 --gaussians 256 --out model.txt",
  );
  command.action((options: NeutralOptions) => run(options, (session) => neutral(options, session)));
}

/** Output files of one model. */
interface ModelFiles {
  model: string;
  frc: string;
  unit: string | undefined;
  report: string | undefined;
}

async function neutral(options: NeutralOptions, session: Session): Promise<void> {
  const { out, map, mask, particles } = options;
  const parts = partsOf(options);
  modelFormat(out);
  const files = parts.map((half) =>
    filesOf(options.halves ? besideName(out, `_half${half}${path.extname(out)}`) : out, options),
  );
  const targets = files.flatMap((of) => Object.values(of)).filter((file) => file !== undefined);
  const outputs = await session.writes(targets, [map, mask, particles]);
  const set = particles === undefined ? undefined : await openSet(options, outputs, session);
  for (const [i, half] of parts.entries()) {
    const built = await build({ ...options, set, half }, session);
    await writeBuilt(files[i]!, built, outputs, session);
  }
  await outputs.keep(session.signal);
}

function filesOf(model: string, { symmetry, particles }: NeutralOptions): ModelFiles {
  return {
    model,
    frc: besideName(model, "_frc.csv"),
    unit: symmetry ? besideName(model, "_unit.mrc") : undefined,
    report: particles === undefined ? undefined : besideName(model, "_report.json"),
  };
}

async function writeBuilt(
  files: ModelFiles,
  { model, rounds, choices = [], warnings, unit, report }: BuiltModel,
  outputs: Outputs,
  session: Session,
): Promise<void> {
  for (const [i, round] of rounds.entries()) {
    const name = `round ${i + 1}: ${round.gaussians} Gaussians to ${round.resolution.toFixed(1)} Å`;
    session.step(`${name}, mean FRC ${round.frc.toFixed(4)}`);
  }
  for (const choice of choices) session.print(choice);
  for (const warning of warnings) session.note(warning);
  await writeModel(outputs.place(files.model), modelFormat(files.model), [model]);
  await writeAtomic(outputs.place(files.frc), frcTable(rounds, boxLengthOf(model), files.frc));
  if (report && files.report) {
    await writeAtomic(outputs.place(files.report), `${JSON.stringify(report, null, 2)}\n`);
    for (const line of reportLines(report)) session.print(line);
  }
  if (unit && files.unit) {
    const flags = Uint8Array.from({ length: model.count }, (_, i) => (i < unit.gaussians ? 1 : 0));
    await writeMap(outputs.place(files.unit), maskOfGaussians(model, flags), { signal: session.signal });
    session.print(describeUnit(unit, model, files.unit));
  }
  const pixels = `box of ${model.boxSize} pixels of ${model.apix.toFixed(3)} Å`;
  // The box is the next size with a fast transform, so that it holds somewhat more than was asked for.
  const holds = `which holds detail to ${(boxLengthOf(model) / ringsOfBox(model.boxSize)).toFixed(1)} Å`;
  session.print(`${files.model}: ${model.count} Gaussians, ${pixels}, ${holds}, ${session.elapsed()}`);
}

function describeUnit(
  { gaussians, centre }: NonNullable<GrownModel["unit"]>,
  model: GaussianModel,
  file: string,
): string {
  const place = centre.map((c) => (c * boxLengthOf(model)).toFixed(1)).join(", ");
  return `${file}: the most compact asymmetric unit, ${gaussians} Gaussians around (${place}) Å from the centre of the box`;
}

interface BuildOptions extends Omit<NeutralOptions, "half"> {
  set: ParticleSet | undefined;
  half: 1 | 2 | undefined;
}

/** The model of a map, of particles, or of a map polished against particles. */
function build(options: BuildOptions, session: Session): Promise<BuiltModel> {
  const { map, mask, set } = options;
  const names = { map, mask, boxSize: "--box-size", resolution: "--resolution", symmetry: "--symmetry" };
  const built =
    map === undefined ? fromSet({ ...options, set: set! }, session) : fromMap(map, options, session);
  return inTermsOf(names, built);
}

/** @throws InputError without a resolution: only a map shows how fine Gaussians can describe it */
async function fromSet(options: BuildOptions & { set: ParticleSet }, session: Session): Promise<BuiltModel> {
  const { resolution, gaussians, ...rest } = options;
  if (resolution === "auto") {
    throw new InputError("--resolution", "a resolution in Å, which without --map is not chosen", "none");
  }
  return fromParticles({ ...rest, resolution, ...(gaussians !== "auto" && { gaussians }) }, session);
}

async function fromMap(file: string, options: BuildOptions, session: Session): Promise<BuiltModel> {
  const { set, apix, bytes } = options;
  // A mask that was made from a map has the same wrong header.
  const reading = { ...session.reading, bytes, ...(apix !== undefined && { apix }) };
  const map = await readMap(file, reading);
  const mask = options.mask === undefined ? undefined : await readMask(options.mask, map, reading);
  const { resolution, gaussians, boxSize, seed, targetFrc, invertContrast, symmetry } = options;
  const grown = await growNeutralModel(map, {
    ...{ resolution, gaussians, targetFrc, seed, invertContrast, symmetry },
    ...{ signal: session.signal, onProgress: session.onProgress },
    ...(mask && { mask }),
    ...(boxSize !== undefined && { boxSize }),
  });
  return set ? polishGrown(grown, { ...options, set, map, mask }, session) : grown;
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
