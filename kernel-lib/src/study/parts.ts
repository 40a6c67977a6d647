import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { partialName } from "../atomicWrite";
import { InputError } from "../errors";
import { readMap, writeMap } from "../maps/mapFile";
import { readMask } from "../maps/mask";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { inParallel } from "../parallel";
import { randomHalves } from "../particles/halves";
import { particleExtension } from "../particles/particleExtension";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import { setOfSelection } from "../particles/tilts/optimisationSet";
import type { Progress, TaskOptions } from "../progress";
import { reconstruct } from "../reconstruction/reconstruct";
import { train } from "../training/background";
import { defaultTrainingOptions } from "../training/options";
import type { HalvesSettings, StudyPart, StudySettings } from "./settings";
import type { StudyFolder } from "./studyFolder";

/** Fewest particles of a half. */
const leastHalf = 20;

/** What parts are made from. */
export interface PartsContext {
  settings: StudySettings & Pick<HalvesSettings, "gaussians" | "modelMask">;
  folder: StudyFolder;
  parts: readonly StudyPart[];
}

/**
 * Makes the parts that are not complete: all of them, or the one of `settings.part`. What is there of a part is used, and its
 * training continues at its last checkpoint.
 */
export async function makeParts({ settings, folder, parts }: PartsContext): Promise<void> {
  const { part: only, jobs = 1 } = settings;
  const wanted = only === undefined ? parts : [parts[only - 1]!];
  await inParallel(wanted, jobs, async (part) => {
    if (await folder.isComplete(part)) return;
    await new PartMaker(settings, folder, part).make();
  });
}

/** @throws InputError for a part that does not exist, and no job at all */
export function checkParts({ settings, parts }: Pick<PartsContext, "settings" | "parts">): void {
  const { part: only, jobs = 1 } = settings;
  if (!Number.isInteger(jobs) || jobs < 1) throw new InputError("jobs", "an integer of 1 or more", `${jobs}`);
  if (only === undefined || parts[only - 1]) return;
  throw new InputError("part", `an integer from 1 to ${parts.length}`, `${only}`);
}

/** Particle file of a part, and the folder of its stacks. */
export function particlesOf(
  settings: Pick<StudySettings, "particles" | "dataFolder">,
  folder: StudyFolder,
  part: StudyPart,
): { particles: string; dataFolder?: string } {
  const { particles, dataFolder } = settings;
  if (!part.half) return { particles, ...(dataFolder !== undefined && { dataFolder }) };
  const file = halfFile(particles, folder, part);
  const set = setOfSelection(file);
  return {
    particles: existsSync(set) ? set : file,
    // Images are not copied: their names are relative to where the particle file was.
    dataFolder: dataFolder ?? path.dirname(path.resolve(particles)),
  };
}

/** File of the particles of a half. */
const halfFile = (particles: string, folder: StudyFolder, part: StudyPart): string =>
  folder.inPart(part, `particles${particleExtension(particles)}`);

class PartMaker {
  private readonly task: TaskOptions;

  constructor(
    private readonly settings: PartsContext["settings"],
    private readonly folder: StudyFolder,
    private readonly part: StudyPart,
  ) {
    const { signal, onProgress } = settings;
    const named = ({ task, ...rest }: Progress) => onProgress?.({ ...rest, task: `${part.name}: ${task}` });
    this.task = { ...(signal && { signal }), ...(onProgress && { onProgress: named }) };
  }

  async make(): Promise<void> {
    const { settings, folder, part } = this;
    const { out, part: _, jobs, clusters, onPart, queue, gaussians, modelMask, ...training } = settings;
    await mkdir(folder.inPart(part, ""), { recursive: true });
    const half = halfFile(settings.particles, folder, part);
    if (part.half && !existsSync(half)) await this.writeHalf(half);
    const { particles, dataFolder } = particlesOf(settings, folder, part);
    const model = settings.model ?? (await this.makeModel({ particles, dataFolder }));
    const files = folder.run(part);
    const trained = train({
      ...training,
      ...this.task,
      ...{ particles, model, out: files.folder, resume: files.hasTraining },
      ...(dataFolder !== undefined && { dataFolder }),
      options: part.options,
      onWarning: (warning) => settings.onWarning?.(`${part.name}: ${warning}`),
    });
    const run = await trained.catch((error) => {
      // One part may be refused where the others are not: a half whose poses are wrong, options that do not fit.
      if (error instanceof InputError) throw InputError.of(`${part.label}: ${error.message}`);
      throw error;
    });
    onPart?.(`${part.name}: ${run.record.evidence?.sentence ?? `${run.record.particles} particles`}`);
    run.close();
  }

  private open(file: string, dataFolder: string | undefined): Promise<ParticleSet> {
    const { apix, invertContrast, bytes, signal } = this.settings;
    return openParticles(file, { apix, invertContrast, bytes, dataFolder, ...(signal && { signal }) });
  }

  /** Writes the particles of a half. */
  private async writeHalf(file: string): Promise<void> {
    const { settings, part } = this;
    const set = await this.open(settings.particles, settings.dataFolder);
    try {
      const halves = set.randomSubset ?? randomHalves(set, seedOf(settings));
      const rows = Int32Array.from(halves.keys()).filter((i) => halves[i] === part.half);
      if (rows.length < leastHalf) {
        const found = `${rows.length} in half ${part.half}`;
        throw new InputError(set.file, `at least ${leastHalf} particles in each half`, found);
      }
      await writeWithSet(set.select(rows), file);
    } finally {
      await set.close();
    }
  }

  /** Map and neutral model of a half, from its own particles. */
  private async makeModel(source: { particles: string; dataFolder: string | undefined }): Promise<string> {
    const { settings, folder, part, task } = this;
    const { resolution, gaussians, modelMask } = settings;
    if (resolution === undefined)
      throw new InputError("resolution", "a resolution in Å, or a model", "neither");
    const mapFile = folder.inPart(part, "map.mrc");
    const modelFile = folder.inPart(part, "model.txt");
    if (existsSync(modelFile)) return modelFile;
    if (!existsSync(mapFile)) {
      const set = await this.open(source.particles, source.dataFolder);
      try {
        await writeMap(mapFile, (await reconstruct(set, { ...task, halves: "none" })).map, task);
      } finally {
        await set.close();
      }
    }
    const map = await readMap(mapFile);
    const mask = modelMask === undefined ? undefined : await readMask(modelMask, map);
    const { model, warnings } = await growNeutralModel(map, {
      ...{ ...task, resolution, seed: seedOf(settings) },
      // The same number in both halves: a map of noise would take as many as are offered.
      ...(gaussians !== undefined && { gaussians }),
      ...(mask && { mask }),
    });
    for (const warning of warnings) settings.onWarning?.(`${part.name}: ${warning}`);
    await writeModelText(modelFile, model);
    return modelFile;
  }
}

/** Writes particles, and of tilt series their optimisation set before them: a file of particles that exists is complete. */
async function writeWithSet(chosen: ParticleSet, file: string): Promise<void> {
  const opened = chosen.openedAs(file);
  if (opened === file) return chosen.writeStar(file);
  const partial = partialName(file);
  try {
    await chosen.writeStar(partial);
    await rename(setOfSelection(partial), opened);
    await rename(partial, file);
  } finally {
    for (const left of [partial, setOfSelection(partial)]) await rm(left, { force: true });
  }
}

/** Seed of everything that is not a training. */
export function seedOf({ options }: Pick<StudySettings, "options">): number {
  return options?.seed ?? defaultTrainingOptions.seed;
}
