import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { jobsFolderName } from "../jobsFolderName";
import { checked, numberIn, parsedJson, someText } from "../schema";
import type { ProcessIdentity } from "../training/runs/processIdentity";
import type { JobProgress } from "./wholeProgress";

/** What jobs are given to: Slurm, or a process in the background of this machine. */
export type QueueSystem = "slurm" | "local";

/** What is recorded of a job when it is submitted, in `job.json`. */
export interface JobRecord {
  /** Version of the file's layout. */
  format: 1;
  /** Version of the program. */
  program: string;
  /** Number in the folder of jobs, from 1. */
  number: number;
  /** What it does, in a word. */
  name: string;
  queue: QueueSystem;
  /** Id in Slurm, or of the local process that works on it; empty until it is submitted. */
  id: string;
  /** Local process that works on it. */
  worker?: ProcessIdentity | undefined;
  /** Working folder, in which the commands run. */
  cwd: string;
  /** Time of submission, ISO 8601. */
  submitted: string;
  /** Folders of the jobs that have to be complete before. */
  after: string[];
  /** Arguments of `e2gmm` for each task; several tasks are an array. */
  tasks: string[][];
  /** Tasks at a time, where no scheduler decides. */
  atATime: number;
  /** How it was submitted: template, processors and so on; to submit it again. */
  settings: Record<string, unknown>;
}

/** What a task says of itself, in `<task>.json`. */
export interface TaskRecord extends ProcessIdentity {
  format: 1;
  state: "running" | "requeued" | "complete" | "failed" | "stopped";
  /** How often a scheduler has started it again. */
  restarts: number;
  /** Time of the last start, ISO 8601. */
  began: string;
  ended?: string | undefined;
  /** Exit code of the command. */
  code?: number | undefined;
}

const count = numberIn({ integer: true, least: 1 });
const identity = {
  host: someText,
  pid: count,
  processStarted: v.string("text"),
  boot: v.optional(someText),
  pidNamespace: v.optional(someText),
};
const jobSchema = v.looseObject({
  format: v.literal(1, "version 1"),
  program: someText,
  number: count,
  name: v.pipe(someText, v.regex(/^\w[\w.-]*$/, "a word of letters, digits, dots, hyphens and underscores")),
  queue: v.picklist(["slurm", "local"], "slurm or local"),
  id: v.pipe(v.string("text"), v.regex(/^\d*$/, "a number")),
  worker: v.optional(v.looseObject(identity)),
  cwd: someText,
  submitted: someText,
  after: v.array(someText),
  tasks: v.pipe(v.array(v.array(v.string("text"))), v.minLength(1, "a task")),
  atATime: count,
  settings: v.record(v.string(), v.unknown()),
});
const taskSchema = v.looseObject({
  ...identity,
  format: v.literal(1, "version 1"),
  state: v.picklist(["running", "requeued", "complete", "failed", "stopped"], "a state"),
  restarts: numberIn({ integer: true, least: 0 }),
  began: someText,
  ended: v.optional(someText),
  code: v.optional(v.number()),
});

const progressSchema = v.looseObject({
  task: v.string("text"),
  done: v.number(),
  total: v.number(),
  note: v.optional(v.string("text")),
  at: someText,
  whole: v.optional(v.number()),
  secondsLeft: v.optional(v.number()),
  stepSecondsLeft: v.optional(v.number()),
});

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The folder of one job: its record, its script, and for each task a log and a record. */
export class JobFolder {
  constructor(readonly folder: string) {}

  get script(): string {
    return path.join(this.folder, "job.sh");
  }

  /** Log of a task: all that it prints. */
  log(task: number | string): string {
    return path.join(this.folder, `${task}.log`);
  }

  async read(): Promise<JobRecord> {
    const file = path.join(this.folder, "job.json");
    return checked(jobSchema, parsedJson(await readFile(file, "utf8"), file), file) as JobRecord;
  }

  async write(record: JobRecord): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeAtomic(path.join(this.folder, "job.json"), `${JSON.stringify(record, null, 2)}\n`);
  }

  /** The record of a task; undefined before its first start. */
  async readTask(task: number): Promise<TaskRecord | undefined> {
    const file = path.join(this.folder, `${task}.json`);
    if (!existsSync(file)) return undefined;
    return checked(taskSchema, parsedJson(await readFile(file, "utf8"), file), file) as TaskRecord;
  }

  async writeTask(task: number, record: TaskRecord): Promise<void> {
    await writeAtomic(path.join(this.folder, `${task}.json`), `${JSON.stringify(record, null, 2)}\n`);
  }

  /** How far a task said it is; undefined before it has said anything. A damaged file says nothing. */
  async readProgress(task: number): Promise<JobProgress | undefined> {
    const text = await readFile(this.progressFile(task), "utf8").catch(() => "");
    const found = v.safeParse(progressSchema, tryJson(text));
    return found.success ? (found.output as JobProgress) : undefined;
  }

  async writeProgress(task: number, progress: JobProgress): Promise<void> {
    await writeAtomic(this.progressFile(task), `${JSON.stringify(progress)}\n`);
  }

  private progressFile(task: number): string {
    return path.join(this.folder, `${task}.progress.json`);
  }

  /** File whose existence asks all tasks to stop. Works on any shared file system, whatever starts the tasks. */
  get stopFile(): string {
    return path.join(this.folder, "stop");
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The folder of the jobs of an output, such as `run/jobs` or `map.mrc.jobs`. */
export class JobsFolder {
  constructor(readonly folder: string) {}

  /**
   * The folder of the jobs of an output.
   * @param place the output: a folder of a run or study, or a file
   * @throws InputError if there is none
   */
  static async of(place: string): Promise<JobsFolder> {
    const found = [path.join(place, jobsFolderName), `${trimmed(place)}.${jobsFolderName}`, place].find(
      (folder) => /(^|[/.])jobs\/?$/.test(folder) && existsSync(folder),
    );
    if (found === undefined) throw new InputError(place, "an output of queued jobs", "no jobs");
    return new JobsFolder(found);
  }

  /** Folders of all jobs, in the order of submission. */
  async jobs(): Promise<JobFolder[]> {
    if (!existsSync(this.folder)) return [];
    const names = (await readdir(this.folder)).filter((name) => /^\d+_[\w.-]+$/.test(name));
    names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    return names
      .map((name) => new JobFolder(path.join(this.folder, name)))
      .filter(({ folder }) => existsSync(path.join(folder, "job.json")));
  }

  /** Folder of a new job. */
  job(number: number, name: string): JobFolder {
    return new JobFolder(path.join(path.resolve(this.folder), `${number}_${name}`));
  }
}

/** A folder's name without slashes at its end. */
export const trimmed = (folder: string): string => folder.replace(/(?<=.)\/+$/, "");
