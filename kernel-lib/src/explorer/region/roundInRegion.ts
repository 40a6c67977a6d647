import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import type { JobStatus } from "../../jobs/jobStatus";
import { jobsFolderName } from "../../jobsFolderName";
import type { NewRunSettings } from "../../project/newRun";
import { startRun } from "../../project/startRun";
import { formatNumbers } from "../../training/runs/runTables";
import { localQueue, type RegionRound } from "./regionMessages";

/** What a second round in a region starts from. */
export interface RoundStart {
  /** Folder of the explored run. */
  run: string;
  /** Path of the mask. */
  mask: string;
  /** Whether it has only some of the particles. */
  some: boolean;
}

/**
 * Settings of a second round, with absolute paths. The output is written below the working folder or beside the run, nowhere else,
 * since its name is typed in a browser.
 * @throws InputError for another output
 */
export function roundSettings(
  { out, axes, latent, epochs, cpus }: RegionRound,
  { run, mask, some }: RoundStart,
): NewRunSettings {
  const from = path.resolve(run);
  if (out.trim() === "") throw new InputError("out", "a folder for the run", "none");
  const place = path.resolve(out);
  const allowed = [process.cwd(), path.dirname(from)];
  const isBelow = (folder: string) =>
    place !== folder && !/^\.\.($|[\\/])/.test(path.relative(folder, place));
  if (!allowed.some(isBelow) || /\p{Cc}/u.test(out))
    throw new InputError("out", `a folder below ${allowed[0]} or beside the run`, JSON.stringify(out));
  return {
    ...{ from, mask, axes, out: place },
    ...(some && { select: `${place}_particles.txt` }),
    ...(latent !== undefined && { latent }),
    ...(epochs !== undefined && { epochs }),
    queue: localQueue(cpus),
  };
}

/**
 * Starts a second round; the particles are listed beside its folder first.
 * @param rows of the particles; undefined: all
 * @throws InputError as `startRun`
 */
export async function startRound(
  settings: NewRunSettings,
  rows: Uint32Array | undefined,
): Promise<JobStatus[]> {
  const { select } = settings;
  if (!rows || select === undefined) return startRun(settings);
  if (existsSync(select))
    throw new InputError(select, "a name that is free, for the list of the particles", "a file");
  await writeAtomic(select, formatNumbers(rows));
  try {
    return await startRun(settings);
  } catch (error) {
    // Nothing is left of a round that was refused; one that is queued all the same needs its particles.
    if (!existsSync(path.join(settings.out, jobsFolderName))) await rm(select, { force: true });
    throw error;
  }
}
