import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { JobsFolder } from "../../jobs/jobRecords";
import { taskDescription } from "./descriptions";
import type { TaskSettings } from "./taskCommand";

/** What was asked for, in the folder of the jobs, so that it is listed below its run and can be asked for again. */
const recordName = "task.json";

/** Records a task. @param jobs folder of its jobs */
export async function writeTaskRecord(jobs: string, settings: TaskSettings): Promise<void> {
  await writeAtomic(path.join(jobs, recordName), `${JSON.stringify(settings, null, 2)}\n`);
}

/** The task in a folder of jobs; undefined if it was started otherwise, or the record is damaged. */
export async function readTaskRecord(jobs: string): Promise<TaskSettings | undefined> {
  const text = await readFile(path.join(jobs, recordName), "utf8").catch(() => "");
  try {
    const found = JSON.parse(text) as TaskSettings;
    taskDescription(found.task);
    return typeof found.values === "object" && typeof found.queue?.queue === "string" ? found : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Settings of a task that was started with `startTask`, for another one.
 * @param output its output
 * @throws InputError if it was started otherwise
 * @example
 * ```ts no-run
 * const { task, values } = await e2.project.taskOf("run_states");
 * console.log(task, values);
 * ```
 */
export async function taskOf(output: string): Promise<TaskSettings> {
  const { folder } = await JobsFolder.of(output);
  const found = await readTaskRecord(folder);
  if (found) return found;
  const isThere = existsSync(path.join(folder, recordName));
  throw new InputError(output, "settings of a task", isThere ? "a damaged task.json" : "none");
}
