import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import type { ByteSign } from "../formats/mrc";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import { type ParticlePoses, writePoses } from "../particles/writePoses";
import { refineConsensusPoses } from "../training/poses/consensusPoses";
import { posesIn, reportName } from "../training/poses/lineage";
import type { RefinedPoses } from "../training/poses/refinedPoses";
import type { PosePrior } from "../training/posterior/placePosterior";
import { Run, RunFolder } from "../training/runs/run";
import { type EngineOptions, engineChoice, engineOptions } from "./engineOptions";
import { inTermsOf } from "./failure";
import { besideName, readModel } from "./modelFiles";
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
} from "./options";
import type { Outputs } from "./outputs";
import { requireParticleEnding } from "./particleOutput";
import type { RunCommand, Session } from "./session";

/** Options about priors and computing, of `poses` and `rounds`. */
export interface PoseCommandOptions extends EngineOptions {
  rotationPrior?: number;
  shiftPrior?: number;
}

interface RefinePosesCommandOptions extends PoseCommandOptions, QuietOption {
  particles?: string;
  model?: string;
  resolution?: number;
  dataFolder?: string;
  apix?: number;
  invertContrast?: boolean;
  bytes?: ByteSign;
  reference?: string;
  force?: boolean;
  out: string;
}

/** Adds the command `poses`. */
export function addPoses(program: Command, run: RunCommand): void {
  const command = program
    .command("poses")
    .summary("refine the poses of particles against a model, or against the moving model of a run")
    .description(
      "Refines angles and shifts. With a run folder, place and pose of each particle are refined together against the decoder; " +
        "with --particles and --model, poses are refined against that one model. Writes the particle file again with the " +
        "new poses, everything else as it is, and beside it a report (poses_report.json for poses.star) and how far each " +
        "particle moved (poses_moves.csv). The gain is measured on Fourier samples that the poses were not inferred from: " +
        "where it is not above 0 the poses stay as they were before any refinement, unless --force is given. Without a run the gain may be a " +
        "motion that poses imitate: e2gmm rounds decides by half maps.",
    )
    .argument("[run]", "run folder of e2gmm train")
    .addOption(fileOption("--particles <file>", "STAR file of RELION, or .cs file of cryoSPARC"))
    .addOption(fileOption("--model <file>", "model that poses are refined against (.txt or .pdb)"))
    .addOption(
      lengthOption("--resolution <Å>", "finest detail to use with --model (default: all of its box)"),
    );
  for (const option of priorOptions()) command.addOption(option);
  command
    .addOption(
      fileOption(
        "--reference <file>",
        "with a run: particle file whose poses its own were refined from (default: as the reports beside its particles say)",
      ),
    )
    .addOption(new Option("--force", "write refined poses even if they are no better"))
    .addOption(dataFolderOption())
    .addOption(apixOption())
    .addOption(invertContrastOption("the images"))
    .addOption(bytesOption());
  for (const option of engineOptions("images and the wasm engine")) command.addOption(option);
  command
    .addOption(
      required(fileOption("--out <file>", "output file of the particles, in the format of the input")),
    )
    .addOption(quietOption());
  examples(
    command,
    "e2gmm poses run --out refined.star",
    "e2gmm poses --particles particles.star --model model.txt --resolution 7 --out refined.star",
  );
  command.action((folder: string | undefined, options: RefinePosesCommandOptions) =>
    run(options, (session) => refinePoses(folder, options, session)),
  );
}

/** `--rotation-prior` and `--shift-prior`. */
export function priorOptions(): Option[] {
  return [
    numberOption(
      "--rotation-prior <degrees>",
      "how far angles may be off, a standard deviation about each axis; 0: they are right (default: measured)",
      { least: 0, below: 60 },
    ),
    numberOption(
      "--shift-prior <Å>",
      "how far shifts may be off, a standard deviation along each axis; 0: they are right (default: measured)",
      { least: 0 },
    ),
  ];
}

/** The priors that were given. @throws InputError if only one was */
export function priorOf({ rotationPrior, shiftPrior }: PoseCommandOptions): { prior?: PosePrior } {
  if (rotationPrior === undefined && shiftPrior === undefined) return {};
  if (rotationPrior === undefined || shiftPrior === undefined) {
    const missing = rotationPrior === undefined ? "--rotation-prior" : "--shift-prior";
    throw new InputError(missing, "both --rotation-prior and --shift-prior, or neither", "nothing");
  }
  return { prior: { rotation: rotationPrior, shift: shiftPrior } };
}

/** Output files. */
interface PoseFiles {
  poses: string;
  report: string;
  moves: string;
}

async function refinePoses(
  folder: string | undefined,
  options: RefinePosesCommandOptions,
  session: Session,
): Promise<void> {
  const { out } = options;
  const files = { poses: out, report: reportName(out), moves: besideName(out, "_moves.csv") };
  const inputs = folder === undefined ? givenInputs(options) : await runInputs(folder, options);
  requireParticleEnding(out, inputs.particles);
  const outputs = await session.writes(Object.values(files), [
    inputs.particles,
    options.model,
    options.reference,
  ]);
  const { particles, dataFolder, apix, invertContrast, bytes } = inputs;
  const { signal } = session;
  const set = session.closing(
    await openParticles(particles, { signal, dataFolder, apix, invertContrast, bytes }),
  );
  for (const warning of set.warnings) session.note(warning);
  const task = { signal, onProgress: session.onProgress, ...priorOf(options), engine: engineChoice(options) };
  const refined = await (folder === undefined
    ? refineAgainstModel(set, options, task)
    : refineOfRun(folder, { ...task, ...(options.reference && { reference: options.reference }) }));
  await writeResult({ files, set, refined, options }, outputs, session);
}

