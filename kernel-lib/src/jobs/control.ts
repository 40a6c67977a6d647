import { writeFile } from "node:fs/promises";
import path from "node:path";
import { InputError, throwIfStopped } from "../errors";
import { beginTask, type TaskOptions } from "../progress";
import { JobFolder, type JobRecord, JobsFolder } from "./jobRecords";
import { isOpen, type JobStatus, jobsOf, latest } from "./jobStatus";
import type { QueueSettings } from "./queueSettings";
import { cancelInSlurm } from "./slurm";
import { submitSteps } from "./submit";

/**
 * Submits again what is not complete of the jobs of an output, as it was submitted, after the same outputs of other jobs if those are
 * not complete. Complete tasks are not repeated; a training continues at its last checkpoint.
 * @param place output of the jobs: a folder of a run or study, or a file
 * @returns the new jobs; none if all are complete
 * @throws InputError if there are no jobs, or some are waiting or running; as `submit`
 * @example
 * ```ts no-run
 * const jobs = await e2.jobs.resubmit("run");
 * console.log(jobs.map(({ name, state }) => `${name}: ${state}`));
 * ```
 */
export async function resubmit(place: string): Promise<JobStatus[]> {
  const jobs = await JobsFolder.of(place);
  const open = new Map<string, { record: JobRecord; tasks: string[][] }>();
  const done = new Set<string>();
  for (const status of (await jobsOf(jobs)).reverse()) {
    // Later jobs replace earlier ones of the same command.
    const record = await new JobFolder(status.folder).read();
    const task = record.tasks[status.task - 1]!;
    const key = JSON.stringify(task);
    if (done.has(key)) continue;
    done.add(key);
    if (status.state === "complete") continue;
    const { tasks } = open.get(record.name) ?? { tasks: [] };
    open.set(record.name, { record, tasks: [task, ...tasks] });
  }
  const steps = [...open.values()].reverse();
  if (steps.length === 0) return [];
  const { record } = steps[0]!;
  const records = path.resolve(jobs.folder);
  const waited = steps.flatMap((step) => step.record.after.map((folder) => path.dirname(folder)));
  const after = [...new Set(waited)].filter((folder) => folder !== records);
  return submitSteps(
    records,
    steps.map(({ record: { name }, tasks }) => ({ name, tasks })),
    { ...(record.settings as unknown as QueueSettings), after },
    record.cwd,
  );
}

/**
 * Asks the jobs of an output to stop. Those that wait leave the queue; those that run stop at their next step, a training after its
 * last checkpoint, so that `resubmit` continues there.
 * @param place output of the jobs: a folder of a run or study, or a file
 * @throws InputError if there are no jobs
 * @example
 * ```ts no-run
 * await e2.jobs.cancel("run");
 * ```
 */
export async function cancel(place: string): Promise<void> {
  const statuses = await jobsOf(await JobsFolder.of(place));
  // What waits for others goes first, before these end.
  for (const { state, folder, queue, id, task } of [...statuses].reverse()) {
    if (!isOpen(state)) continue;
    await writeFile(new JobFolder(folder).stopFile, "");
    if (state === "waiting" && queue === "slurm") await cancelInSlurm([`${id}_${task}`]);
  }
}

/** Time between two looks at the queue, in ms. */
const lookTime = 2000;

/**
 * Waits until no job of an output is waiting or running. Stopping this (interrupting the cell) does not stop the jobs.
 * @param place output of the jobs: a folder of a run or study, or a file
 * @returns its jobs
 * @throws InputError if there are no jobs, or one of them did not end well; StoppedError
 * @example
 * ```ts no-run
 * await e2.jobs.wait("study");
 * console.log((await e2.study.read("study")).sentence);
 * ```
 */
export async function wait(place: string, options: TaskOptions = {}): Promise<JobStatus[]> {
  const { signal, onProgress } = beginTask(options);
  const jobs = await JobsFolder.of(place);
  for (;;) {
    throwIfStopped(signal);
    const found = latest(await jobsOf(jobs));
    const total = found.length;
    const ended = found.filter(({ state }) => !isOpen(state));
    const running = found.filter(({ state }) => state === "running").length;
    onProgress?.({ task: "queued jobs", done: ended.length, total, note: `${running} running` });
    if (ended.length < total) {
      await pause(lookTime, signal);
      continue;
    }
    const wrong = ended.find(({ state }) => state !== "complete");
    if (!wrong) return found;
    const { name, task, state, log } = wrong;
    throw new InputError(place, "jobs that end well", `${name}, task ${task}: ${state}; see ${log}`);
  }
}

/** Waits, but not for longer than until the signal is aborted. */
function pause(time: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, time);
    signal?.addEventListener("abort", done, { once: true });
  });
}
