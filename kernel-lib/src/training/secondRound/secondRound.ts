import { cp, mkdir } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import type { ParticleSet } from "../../particles/particleSet";
import type { TrainingOptions } from "../options";
import { minParticles } from "../preparation";
import { checkSameParticleFile, fileState } from "../runs/inputFiles";
import { fixedAxesOf, inheritedAxes, type Lineage } from "../runs/lineage";
import { Run } from "../runs/run";
import { RunFolder } from "../runs/runFolder";
import { openRunParticles } from "../runs/runParticles";
import { latentAxes } from "../runs/runRecord";
import type { CompleteSettings, StartingRun, TrainingSettings } from "../settings";
import { selectedParticles } from "./selectedParticles";
import { startingState } from "./startingState";

/** What a second round has from the run it starts from, in place of what the user of a first one gives. */
export interface SecondRound {
  settings: CompleteSettings;
  lineage: Lineage;
  /** Particles of the run, ascending, with a symmetry all their units; undefined for all. */
  selection: Int32Array | undefined;
  /** The model that changes are relative to. */
  neutral: GaussianModel;
  /** Gaussians that could change in the run; undefined if all could. */
  free: Uint8Array | undefined;
  /** Its rigid bodies, if it has any. */
  bodies: Uint8Array | undefined;
  /** Outermost ring of the run. */
  rings: number;
}

/** Settings that a second round has from its run. */
const inherited = [
  "particles",
  "model",
  "dataFolder",
  "apix",
  "invertContrast",
  "bytes",
  "symmetry",
] as const satisfies readonly (keyof TrainingSettings)[];

/** Files of the run that are needed to decode it, copied into the folder `parent` of a round that keeps its axes. */
const copied = [
  ...["record", "neutral", "neutralFrc", "free", "rigid", "history", "latents", "weights"],
  "evidence",
] as const;

/**
 * Opens the run that a second round starts from, and writes what the round needs of it into its own folder: the selected
 * particles and, unless its axes are dropped, the run itself. So the run may be moved or removed later.
 * @throws InputError for a run that is not complete; for settings that belong to the run; for a selection that does not belong to its
 *   particles; for axes that cannot go on
 */
export async function openSecondRound(
  from: StartingRun,
  settings: TrainingSettings,
  folder: RunFolder,
): Promise<SecondRound> {
  requireOwnSettings(settings);
  const { axes = "fixed" } = from;
  if (!inheritedAxes.includes(axes)) {
    throw new InputError("from.axes", "fixed, kept or drop", String(axes));
  }
  const run = await Run.open(from.run);
  try {
    requireUsable(run);
    if (axes === "kept") requireKeepable(run, settings);
    const set = await openParticlesOf(run, settings);
    try {
      const chosenRows = await selectedParticles(from.select, set);
      const units = set.symmetry?.order ?? 1;
      const selection = chosenRows && allUnitsOf(chosenRows, units);
      requireEnough(selection, units, from);
      await mkdir(folder.folder, { recursive: true });
      if (axes !== "drop") await copyRun(run.folder, folder.file("parent"));
      const chosen = selection ? set.select(selection) : set;
      const isOwn = selection !== undefined || isInside(set.file, run.folder);
      const written = isOwn ? await writeParticles(chosen.originals(), folder) : undefined;
      const { free, bodies, record } = run;
      return {
        settings: settingsOf(run, settings, written),
        lineage: await lineageOf(run, { ...from, axes }, selection),
        neutral: axes === "drop" ? await startingState(run, chosenRows) : run.neutral,
        ...{ selection, free, bodies, rings: record.rings },
      };
    } finally {
      await set.close();
    }
  } finally {
    run.close();
  }
}

/** Opens the particles of the run. @throws InputError unless they are those that it was trained on */
async function openParticlesOf({ record, folder }: Run, { signal }: TrainingSettings): Promise<ParticleSet> {
  await checkSameParticleFile(record.inputs.particles, record.inputFiles);
  const set = await openRunParticles(record.inputs, { signal });
  if (set.count === record.particles) return set;
  await set.close();
  throw new InputError(set.file, `the ${record.particles} particles of ${folder}`, String(set.count));
}

/** Whether a file is in a folder: refined poses of a run, or the selection of an earlier round. */
function isInside(file: string, folder: string): boolean {
  const inside = path.relative(path.resolve(folder), path.resolve(file));
  return !inside.startsWith("..") && !path.isAbsolute(inside);
}

/** A selected subset that was written, and the folder of its stacks, if the run does not name one. */
interface WrittenParticles {
  particles: string;
  dataFolder: string;
}

/** The settings of the round: how particles are read, and options of the run, unless they are given anew. */
function settingsOf(
  run: Run,
  given: TrainingSettings,
  written: WrittenParticles | undefined,
): CompleteSettings {
  const { inputs, outliers } = run.record;
  const { mask: _mask, rigid: _rigid, ...reading } = inputs;
  return {
    ...given,
    ...{ ...written, ...reading, ...(written && { particles: written.particles }) },
    model: path.resolve(new RunFolder(run.folder).file("neutral")),
    options: inheritedOptions(run, given.options),
    keepOutliers: given.keepOutliers ?? outliers?.kept === true,
    // Those of the run, which were checked before it.
    poses: "file",
  };
}