function givenInputs({ particles, model, ...rest }: RefinePosesCommandOptions) {
  if (rest.reference !== undefined) {
    throw new InputError("--reference", "a run folder, which it belongs to", "none");
  }
  if (particles === undefined || model === undefined) {
    const found = particles === undefined ? "no --particles" : "no --model";
    throw new InputError("e2gmm poses", "a run folder, or --particles and --model", found);
  }
  const { dataFolder, apix, invertContrast, bytes } = rest;
  return { particles, dataFolder, apix, invertContrast, bytes };
}

async function runInputs(folder: string, options: RefinePosesCommandOptions) {
  const fromRun = [
    "particles",
    "model",
    "resolution",
    "dataFolder",
    "apix",
    "invertContrast",
    "bytes",
  ] as const;
  const given = fromRun.find((name) => options[name] !== undefined);
  if (given) {
    const flag = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new InputError(flag, "no such option with a run folder, which has its own", `${options[given]}`);
  }
  const { inputs } = await new RunFolder(folder).readRecord();
  const { particles, dataFolder, apix, invertContrast, bytes } = inputs;
  return { particles, dataFolder, apix, invertContrast, bytes };
}

type RefineTask = Parameters<Run["refinePoses"]>[0];

async function refineAgainstModel(
  set: ParticleSet,
  { model = "", resolution }: RefinePosesCommandOptions,
  task: RefineTask,
): Promise<RefinedPoses> {
  const own = await readModel(model);
  return inTermsOf(
    { model, resolution: "--resolution" },
    refineConsensusPoses(set, own, { ...task, ...(resolution !== undefined && { resolution }) }),
  );
}

async function refineOfRun(folder: string, task: RefineTask): Promise<RefinedPoses> {
  const run = await Run.open(folder);
  try {
    return await run.refinePoses(task);
  } finally {
    run.close();
  }
}

interface PoseResult {
  files: PoseFiles;
  set: ParticleSet;
  refined: RefinedPoses;
  options: RefinePosesCommandOptions;
}

async function writeResult(
  { files, set, refined, options }: PoseResult,
  outputs: Outputs,
  session: Session,
): Promise<void> {
  const { report } = refined;
  const own: ParticlePoses =
    report.reference === undefined
      ? { rotations: set.rotations(), shifts: set.shifts() }
      : await posesIn(report.reference, set);
  const used = report.verdict === "refine" || options.force === true;
  await writePoses(outputs.place(files.poses), set, used ? refined : own, {
    ...{ signal: session.signal, force: used },
  });
  // The report tells later refinements what the poses came from.
  const kept = { ...report, reference: report.reference ?? path.resolve(set.file) };
  await writeAtomic(outputs.place(files.report), `${JSON.stringify(kept, null, 2)}\n`);
  await writeAtomic(outputs.place(files.moves), movesTable(refined, files.moves));
  await outputs.keep(session.signal);
  const { moved, prior, shared, uncertainty } = report;
  if (report.reference !== undefined) {
    session.note(`compared with the poses in ${report.reference}, from which those of the run were refined`);
  }
  session.print(
    `expected errors of the poses in the file, measured or as given: ${prior.rotation.toFixed(2)}° and ${prior.shift.toFixed(2)} Å along each axis`,
  );
  session.print(
    `refined poses are moved by ${moved.angle.rms.toFixed(2)}° and ${moved.shift.rms.toFixed(2)} Å root mean square, uncertain by ${uncertainty.angle.toFixed(2)}° and ${uncertainty.shift.toFixed(2)} Å along each axis`,
  );
  session.print(
    `motion of all particles together, into the frame of the model: ${moved.common.angle.toFixed(2)}° and ${moved.common.shift.toFixed(2)} Å`,
  );
  if (shared.angle > 0 || shared.shift > 0) {
    session.print(
      `rigid motion of the decoder, which refined poses contain: ${shared.angle.toFixed(2)}° and ${shared.shift.toFixed(2)} Å root mean square`,
    );
  }
  session.print(report.sentence);
  session.print(
    `${files.poses}: ${set.count} particles with ${used ? "refined poses" : "the poses as they were"}, ${session.elapsed()}`,
  );
}

/** How far each particle moved. */
function movesTable({ moves }: RefinedPoses, file: string): string {
  const lines = ["index,angle_degrees,shift_angstrom,angle_deviation,shift_deviation"];
  for (let i = 0; i < moves.angle.length; i++) {
    const text = (values: Float64Array, name: string) =>
      finiteText(values[i]!, 5, file, `${name} of particle ${i}`);
    lines.push(
      [
        ...[i, text(moves.angle, "angle"), text(moves.shift, "shift")],
        ...[text(moves.angleDeviation, "angle deviation"), text(moves.shiftDeviation, "shift deviation")],
      ].join(","),
    );
  }
  return `${lines.join("\n")}\n`;
}
