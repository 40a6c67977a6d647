import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { foldersBelow } from "../foldersBelow";
import { JobsFolder } from "../jobs/jobRecords";
import { isOpen, type JobState, type JobStatus, jobsOf, latest } from "../jobs/jobStatus";
import { jobsFolderName } from "../jobsFolderName";
import { beginTask, type TaskOptions } from "../progress";
import { latentAxes, RunFolder } from "../training/runs/run";
import type { RunRecord } from "../training/runs/runRecord";
import type { NewRunSettings } from "./newRun";
import { kindOf, type OutputKind, resultsOf } from "./outputs";
import { settingsFile } from "./startRun";
import type { TaskSettings } from "./tasks/taskCommand";
import { readTaskRecord } from "./tasks/taskRecord";

/** State of a run: that of its jobs, or `unfinished` for one that was started otherwise and is not complete, or `damaged`. */
export type RunState = JobState | "unfinished" | "damaged";

/** A run, a study or another result of jobs below a folder. */
export interface ProjectRun {
  /** Its folder, or the file that a result is named by; relative to the folder that was searched, with `/` between its parts. */
  folder: string;
  /** What the user calls it; empty for no title. */
  title: string;
  /** A study makes several runs and compares them; poses and maps are made of particles or runs. */
  kind: OutputKind;
  /** How far it is. */
  state: RunState;
  /** Why it is in this state, in a word or a sentence; empty if there is nothing to say. */
  reason: string;
  /** When it was started or submitted, ISO 8601; empty if unknown. */
  started: string;
  /** Name of the particle file; empty if unknown. */
  dataset: string;
  /** Run that it started from or is made of, relative like `folder` if it lies below; missing for one of its own. */
  from?: string;
  /** Number of particles. */
  particles?: number;
  /** Axes of the latent space. */
  axes?: number;
  /** Finest detail in Å. */
  resolution?: number;
  /** What the evidence says. */
  verdict?: "found" | "weak" | "none";
  /** Bytes on disk. */
  bytes: number;
  /** Files of a result that people look at, such as maps and the page of a study, relative like `folder`. */
  results: string[];
  /** Its jobs, the last submission of each. */
  jobs: JobStatus[];
}

const maxRuns = 500;
const titleFile = "title.txt";
const maxTitle = 200;

/**
 * Runs, studies, and maps and poses that are made by jobs, below a folder, with these jobs; skips hidden folders and `node_modules`.
 * @returns newest first
 * @throws StoppedError
 * @example
 * ```ts
 * for (const { folder, state, dataset } of await e2.project.runs(".")) console.log(folder, state, dataset);
 * ```
 */
export async function runs(root: string, options: TaskOptions = {}): Promise<ProjectRun[]> {
  const { signal } = beginTask(options);
  const found: ProjectRun[] = [];
  const isRun = (folder: string) => new RunFolder(folder).exists;
  for await (const { folder, inside } of foldersBelow(root, { signal, isEnd: isRun })) {
    if (found.length >= maxRuns) break;
    if (isRun(folder) || inside.includes(jobsFolderName))
      found.push(await describe(root, folder, isRun(folder)));
    // Results whose jobs are recorded beside them
    for (const name of inside) {
      if (!name.endsWith(`.${jobsFolderName}`)) continue;
      const output = path.join(folder, name.slice(0, -jobsFolderName.length - 1));
      const result = await describe(root, output, false);
      if (result.kind !== "run") found.push(result);
    }
  }
  return found.sort((a, b) => (a.started < b.started ? 1 : -1));
}

/**
 * Gives a run a title, by which the project page shows it; the folder keeps its name.
 * @param run   folder of the run
 * @param title at most 200 characters, one line; empty for none
 * @throws InputError for a folder without run or jobs, and an unusable title
 * @example
 * ```ts
 * await e2.project.rename("RUN", "first look");
 * ```
 */
export async function rename(run: string, title: string): Promise<void> {
  const jobs = jobsFolderOf(run);
  if (!new RunFolder(run).exists && !existsSync(jobs)) throw new InputError(run, "the folder of a run");
  const text = title.trim();
  if (text.length > maxTitle || /\p{Cc}/u.test(text))
    throw new InputError(
      "title",
      `one line of at most ${maxTitle} characters`,
      JSON.stringify(text.slice(0, 40)),
    );
  await mkdir(jobs, { recursive: true });
  await writeAtomic(path.join(jobs, titleFile), `${text}\n`);
}

/**
 * Settings of a run, for another one: those of {@link startRun}, else as far as its record has them.
 * @param run folder of the run
 * @throws InputError if it has neither
 * @example
 * ```ts
 * const settings = await e2.project.settingsOf("RUN");
 * console.log(settings.particles, settings.latent ?? "auto");
 * ```
 */
export async function settingsOf(run: string): Promise<NewRunSettings> {
  const file = settingsFile(run);
  if (existsSync(file)) {
    try {
      return JSON.parse(await readFile(file, "utf8")) as NewRunSettings;
    } catch {
      throw new InputError(file, "settings of a new run");
    }
  }
  const folder = new RunFolder(run);
  if (!folder.exists) throw new InputError(run, "the folder of a run");
  const { inputs, options, survey, detail, from } = await folder.readRecord();
  const { particles, model, mask, symmetry } = inputs;
  return {
    ...(from ? startOf(from, folder) : { particles, model }),
    ...{ out: run, vary: options.vary },
    ...(mask !== undefined && { mask }),
    ...(symmetry !== undefined && !from && { symmetry }),
    ...(detail && { resolution: Number(detail.resolution.toFixed(2)) }),
    // A survey would choose again.
    ...(!survey && { latent: options.latent }),
    ...(Number.isInteger(options.epochs) && { epochs: options.epochs as number }),
    queue: { queue: "local" },
  };
}

