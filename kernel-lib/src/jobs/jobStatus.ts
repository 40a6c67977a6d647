import { existsSync } from "node:fs";
import { lifeOf } from "../training/runs/processIdentity";
import { type JobFolder, type JobRecord, JobsFolder, type QueueSystem, type TaskRecord } from "./jobRecords";
import { type QueuedTask, slurmEnd, slurmQueue } from "./slurm";
import type { JobProgress } from "./wholeProgress";

/** State of a task of a queued job. `lost`: it ended without a word, as when a node fails or memory runs out. */
export type JobState = "waiting" | "running" | "complete" | "failed" | "stopped" | "lost";

/** One task of a queued job. */
export interface JobStatus {
  /** What the job does, in a word. */
  name: string;
  /** Number of the job in its folder, from 1. */
  number: number;
  /** Task of the job, from 1. */
  task: number;
  /** Tasks of the job. */
  tasks: number;
  /** What it was given to. */
  queue: QueueSystem;
  /** Id of the job: in Slurm, or of the local process that works on it. */
  id: string;
  /** How far it is. */
  state: JobState;
  /** Why it waits, or how it ended, in a word of the queue or of the command; empty if there is nothing to say. */
  reason: string;
  /** Host on which it runs or ran. */
  host?: string;
  /** Time of submission, ISO 8601. */
  submitted: string;
  /** Time of its last start, ISO 8601. */
  began?: string;
  /** Time of its end, ISO 8601. */
  ended?: string;
  /** How far it is while it runs; missing before it has said anything. */
  progress?: JobProgress;
  /** How often a scheduler has started it again. */
  restarts: number;
  /** Arguments of `e2gmm`. */
  command: string[];
  /** Working folder. */
  cwd: string;
  /** Folder of the job's files. */
  folder: string;
  /** File of what it prints. */
  log: string;
}

/** Whether a job is not finished. */
export const isOpen = (state: JobState): boolean => state === "waiting" || state === "running";

/**
 * Queued jobs of an output, by its record: whoever submitted them, from any shell or notebook.
 * @param place output of the jobs: a folder of a run or study, or a file
 * @returns all tasks of all jobs, in the order of submission
 * @throws InputError if there are no jobs, the record is damaged, or Slurm does not answer
 * @example
 * ```ts no-run
 * for (const { name, task, state } of await e2.jobs.list("run")) console.log(name, task, state);
 * ```
 */
export async function listJobs(place: string): Promise<JobStatus[]> {
  return jobsOf(await JobsFolder.of(place));
}

/** Of tasks that were submitted several times, the last one. */
export function latest(statuses: readonly JobStatus[]): JobStatus[] {
  return [...new Map(statuses.map((status) => [JSON.stringify(status.command), status])).values()];
}

/** Tasks of the jobs in a folder. */
export async function jobsOf(jobs: JobsFolder): Promise<JobStatus[]> {
  const all: { folder: JobFolder; record: JobRecord; tasks: (TaskRecord | undefined)[] }[] = [];
  for (const folder of await jobs.jobs()) {
    const record = await folder.read();
    const tasks = await Promise.all(record.tasks.map((_, t) => folder.readTask(t + 1)));
    all.push({ folder, record, tasks });
  }
  // Slurm is asked only about what has not said itself that it has ended.
  const asked = all.filter(
    ({ record, tasks }) => record.queue === "slurm" && tasks.some((task) => !isOver(task)),
  );
  const queued = await slurmQueue(asked.map(({ record }) => record.id).filter((id) => id !== ""));
  const found: JobStatus[] = [];
  for (const { folder, record, tasks } of all) {
    for (const [t, task] of tasks.entries()) {
      const inQueue = queued.get(`${record.id}_${t + 1}`);
      const { state, reason } = await stateOf({ folder, record, number: t + 1, task, inQueue });
      const progress = state === "running" ? await folder.readProgress(t + 1) : undefined;
      found.push({
        ...{ name: record.name, number: record.number, task: t + 1, tasks: tasks.length },
        ...{ queue: record.queue, id: record.id, state, reason, submitted: record.submitted },
        ...(task && { host: task.host, began: task.began }),
        ...(task?.ended !== undefined && hasEnded(task) && { ended: task.ended }),
        ...(progress && { progress }),
        ...{ restarts: task?.restarts ?? 0, command: record.tasks[t]!, cwd: record.cwd },
        ...{ folder: folder.folder, log: folder.log(t + 1) },
      });
    }
  }
  return found;
}

/** Whether a task has ended for good: a stopped one may have been put back into the queue. */
const isOver = (task: TaskRecord | undefined): boolean =>
  task?.state === "complete" || task?.state === "failed";

const hasEnded = (task: TaskRecord | undefined): boolean =>
  task !== undefined && task.state !== "running" && task.state !== "requeued";

interface Known {
  folder: JobFolder;
  record: JobRecord;
  number: number;
  task: TaskRecord | undefined;
  inQueue: QueuedTask | undefined;
}

async function stateOf(known: Known): Promise<{ state: JobState; reason: string }> {
  const { folder, record, number, task, inQueue } = known;
  if (task && hasEnded(task) && (isOver(task) || inQueue === undefined)) {
    const { code = 0 } = task;
    return { state: task.state as JobState, reason: code === 0 ? "" : `exit code ${code}` };
  }
  if (record.queue === "local") return localState(known);
  // The record is written before Slurm knows the job.
  if (record.id === "") return { state: "waiting", reason: "" };
  if (inQueue) {
    const isWaiting = /^(PENDING|REQUEUE|SUSPENDED|SPECIAL_EXIT)/.test(inQueue.state);
    const reason = inQueue.reason === "None" ? "" : inQueue.reason;
    return isWaiting ? { state: "waiting", reason } : { state: "running", reason: "" };
  }
  // It may have ended between the two looks.
  const now = await folder.readTask(number);
  if (hasEnded(now)) return stateOf({ ...known, task: now });
  const end = (await slurmEnd(`${record.id}_${number}`)) ?? "";
  if (end === "CANCELLED" || existsSync(folder.stopFile)) return { state: "stopped", reason: end };
  return { state: "lost", reason: end };
}

function localState({ folder, record: { worker }, task }: Known): { state: JobState; reason: string } {
  if (task?.state === "running") {
    const isDead = lifeOf(task) === "dead";
    return isDead
      ? { state: "lost", reason: `process ${task.pid} is gone` }
      : { state: "running", reason: "" };
  }
  if (worker && lifeOf(worker) !== "dead") return { state: "waiting", reason: "" };
  if (existsSync(folder.stopFile)) return { state: "stopped", reason: "" };
  return worker ? { state: "lost", reason: "never started" } : { state: "waiting", reason: "" };
}
