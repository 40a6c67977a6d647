import { existsSync } from "node:fs";
import type { RunFolder, StoredCheckpoint } from "./runFolder";
import type { RunRecord } from "./runRecord";

/** A run that is resumed: its record, and its last checkpoint if an epoch was finished. */
export interface ResumedRun {
  record: RunRecord;
  checkpoint: StoredCheckpoint | undefined;
}

/** Reads a run that is to be resumed. @throws InputError if the folder holds none, or a damaged one */
export async function readResumed(folder: RunFolder): Promise<ResumedRun> {
  const record = await folder.readWrittenRecord();
  const checkpoint = existsSync(folder.file("weights"))
    ? await folder.readCheckpoint("weights", record)
    : undefined;
  return { record, checkpoint };
}
