import { InputError } from "../../errors";
import type { TrainSettings } from "../trainSettings";
import { checkSameParticleFile } from "./inputFiles";
import { RunFolder } from "./runFolder";
import { RunLock, type RunLockToken } from "./runLock";

/** What of a training's settings decides whether it may write into its folder. */
export type Claim = Pick<TrainSettings, "out" | "resume" | "particles" | "model" | "mask">;

/**
 * Does a training's work with its folder locked. What a training that died has left there is removed: unfinished files,
 * and a run that was not made to its end.
 * @returns what the work returns; undefined where the run that was to go on is complete, so that there is no work
 * @throws InputError where the folder is none that the training may write to, another training works in it, or the particle file
 *   of a complete run is another one by now
 */
export async function withClaimedRun<T>(
  claim: Claim,
  work: (lock: RunLockToken) => Promise<T>,
): Promise<T | undefined> {
  const folder = new RunFolder(claim.out);
  const before = claim.resume ? "run" : await requireFree(folder, claim);
  const record = claim.resume ? await folder.readWrittenRecord() : undefined;
  const complete = record?.status === "complete";
  if (record && complete) await checkSameParticleFile(record.inputs.particles, record.inputFiles);
  // A complete run is only read, unless the training died after its last word.
  if (complete && !folder.hasLock) return undefined;
  const lock = await RunLock.take(claim.out);
  try {
    if (before === "interrupted") await folder.removeLeftovers();
    else await folder.removeOrphans();
    if (complete) return undefined;
    // Another training may have made its run since.
    if (!claim.resume) await requireFree(folder, claim);
    return await work(lock.token);
  } finally {
    await lock.release();
  }
}

/** @throws InputError unless the folder is new, empty, or holds nothing but an interrupted start */
async function requireFree(folder: RunFolder, claim: Claim): Promise<"new" | "interrupted"> {
  const state = await folder.state();
  if (state === "run") {
    throw new InputError(claim.out, "a new folder, or --resume to go on with the run in this one", "a run");
  }
  if (state === "other") throw new InputError(claim.out, "a new or empty folder", "other files");
  if (state === "interrupted") await folder.requireNoInput([claim.particles, claim.model, claim.mask]);
  return state;
}