/** What a second round started from; particles that were given as numbers are in the list that the run keeps of them. */
function startOf(
  { run, axes, selection }: NonNullable<RunRecord["from"]>,
  folder: RunFolder,
): Partial<NewRunSettings> {
  const select = selection && (selection.file ?? path.resolve(folder.file("selection")));
  return { from: run, axes, ...(select !== undefined && { select }) };
}

/** Folder of the jobs of a run, or of another output, beside which it stands. */
function jobsFolderOf(output: string): string {
  const beside = `${output}.${jobsFolderName}`;
  return !existsSync(path.join(output, jobsFolderName)) && existsSync(beside)
    ? beside
    : path.join(output, jobsFolderName);
}

async function describe(root: string, folder: string, isRun: boolean): Promise<ProjectRun> {
  const relative = (place: string) => path.relative(root, place).split(path.sep).join("/") || ".";
  const jobsFolder = jobsFolderOf(folder);
  const [jobs, record, title, size, task] = await Promise.all([
    jobsOf(new JobsFolder(jobsFolder)).then(latest, (error: Error) => error),
    isRun ? new RunFolder(folder).readRecord().catch((error: Error) => error) : undefined,
    readFile(path.join(jobsFolder, titleFile), "utf8").catch(() => ""),
    sizeOf(folder),
    readTaskRecord(jobsFolder),
  ]);
  const known = jobs instanceof Error ? [] : jobs;
  const results = await resultsOf(folder, known);
  const parent = parentOf(known, task);
  // A file, such as a map, has others beside it.
  const bytes = size > 0 ? size : await sizeOfFiles(results);
  const run: ProjectRun = {
    folder: relative(folder),
    title: title.trim().slice(0, maxTitle),
    kind: kindOf(known),
    ...stateOf(record, jobs),
    started: known.map(({ submitted }) => submitted).sort()[0] ?? "",
    dataset: path.basename(await datasetOf(folder, known)),
    ...(parent !== undefined && { from: relativeTo(root, parent) }),
    bytes,
    results: results.map(relative),
    jobs: known,
  };
  if (!record || record instanceof Error) return run;
  const { inputs, particles, from, detail, evidence, started } = record;
  return {
    ...run,
    started: String(started),
    dataset: path.basename(inputs.particles),
    particles,
    axes: latentAxes(record),
    ...(from && { from: relativeTo(root, from.run) }),
    ...(detail && { resolution: detail.resolution }),
    ...(evidence && { verdict: evidence.verdict }),
  };
}

/** Path of a run as listed, or its full path if it lies elsewhere. */
function relativeTo(root: string, run: string): string {
  const place = path.relative(root, run).split(path.sep).join("/");
  return place.startsWith("..") || path.isAbsolute(place) ? run : place || ".";
}

/** The run that a result is made of: that of its form, or the argument of its command. */
function parentOf(jobs: readonly JobStatus[], task: TaskSettings | undefined): string | undefined {
  const run = task?.values["run"];
  if (typeof run === "string" && run !== "") return run;
  const last = jobs.at(-1);
  const [name = "", argument = "-"] = last?.command ?? [];
  const takesRun = name === "states" || name === "correct" || name === "poses";
  return last && takesRun && !argument.startsWith("-") ? path.resolve(last.cwd, argument) : undefined;
}

async function datasetOf(folder: string, jobs: readonly JobStatus[]): Promise<string> {
  for (const { command } of jobs) {
    const at = command.indexOf("--particles");
    if (at >= 0) return command[at + 1] ?? "";
  }
  const settings = await settingsOf(folder).catch(() => undefined);
  return typeof settings?.particles === "string" ? settings.particles : "";
}

/** What the jobs say while there are any, else the record. */
function stateOf(
  record: RunRecord | Error | undefined,
  jobs: JobStatus[] | Error,
): { state: RunState; reason: string } {
  const worst = jobs instanceof Error ? undefined : worstOf(jobs);
  const isComplete = record && !(record instanceof Error) && record.status === "complete";
  if (worst && isOpen(worst.state)) return { state: worst.state, reason: worst.reason };
  // A run whose jobs failed may have been finished otherwise.
  if (isComplete) return { state: "complete", reason: "" };
  if (worst) return { state: worst.state, reason: worst.reason };
  const error = [record, jobs].find((one) => one instanceof Error) as Error | undefined;
  return error ? { state: "damaged", reason: error.message } : { state: "unfinished", reason: "" };
}

/** The job that says how far all of them are: one that runs, that waits, that did not end well. */
function worstOf(jobs: readonly JobStatus[]): JobStatus | undefined {
  const rank: readonly JobState[] = ["running", "failed", "lost", "stopped", "waiting", "complete"];
  return [...jobs].sort((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state))[0];
}

async function sizeOfFiles(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const place = ({ name }: { name: string }) => path.join(folder, name);
  const inside = entries.filter((entry) => entry.isDirectory());
  const sizes = await Promise.all(inside.map((entry) => sizeOf(place(entry))));
  const own = await sizeOfFiles(entries.filter((entry) => entry.isFile()).map(place));
  return sizes.reduce((sum, size) => sum + size, own);
}
