import { existsSync } from "node:fs";
import path from "node:path";
import { type Command, Option } from "commander";
import { writeAtomic } from "../atomicWrite";
import { prepareRunCorrection } from "../correction";
import type { PartStep } from "../correction/cellShares";
import { InputError, StoppedError } from "../errors";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import type { Part } from "../reconstruction/keptSums";
import { mapSeries } from "../reconstruction/mapSeries";
import { prepareHalvesCorrection } from "../study/correctHalves";
import { studyFiles } from "../study/studyFolder";
import { Run, runFiles } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import { filesOf, namesOf, reportOf, writeState } from "./correctedState";
import { inTermsOf } from "./failure";
import { requireNearPoints } from "./farPoints";
import { FinishedStates } from "./finishedStates";
import { checkPoint, givenPoints, pointOption } from "./latentPoints";
import { leftOutNotes } from "./leftOutNotes";
import { taskOf } from "./localMaps";
import { besideName, numberedNames } from "./modelFiles";
import {
  addBoxSize,
  examples,
  fileOption,
  lengthOption,
  mapOutOption,
  numberOption,
  partOption,
  type QuietOption,
  quietOption,
  required,
  threadsOption,
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
  allAxes?: boolean;
  local?: boolean;
  keepCells?: boolean;
  threads?: number;
  part?: Part;
  step?: PartStep;
  out: string;
}

/** Adds the command `correct`. */
export function addCorrect(program: Command, run: RunCommand): void {
  const command = program
    .command("correct")
    .summary("reconstruct a state from all particles, their motion undone")
    .description(
      "Reconstructs one or more states of a run from all particles: each is back-projected into the frame of the state, its " +
        "displacement from it undone as the decoder tells. In each shell particles count the more the nearer they are, by " +
        "cross-validation between halves. For map.mrc writes map_half1.mrc, map_half2.mrc and map_fsc.txt, the same " +
        "without correction (map_plain.mrc, …), and map_shells.csv with both FSC curves, the agreement with the particles nearest to the " +
        "state, and the fractions of particles. Several states are numbered (map_1.mrc, map_2.mrc, …), and map_series.cxc shows them as a movie in ChimeraX. The images are read twice, for any number of states; what is " +
        "made of them is kept in map_cells until all states are finished, so that a stopped command goes on when it is given again.",
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
    .addOption(
      new Option(
        "--all-axes",
        "also undo motion along axes that the evidence of the run does not call real, which would blur the map",
      ),
    )
    .addOption(
      new Option(
        "--local",
        "also write the local resolution in Å of the corrected and of the plain half maps (map_local_resolution.mrc, " +
          "map_plain_local_resolution.mrc), and the corrected map filtered to it (map_local_filtered.mrc)",
      ),
    )
    .addOption(
      new Option(
        "--keep-cells",
        "keep the maps of the cells (map_cells), with which further states need no images",
      ),
    )
    .addOption(threadsOption("the back-projection; maps do not depend on it"))
    .addOption(
      partOption(
        "sums of its images, and once all parts have those, its cells; both are kept in map_cells, and the command without --part does what is missing and makes the maps",
      ),
    )
    .addOption(
      new Option(
        "--step <step>",
        "with --part only its sums, or only its cells, which need the sums of all parts (default: its sums, and its cells if all sums are there)",
      ).choices(["sums", "cells"]),
    )
    .addOption(required(mapOutOption("--out <file>", "output file of the map (MRC)")))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm correct run --z=-1.5 --out closed.mrc",
    "e2gmm correct run --path motions/pc1.txt --particles full_size.star --out pc1.mrc",
  );
  command.action((folder: string, options: CorrectCommandOptions) =>
    run(options, async (session) => {
      try {
        await correct(folder, options, session);
      } catch (error) {
        const cells = besideName(options.out, "_cells");
        if (!(error instanceof StoppedError) || !existsSync(cells)) throw error;
        throw new StoppedError(
          `stopped; what is finished is kept, and the same command goes on (from ${cells})`,
        );
      }
    }),
  );
}

