import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { inParallel } from "../parallel";
import { thisProcess } from "../training/runs/processIdentity";
import { JobFolder, type JobRecord, JobsFolder } from "./jobRecords";
import { isOpen, jobsOf } from "./jobStatus";
import { taskVariable } from "./runTask";
import { launcher } from "./taskWords";

/*
 * Jobs in the background of this machine: a process of its own works on them, which outlives the shell or kernel that started it.
 */

/** Time between two looks at jobs that are waited for, in ms. */
const lookTime = 1000;
/** How long the worker may take to start, in ms. */
const startTimeout = 20_000;

/** Starts the process that works on jobs, and waits until it does. */
export async function startWorker(made: readonly { folder: JobFolder }[]): Promise<void> {
  const folders = made.map(({ folder }) => folder);
  const log = await open(folders[0]!.log("worker"), "a");
  const args = [launcher, "jobs", "work", ...folders.map(({ folder }) => folder)];
  try {
    const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", log.fd, log.fd] });
    const ended = new Promise<never>((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the worker ended with exit code ${code}`)));
    });
    const started = (async () => {
      for (const end = Date.now() + startTimeout; Date.now() < end; ) {
        const records = await Promise.all(folders.map((folder) => folder.read()));
        if (records.every(({ worker }) => worker !== undefined)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`the worker did not start within ${startTimeout / 1000} s`);
    })();
    // It may be done with all jobs before they are looked at.
    await Promise.race([started, ended.catch((error) => started.catch(() => Promise.reject(error)))]);
    child.removeAllListeners();
    child.unref();
  } finally {
    await log.close();
  }
}

/** Works on jobs, one after the other. @param folders of the jobs, in order */
export async function workOn(folders: readonly string[]): Promise<void> {
  const jobs = folders.map((folder) => new JobFolder(folder));
  const records: JobRecord[] = [];
  for (const job of jobs) {
    const record = { ...(await job.read()), id: String(process.pid), worker: thisProcess() };
    await job.write(record);
    records.push(record);
  }
  for (const [j, job] of jobs.entries()) {
    const record = records[j]!;
    const isReady = await waitFor(record.after, job);
    await inParallel([...record.tasks.keys()], record.atATime, async (t) => {
      if (isReady && !existsSync(job.stopFile)) return runTaskIn(job, t + 1);
      const now = new Date().toISOString();
      const never = { state: "stopped", restarts: 0, began: now, ended: now } as const;
      await job.writeTask(t + 1, { format: 1, ...thisProcess(), ...never });
    });
  }
}

/** Waits for other jobs. @returns whether all of them are complete */
async function waitFor(folders: readonly string[], own: JobFolder): Promise<boolean> {
  for (const folder of folders) {
    for (;;) {
      const place = new JobsFolder(folder.replace(/\/[^/]+$/, ""));
      const states = (await jobsOf(place)).filter((job) => job.folder === folder).map(({ state }) => state);
      if (states.every((state) => state === "complete")) break;
      if (existsSync(own.stopFile) || states.every((state) => !isOpen(state))) return false;
      await new Promise((resolve) => setTimeout(resolve, lookTime));
    }
  }
  return true;
}

/** Runs a task in a process of its own. How it ends is in its record. */
async function runTaskIn(job: JobFolder, task: number): Promise<void> {
  const log = await open(job.log(task), "a");
  try {
    const child = spawn(process.execPath, [launcher, "jobs", "run", job.folder], {
      stdio: ["ignore", log.fd, log.fd],
      env: { ...process.env, [taskVariable]: String(task) },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => resolve());
    });
  } finally {
    await log.close();
  }
}
