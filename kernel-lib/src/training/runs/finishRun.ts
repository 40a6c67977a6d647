import { writeAtomic } from "../../atomicWrite";
import { scheduleOf } from "../course";
import { formatUnits, readUnits } from "../units/unitTables";
import { type Checkpoint, chosenStart } from "./checkpoint";
import { evidenceSummary, readEvidence } from "./evidenceFile";
import type { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";

/** Completes a run after its final weights were written; repeated if the training died meanwhile. */
export async function finishRun(folder: RunFolder, record: RunRecord, at: Checkpoint): Promise<void> {
  const starts = chosenStart(record, at) ?? record.starts;
  if (at.history) await folder.writeHistory(at.history);
  if (record.inputs.symmetry !== undefined)
    await writeAtomic(folder.file("units"), formatUnits(await readUnits(folder, record)));
  await folder.removeBest();
  const measured = await readEvidence(folder);
  const evidence = measured && evidenceSummary(measured);
  const schedule = at.course && scheduleOf(record.options, at.epoch, at.course);
  await folder.writeRecord({
    ...record,
    ...(starts && { starts }),
    ...(schedule && { schedule }),
    ...(evidence && { evidence }),
    status: "complete",
  });
}