async function correct(folder: string, options: CorrectCommandOptions, session: Session): Promise<void> {
  const { particles, path: file, out, dataFolder } = options;
  if (particles === undefined && dataFolder !== undefined)
    throw new InputError("--data-folder", "--particles, which it applies to", "none");
  const isStudy = existsSync(path.join(folder, studyFiles.settings));
  if (isStudy && particles !== undefined)
    throw new InputError("--particles", "none for a study, whose halves have images of their own", particles);
  if (options.step && !options.part) throw new InputError("--step", "--part, whose step it is", "none");
  const points = await givenPoints(options);
  if (file !== undefined && points.length === 0)
    throw new InputError(file, "at least one point of the latent space", "none");
  const names = points.length === 0 ? [out] : numberedNames(out, points.length);
  const states = names.map((name) => filesOf(name, options));
  const runPaths = Object.values(runFiles).map((name) => path.join(folder, name));
  const series = points.length > 1 ? besideName(out, "_series.cxc") : undefined;
  const written = [...states.flatMap(namesOf), ...(series ? [series] : [])];
  const outputs = await session.writes(written, [particles, file, ...runPaths]);
  const runs = isStudy ? await openHalves(folder, session) : [await openedRun(folder, session)];
  const sets: ParticleSet[] = [];
  for (const { record } of runs) sets.push(await spareInputs(record.inputs, outputs, session));
  const run = runs[0]!;
  for (const point of points) checkPoint(point, run.latent, folder);
  // What is undone there is invented, alike in both halves: their FSC would be that of the invention.
  await requireNearPoints(run.folder, points);
  if (!options.allAxes) for (const one of runs) await noteAxes(one, session);
  const images = particles === undefined ? undefined : await openImages(particles, options, session);
  if (images) await outputs.spare(await images.stackFiles());
  const cellsFolder = besideName(out, "_cells");
  const own = { ...libraryOptions(options, session), folder: cellsFolder };
  const cells = session.closing(
    await inTermsOf(
      { boxSize: "--box-size", cells: "--cells" },
      isStudy
        ? prepareHalvesCorrection(folder, own)
        : prepareRunCorrection(run, { ...own, ...(images && { images }) }),
    ),
  );
  if (options.part) {
    session.print(partSentence(cellsFolder, options, cells.missing));
    return;
  }
  const finished = new FinishedStates(cellsFolder);
  for (const [s, files] of states.entries()) {
    const z = points[s]?.z ?? new Array<number>(run.latent).fill(0);
    const made = { key: cells.stateKey(z), z, local: options.local };
    if (await finished.has(files, made)) {
      session.print(`${files.map}: state ${z.join(",")} was finished before`);
      continue;
    }
    const found = await cells.state(z, taskOf(session));
    const local = await writeState(files, found, outputs, session);
    const lines = [...reportOf(files.map, z, found, session), ...local];
    await outputs.keep(session.signal);
    await finished.add(files, made);
    if (s === 0) for (const note of leftOutNotes(found.leftOut, images ? [images] : sets)) session.note(note);
    for (const line of lines) session.print(line);
  }
  if (series) {
    await writeAtomic(outputs.place(series), mapSeries(states.map(({ map }) => path.basename(map))));
    await outputs.keep(session.signal);
    session.print(`${series}: the states as a movie in ChimeraX`);
  }
  if (options.keepCells)
    session.print(`${cellsFolder}: maps of the cells, for other states of the same particles`);
  else await cells.remove();
  session.print(
    isStudy
      ? "each half is corrected by a training of its own"
      : "both halves are corrected by the one training of the run; where the square of the agreement with the nearest particles (fsc_with_nearest) is below the FSC of the halves (fsc_in_mask), the correction errs alike in both",
  );
}

/** What a part of a correction has done, and what comes next. */
function partSentence(
  folder: string,
  { part, step }: Pick<CorrectCommandOptions, "part" | "step">,
  missing: PartStep | undefined,
): string {
  const { number, of } = part!;
  const own = `${folder}: part ${number} of ${of}`;
  if (step === "sums" && missing !== undefined)
    return `${own}: its sums; with those of all parts, --step cells makes its cells`;
  if (missing === "sums") return `${own}: its sums; its cells need those of the other parts: give it again`;
  const next = "the command without --part makes the maps";
  return missing
    ? `${own}: its cells; others are missing: ${next} and what is missing`
    : `${own}: all cells are there; ${next}`;
}

/** Says which axes are not followed. */
async function noteAxes(run: Run, session: Session): Promise<void> {
  const axes = (await run.axes()).filter(({ real }) => real === false);
  if (axes.length === 0) return;
  const named = axes.map(({ label }) => label).join(", ");
  session.note(
    `${run.folder}: the evidence does not call real: ${named}; motion along it is not undone (--all-axes: undo it, too)`,
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
): Promise<ParticleSet> {
  const set = session.closing(await openRunParticles(inputs, { signal: session.signal }));
  await outputs.spare([inputs.particles, inputs.model, ...(await set.stackFiles())]);
  return set;
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
  { boxSize, maskDiameter, cells, keepOutliers, allAxes, threads, part, step }: CorrectCommandOptions,
  session: Session,
) {
  return {
    ...taskOf(session),
    ...(boxSize !== undefined && { boxSize }),
    ...(maskDiameter !== undefined && { maskDiameter }),
    ...(cells !== undefined && { cells }),
    ...(keepOutliers && { keepOutliers: true }),
    ...(allAxes && { allAxes: true }),
    threads,
    part,
    step,
  };
}
