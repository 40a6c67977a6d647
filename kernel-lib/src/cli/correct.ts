import { existsSync } from "node:fs";
import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { type CorrectedReconstruction, correctRun } from "../correction";
import { InputError } from "../errors";
import { finiteText } from "../finite";
import { writeMap } from "../maps/mapFile";
import { describeLeftOut } from "../particles/images/imageOutliers";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import { formatFsc } from "../reconstruction/fsc";
import { correctHalves } from "../study/correctHalves";
import { studyFiles } from "../study/studyFolder";
import { Run, runFiles } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import { inTermsOf } from "./failure";
import { requireNearPoints } from "./farPoints";
import { fscThresholds, resolutionText } from "./fsc";
import { checkPoint, givenPoints, pointOption } from "./latentPoints";
import { besideName, numberedNames } from "./modelFiles";
import {
  addBoxSize,
  examples,
  fileOption,
  lengthOption,
  mapOutOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
} from "./options";
import type { Outputs } from "./outputs";
import type { RunCommand, Session } from "./session";

interface CorrectCommandOptions extends QuietOption {
  z?: string[];
  path?: string;
  particles?: string;
  dataFolder?: string;
  boxSize?: number;
  maskDiameter?: number;
  cells?: number;
  keepOutliers?: boolean;
  out: string;
}

/** Adds the command `correct`. */
export function addCorrect(program: Command, run: RunCommand): void {
  const command = program
    .command("correct")
    .summary("reconstruct a state from all particles, their motion undone")
    .description(
      "Reconstructs one or more states of a run from all particles: each is back-projected into the frame of the state, its " +
        "displacement from it undone as the decoder tells. In each shell as many particles are used, the nearest first, as make the best " +
        "map by cross-validation between halves. For map.mrc writes map_half1.mrc, map_half2.mrc and map_fsc.txt, the same " +
        "without correction (map_plain.mrc, …), and map_shells.csv with both FSC curves, the agreement with the particles nearest to the " +
        "state, and the fractions of particles. Several states are numbered (map_1.mrc, map_2.mrc, …).",
    )
    .argument(
      "<run>",
      "run folder of e2gmm train, or folder of e2gmm study halves: then each half is corrected by its own training",
    )
    .addOption(
      pointOption(
        "a state, one number per dimension; may be repeated (default: 0, the centre of the particles)",
      ),
    )
    .addOption(fileOption("--path <file>", "text file with one state per line"))
    .addOption(
      fileOption(
        "--particles <file>",
        "the same particles in the same order with other images, such as in full size; poses are those of the run (default: those of the run)",
      ),
    )
    .addOption(fileOption("--data-folder <folder>", "folder of the image stacks of --particles"));
  addBoxSize(command, "voxels", "box size of the map; smaller is coarser (default: that of the images)", {
    least: 4,
  });
  command
    .addOption(
      lengthOption("--mask-diameter <Å>", "sphere outside which the map is flat (default: the box length)"),
    )
    .addOption(
      numberOption(
        "--cells <n>",
        "cells of the latent space for each half (default: one per 15 of its particles, at most 32 or 96)",
        {
          integer: true,
          least: 1,
        },
      ),
    )
    .addOption(new Option("--keep-outliers", "also use images that are unlike the others"))
    .addOption(required(mapOutOption("--out <file>", "output file of the map (MRC)")))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm correct run --z=-1.5 --out closed.mrc",
    "e2gmm correct run --path motions/pc1.txt --particles full_size.star --out pc1.mrc",
  );
  command.action((folder: string, options: CorrectCommandOptions) =>
    run(options, (session) => correct(folder, options, session)),
  );
}

/** Output files of a state. */
interface StateFiles {
  map: string;
  half1: string;
  half2: string;
  fsc: string;
  plain: string;
  plainHalf1: string;
  plainHalf2: string;
  plainFsc: string;
  shells: string;
}

function filesOf(map: string): StateFiles {
  return {
    map,
    half1: besideName(map, "_half1.mrc"),
    half2: besideName(map, "_half2.mrc"),
    fsc: besideName(map, "_fsc.txt"),
    plain: besideName(map, "_plain.mrc"),
    plainHalf1: besideName(map, "_plain_half1.mrc"),
    plainHalf2: besideName(map, "_plain_half2.mrc"),
    plainFsc: besideName(map, "_plain_fsc.txt"),
    shells: besideName(map, "_shells.csv"),
  };
}

