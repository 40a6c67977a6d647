import { existsSync } from "node:fs";
import type { Progress } from "../progress";
import { thisProcess } from "../training/runs/processIdentity";
import { JobFolder, type TaskRecord } from "./jobRecords";
import { limitSignal } from "./queueTemplate";
import { requeueInSlurm } from "./slurm";
import { StepProgress } from "./stepProgress";
import { WholeProgress } from "./wholeProgress";

/** Environment variable with the task of a local job. */
export const taskVariable = "E2GMM_JOB_TASK";
/** Time between two looks for a request to stop, in ms. */
const pollTime = 1000;
/** Least time between two records of the progress, in ms. */
const progressTime = 1000;

/**
 * Runs one task of a job and records how it ends. Stops it when the job is cancelled; at the end of the time limit, puts it back into
 * the queue.
 * @param folder of the job
 * @param run    runs a command and tells its progress; it stops on TERM
 * @returns the exit code
 */
export async function runTask(
  folder: string,
  run: (args: readonly string[], onProgress: (progress: Progress) => void) => Promise<number>,
): Promise<number> {
  const job = new JobFolder(folder);
  const { env } = process;
  const record = await job.read();
  // A local job that was started within a job of Slurm has that one's variables, too.
  const number = Number((record.queue === "local" ? env[taskVariable] : env["SLURM_ARRAY_TASK_ID"]) ?? 1);
  const args = record.tasks[number - 1];
  if (!args) throw new Error(`${folder} has no task ${number}`);
  const task: TaskRecord = {
    ...{ format: 1, state: "running", ...thisProcess(), restarts: Number(env["SLURM_RESTART_COUNT"] ?? 0) },
    began: new Date().toISOString(),
  };
  if (existsSync(job.stopFile)) {
    await job.writeTask(number, { ...task, state: "stopped", ended: task.began });
    return 1;
  }
  await job.writeTask(number, task);
  process.chdir(record.cwd);
  const stop = () => process.kill(process.pid, "SIGTERM");
  let isAtLimit = false;
  const onLimit = () => {
    isAtLimit = true;
    stop();
  };
  process.once(limitSignal, onLimit);
  const timer = setInterval(() => {
    if (!existsSync(job.stopFile)) return;
    clearInterval(timer);
    stop();
  }, pollTime);
  let code = 1;
  const recorder = new ProgressRecorder(job, number, args);
  try {
    code = await run(args, recorder.follow);
  } finally {
    clearInterval(timer);
    process.off(limitSignal, onLimit);
    await recorder.end();
    const isStopped = code > 128;
    const requeue = isAtLimit && isStopped && record.queue === "slurm" && env["SLURM_JOB_ID"] !== undefined;
    const state = code === 0 ? "complete" : requeue ? "requeued" : isStopped ? "stopped" : "failed";
    await job.writeTask(number, { ...task, state, ended: new Date().toISOString(), code });
    if (requeue) await requeueInSlurm(env["SLURM_JOB_ID"]!);
  }
  return code;
}

/** Records the progress of a task in its folder, where others see it. */
class ProgressRecorder {
  private readonly known: WholeProgress | StepProgress;
  private last = Number.NEGATIVE_INFINITY;
  private writing: Promise<void> | undefined;

  constructor(
    private readonly job: JobFolder,
    private readonly task: number,
    [command, ...more]: readonly string[],
  ) {
    // Of other commands the course is not known, though their steps may have the same names.
    const isTraining = command === "train" || (command === "study" && more.includes("--part"));
    this.known = isTraining ? new WholeProgress() : new StepProgress();
  }

  readonly follow = (progress: Progress): void => {
    const now = Date.now();
    const report = this.known.follow(progress);
    if (this.writing || now - this.last < progressTime) return;
    this.last = now;
    // A disk that is full stops the work itself, with its own message.
    this.writing = this.job
      .writeProgress(this.task, report)
      .catch(() => undefined)
      .then(() => {
        this.writing = undefined;
      });
  };

  /** Waits for what is being written. */
  async end(): Promise<void> {
    await this.writing;
  }
}
