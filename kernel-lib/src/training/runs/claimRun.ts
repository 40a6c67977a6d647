import { InputError } from "../../errors";
import type { TrainingSettings } from "../settings";
import { checkSameParticleFile } from "./inputFiles";
import { RunFolder } from "./runFolder";
import { RunLock, type RunLockToken } from "./runLock";

/** The settings that decide whether a training may write into its folder. */
export type Claim = Pick<
  TrainingSettings,
  "out" | "resume" | "particles" | "model" | "mask" | "rigid" | "from"
>;

/**
 * Runs `work` with the run folder locked, after removing what a training that died has left there: unfinished files, and
 * an incomplete run.
 * @returns the result of `work`; undefined if the run to be resumed is complete, so that there is nothing to do
 * @throws InputError if the training may not write to the folder, another training writes to it, or the particle file of a
 *   complete run has changed
 */
export async function withClaimedRun<T>(
  claim: Claim,
  work: (lock: RunLockToken) => Promise<T>,
): Promise<T | undefined> {
  const folder = new RunFolder(claim.out);
  const before = claim.resume ? "run" : await requireFree(folder, claim);
  const waiting = claim.resume && (await folder.state()) === "waiting";
  const record = claim.resume && !waiting ? await folder.readWrittenRecord() : undefined;
  const complete = record?.status === "complete";
  if (record && complete) await checkSameParticleFile(record.inputs.particles, record.inputFiles);
  // A complete run is only read, unless the training died before it removed its lock.
  if (complete && !folder.hasLock) return undefined;
  const lock = await RunLock.take(claim.out);
  try {
    if (before === "interrupted") await folder.removeLeftovers();
    else await folder.removeOrphans();
    if (complete) return undefined;
    // Another training may have created a run meanwhile.
    if (!claim.resume) await requireFree(folder, claim);
    return await work(lock.token);
  } finally {
    await lock.release();
  }
}

/** @throws InputError unless the folder is new, empty, or holds only an interrupted start */
async function requireFree(folder: RunFolder, claim: Claim): Promise<"new" | "interrupted"> {
  const state = await folder.state();
  if (state === "run" || state === "waiting") {
    throw new InputError(
      claim.out,
      "a new or empty folder, or --resume (in a notebook `resume`) to continue its run",
      state === "run" ? "a run" : "a training that was stopped while it refined poses",
    );
  }
  if (state === "other") throw new InputError(claim.out, "a new or empty folder", "other files");
  const select = claim.from?.select;
  const named = [claim.particles, claim.model, claim.mask, typeof select === "string" ? select : undefined];
  if (state === "interrupted") await folder.requireNoInput([...named, ...(claim.rigid ?? [])]);
  return state;
}