async function correct(folder: string, options: CorrectCommandOptions, session: Session): Promise<void> {
  const { particles, path: file, out, dataFolder } = options;
  if (particles === undefined && dataFolder !== undefined)
    throw new InputError("--data-folder", "--particles, which it applies to", "none");
  const isStudy = existsSync(path.join(folder, studyFiles.settings));
  if (isStudy && particles !== undefined)
    throw new InputError("--particles", "none for a study, whose halves have images of their own", particles);
  const points = await givenPoints(options);
  if (file !== undefined && points.length === 0)
    throw new InputError(file, "at least one point of the latent space", "none");
  const states = (points.length === 0 ? [out] : numberedNames(out, points.length)).map(filesOf);
  const runPaths = Object.values(runFiles).map((name) => path.join(folder, name));
  const outputs = await session.writes(
    states.flatMap((files) => Object.values(files)),
    [particles, file, ...runPaths],
  );
  const runs = isStudy ? await openHalves(folder, session) : [await openedRun(folder, session)];
  for (const { record } of runs) await spareInputs(record.inputs, outputs, session);
  const run = runs[0]!;
  for (const point of points) checkPoint(point, run.latent, folder);
  // What is undone there is invented, alike in both halves: their FSC would be that of the invention.
  await requireNearPoints(run.folder, points);
  const images = particles === undefined ? undefined : await openImages(particles, options, session);
  if (images) await outputs.spare(await images.stackFiles());
  const lines: string[] = [];
  for (const [s, files] of states.entries()) {
    const z = points[s]?.z ?? new Array<number>(run.latent).fill(0);
    const own = libraryOptions(options, session);
    const found = await inTermsOf(
      { boxSize: "--box-size", cells: "--cells" },
      isStudy ? correctHalves(folder, z, own) : correctRun(run, z, { ...own, ...(images && { images }) }),
    );
    if (s === 0 && found.leftOut.length > 0) {
      session.note(
        `${describeLeftOut(found.leftOut, found.particles, (index) => index)}; --keep-outliers uses them`,
      );
    }
    await writeState(files, found, outputs, session);
    lines.push(...reportOf(files.map, z, found, session));
  }
  await outputs.keep(session.signal);
  // Not before: a stop keeps none of the files.
  for (const line of lines) session.print(line);
  session.print(
    isStudy
      ? "each half is corrected by a training of its own"
      : "both halves are corrected by the one training of the run; where the agreement with the nearest particles (fsc_with_nearest) is well below the square root of the FSC of the halves, the correction errs alike in both",
  );
}

async function openedRun(folder: string, session: Session): Promise<Run> {
  const run = await Run.open(folder);
  session.closing({ close: async () => run.close() });
  return run;
}

/** @throws InputError unless both halves of a study are trained */
async function openHalves(folder: string, session: Session): Promise<Run[]> {
  const runs: Run[] = [];
  for (const name of ["half1", "half2"]) {
    if (!existsSync(path.join(folder, name, "run", runFiles.record)))
      throw new InputError(folder, "a study of halves, both trained", `no ${name}`);
    runs.push(await openedRun(path.join(folder, name, "run"), session));
  }
  return runs;
}

/** Particle files, models and stacks of a run are never written. @throws InputError if an output is one of them */
async function spareInputs(
  inputs: Run["record"]["inputs"],
  outputs: Outputs,
  session: Session,
): Promise<void> {
  const set = session.closing(await openRunParticles(inputs, { signal: session.signal }));
  await outputs.spare([inputs.particles, inputs.model, ...(await set.stackFiles())]);
}

async function openImages(
  file: string,
  { dataFolder }: CorrectCommandOptions,
  session: Session,
): Promise<ParticleSet> {
  const set = session.closing(await openParticles(file, { signal: session.signal, dataFolder }));
  for (const warning of set.warnings) session.note(warning);
  return set;
}

function libraryOptions(
  { boxSize, maskDiameter, cells, keepOutliers }: CorrectCommandOptions,
  { signal, onProgress }: Session,
) {
  return {
    signal,
    onProgress,
    ...(boxSize !== undefined && { boxSize }),
    ...(maskDiameter !== undefined && { maskDiameter }),
    ...(cells !== undefined && { cells }),
    ...(keepOutliers && { keepOutliers: true }),
  };
}

async function writeState(
  files: StateFiles,
  found: CorrectedReconstruction,
  outputs: Outputs,
  { signal }: Session,
): Promise<void> {
  const { corrected, plain } = found;
  for (const [file, map] of [
    [files.map, corrected.map],
    [files.half1, corrected.half1],
    [files.half2, corrected.half2],
    [files.plain, plain.map],
    [files.plainHalf1, plain.half1],
    [files.plainHalf2, plain.half2],
  ] as const)
    await writeMap(outputs.place(file), map, { signal });
  await writeAtomic(outputs.place(files.fsc), formatFsc(corrected.fsc, files.fsc));
  await writeAtomic(outputs.place(files.plainFsc), formatFsc(plain.fsc, files.plainFsc));
  await writeAtomic(outputs.place(files.shells), shellTable(found, files.shells));
}

function shellTable(
  { corrected, plain, stateFsc, fractions }: CorrectedReconstruction,
  file: string,
): string {
  const parts = fractions.map((_, p) => `fraction_part_${p + 1}`);
  const header = ["shell", "resolution_angstrom", "fsc", "fsc_plain", "fsc_with_nearest", ...parts].join(",");
  const rows = Array.from(corrected.fsc.shell, (shell, i) => {
    const text = (x: number) => (Number.isNaN(x) ? "" : finiteText(x, 4, file, `shell ${shell}`));
    const resolution = corrected.fsc.resolution[i]!;
    return [
      shell,
      Number.isFinite(resolution) ? text(resolution) : "",
      ...[corrected.fsc.fsc[i]!, plain.fsc.fsc[i]!, stateFsc[i]!].map(text),
      ...fractions.map((part) => text(part[i]!)),
    ].join(",");
  });
  return `${header}\n${rows.join("\n")}\n`;
}

function reportOf(
  file: string,
  z: readonly number[],
  found: CorrectedReconstruction,
  session: Session,
): string[] {
  const { corrected, plain, motion, cells, particles, leftOut } = found;
  return [
    `${file}: state ${z.join(",")} from ${particles - leftOut.length} particles in ${cells} cells of each half, ` +
      `${motion.toFixed(1)} Å RMS of motion undone, ${session.elapsed()}`,
    ...fscThresholds.map(
      (threshold) =>
        `FSC of the half maps ${threshold} ${resolutionText(corrected.fsc, threshold)}, without correction ${resolutionText(plain.fsc, threshold)}`,
    ),
  ];
}
