import { readdir } from "node:fs/promises";
import path from "node:path";
import { latentAxes, RunFolder } from "../training/runs/run";

/** A run folder below a folder. */
export interface FoundRun {
  /** Relative to the folder that was searched, with `/` between its parts. */
  folder: string;
  /** A description of the run, or its problem. */
  about: string;
  /** Whether it can be opened. */
  usable: boolean;
  /** When training began, ISO 8601. */
  started: string;
}

const maxDepth = 5;
/** A home folder may contain any number of folders. */
const maxFolders = 4000;
const maxRuns = 200;

/** Finds the run folders below a folder, newest first; skips hidden folders and `node_modules`. Never throws. */
export async function findRuns(root: string): Promise<FoundRun[]> {
  const found: FoundRun[] = [];
  let level = [root];
  let seen = 0;
  for (let depth = 0; depth <= maxDepth && level.length > 0 && found.length < maxRuns; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++seen > maxFolders || found.length >= maxRuns) break;
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
    const record = await run.readRecord();
    const { particles, status, started } = record;
    const axes = latentAxes(record);
    const about = `${particles} particles, ${axes} latent ${axes === 1 ? "dimension" : "dimensions"}`;
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
