import { readdir } from "node:fs/promises";
import path from "node:path";
import { RunFolder } from "../training/runs/run";

/** A run folder that was found. */
export interface FoundRun {
  /** Relative to the folder that was looked through, with `/`. */
  folder: string;
  /** What it holds, or what is wrong with it. */
  about: string;
  /** Whether it can be opened. */
  usable: boolean;
  /** When training began, ISO 8601. */
  started: string;
}

const DEEPEST = 5;
/** Folders that are looked into, at most: a home folder may hold any number. */
const MOST_FOLDERS = 4000;
const MOST_RUNS = 200;

/** Run folders below a folder, latest first; hidden folders and those of packages are passed over. */
export async function findRuns(root: string): Promise<FoundRun[]> {
  const found: FoundRun[] = [];
  let level = [root];
  let seen = 0;
  for (let depth = 0; depth <= DEEPEST && level.length > 0 && found.length < MOST_RUNS; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++seen > MOST_FOLDERS || found.length >= MOST_RUNS) break;
      const run = new RunFolder(folder);
      if (run.exists) {
        found.push(await describe(root, run));
        continue;
      }
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (!entry.isDirectory() || /^\.|^node_modules$/.test(entry.name)) continue;
        next.push(path.join(folder, entry.name));
      }
    }
    level = next;
  }
  return found.sort((a, b) => (a.started < b.started ? 1 : -1));
}

async function describe(root: string, run: RunFolder): Promise<FoundRun> {
  const folder = path.relative(root, run.folder).split(path.sep).join("/") || ".";
  try {
    const { particles, options, status, started } = await run.readRecord();
    const about = `${particles} particles, ${options.latent} latent ${options.latent === 1 ? "dimension" : "dimensions"}`;
    return {
      folder,
      about: status === "complete" ? about : `${about}, training not finished`,
      usable: true,
      started: String(started),
    };
  } catch (error) {
    return { folder, about: (error as Error).message, usable: false, started: "" };
  }
}
