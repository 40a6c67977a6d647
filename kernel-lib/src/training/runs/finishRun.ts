import { writeAtomic } from "../../atomicWrite";
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
  await folder.removeBestStart();
  const measured = await readEvidence(folder);
  const evidence = measured && evidenceSummary(measured);
  await folder.writeRecord({
    ...record,
    ...(starts && { starts }),
    ...(evidence && { evidence }),
    status: "complete",
  });
}