/** @throws InputError for a setting that the run has */
function requireOwnSettings(settings: TrainingSettings): void {
  const given = inherited.find((name) => settings[name] !== undefined && settings[name] !== false);
  if (settings.poses === "refine") {
    throw new InputError("poses", "auto or file: a second round has the poses of its run", "refine");
  }
  if (given === undefined) return;
  throw new InputError(
    given,
    "nothing: a second round has it from the run it starts from",
    String(settings[given]),
  );
}

/** @throws InputError unless a second round can start from the run */
function requireUsable({ record, folder }: Run): void {
  if (record.status === "complete") return;
  throw new InputError(
    folder,
    "a finished run",
    "one whose training is not finished (--resume continues it)",
  );
}

/** @throws InputError unless the axes of the run can go on with these settings */
function requireKeepable({ record, folder }: Run, { rigid, options }: TrainingSettings): void {
  const fixed = fixedAxesOf(record);
  if (fixed > 0) {
    const expected =
      "a run that trained all of its axes, for axes that go on (from.axes: fixed works with any run)";
    throw new InputError(folder, expected, `one with ${fixed} fixed`);
  }
  if (rigid) {
    const expected = "nothing where axes go on: the rigid bodies are those of the run";
    throw new InputError("rigid", expected, rigid.join(" "));
  }
  const { hidden } = record.options;
  if (options?.hidden && options.hidden.join() !== hidden.join()) {
    const expected = `${hidden}, the layers of the run, whose weights go on`;
    throw new InputError("options.hidden", expected, options.hidden.join());
  }
}

/** All units of the particles that have one of these rows, ascending. */
function allUnitsOf(rows: Int32Array, units: number): Int32Array {
  if (units === 1) return rows;
  const particles = [...new Set(rows.map((row) => Math.floor(row / units)))];
  return Int32Array.from(
    particles.flatMap((particle) => Array.from({ length: units }, (_, g) => units * particle + g)),
  );
}

/** @throws InputError for too few particles */
function requireEnough(selection: Int32Array | undefined, units: number, { select }: StartingRun): void {
  if (!selection || selection.length >= minParticles * units) return;
  const where = typeof select === "string" ? select : "from.select";
  const found = String(selection.length / units);
  throw new InputError(where, `at least ${minParticles} particles to train on`, found);
}

/** Copies the files that decoding needs, also those of the run that this one started from. */
async function copyRun(run: string, to: string): Promise<void> {
  const [source, target] = [new RunFolder(run), new RunFolder(to)];
  await mkdir(to, { recursive: true });
  for (const name of [...copied, "selection", "parent"] as const) {
    await cp(source.file(name), target.file(name), { recursive: true }).catch((error) => {
      // Some are not in every run.
      if (error.code !== "ENOENT") throw error;
    });
  }
}

/** Writes selected particles, in the format of their file. @returns where they are, and the folder of their stacks */
async function writeParticles(chosen: ParticleSet, folder: RunFolder): Promise<WrittenParticles> {
  const names = { ".star": "particles", ".cs": "particlesCs", ".lst": "particlesLst" } as const;
  const file = path.resolve(folder.file(names[chosen.metadata.extension]));
  await chosen.writeStar(file);
  // Names of stacks are relative to a folder that was found from the place of the original file.
  const { stack } = chosen.image(0);
  const found = path.resolve(await chosen.findStack(stack));
  const ending = path.sep + path.normalize(stack).replace(/:mrcs?$/, "");
  const dataFolder = found.endsWith(ending) ? found.slice(0, -ending.length) : path.dirname(chosen.file);
  return { particles: chosen.openedAs(file), dataFolder: path.resolve(dataFolder || path.sep) };
}

/** The options of the run but for its axes, with those that are given anew. */
function inheritedOptions({ record }: Run, given: Partial<TrainingOptions> = {}): Partial<TrainingOptions> {
  const { latent: _latent, form: _form, roles: _roles, ...options } = record.options;
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...options, ...Object.fromEntries(stated) };
}

async function lineageOf(
  { record, folder }: Run,
  { axes, select }: StartingRun & { axes: Lineage["axes"] },
  selection: Int32Array | undefined,
): Promise<Lineage> {
  const { started, checksum, particles } = record;
  const list = typeof select === "string" ? path.resolve(select) : undefined;
  return {
    run: path.resolve(folder),
    started,
    ...(checksum !== undefined && { checksum }),
    axes,
    inherited: axes === "drop" ? 0 : latentAxes(record),
    ...(selection && {
      selection: {
        ...{ count: selection.length, of: particles },
        ...(list !== undefined && { file: list, sha256: (await fileState(list)).sha256 }),
      },
    }),
  };
}
