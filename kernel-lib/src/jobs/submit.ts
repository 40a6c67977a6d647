import { mkdir, rmdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { shellWord } from "../shellWord";
import { packageVersion } from "../version";
import { commandSteps, jobsPlace } from "./commandJobs";
import { type JobFolder, type JobRecord, JobsFolder } from "./jobRecords";
import { type JobStatus, jobsOf, latest } from "./jobStatus";
import { startWorker } from "./localWorker";
import type { JobStep, QueueSettings } from "./queueSettings";
import { fillTemplate } from "./queueTemplate";
import { slurmQueue, submitToSlurm } from "./slurm";
import { jobCommand } from "./taskWords";
import { typedCommand } from "./typedCommand";

/** A job that other jobs of the same submission wait for. */
interface Waited {
  folder: string;
  id: string;
}

/**
 * Queues a command of `e2gmm`. A small record is written beside or in its output, by which its jobs are found again from another
 * shell or notebook: `e2.jobs.list`. A training that is started again continues at its last checkpoint.
 * @param command arguments of `e2gmm`, such as `["train", "--particles", "particles.star", …]`; they need an output (`--out`)
 * @returns its jobs; none with `onPreview`
 * @throws InputError for a command without an output, settings that do not fit, a template that cannot be filled, what Slurm refuses,
 *   and while jobs of this output are waiting or running
 * @example
 * ```ts no-run
 * const command = ["train", "--particles", "particles.star", "--model", "model.txt", "--out", "run"];
 * const [job] = await e2.jobs.submit(command, { queue: "slurm", cpus: 8 });
 * console.log(job?.id, job?.state);
 * ```
 */
export async function submit(command: readonly string[], settings: QueueSettings): Promise<JobStatus[]> {
  const place = jobsPlace(command);
  return submitSteps(place, commandSteps(command, settings), settings);
}

/**
 * Queues steps, each of which waits for the one before.
 * @param place folder of their records
 * @param cwd   folder in which the commands run
 */
export async function submitSteps(
  place: string,
  steps: readonly JobStep[],
  settings: QueueSettings,
  cwd: string = process.cwd(),
): Promise<JobStatus[]> {
  checkSettings(settings);
  const jobs = new JobsFolder(place);
  const before = await jobsOf(jobs);
  const active = before.find(({ state }) => state === "waiting" || state === "running");
  if (active && !settings.onPreview) {
    const found = `${active.name} (${active.id}), which is ${active.state}`;
    throw new InputError(place, "no jobs that are not finished; e2gmm jobs cancel ends them", found);
  }
  const after = await waitedFor(settings.after ?? [], settings.queue);
  const last = Math.max(0, ...before.map(({ number }) => number));
  const made: MadeJob[] = [];
  for (const [s, step] of steps.entries()) {
    const number = last + 1 + s;
    const folder = jobs.job(number, step.name);
    const waits: Waited[] = s === 0 ? after : [waitFor(made.at(-1)!)];
    const record = recordOf(step, number, settings, { waits, cwd });
    // Everything that may be refused comes before anything is written.
    const script = record.queue === "slurm" ? await scriptOf(folder, record, settings) : "";
    made.push({ folder, record, script, waits });
  }
  if (settings.onPreview) {
    for (const job of made) settings.onPreview(previewOf(job, settings));
    return [];
  }
  const created = await mkdir(place, { recursive: true });
  try {
    for (const job of made) await job.folder.write(job.record);
    if (settings.queue === "local") await startWorker(made);
    else await toSlurm(made, settings);
  } catch (error) {
    // Jobs that were submitted already stay, and are listed.
    for (const { folder, record } of made) if (record.id === "") await folder.remove();
    if (created !== undefined) await removeEmpty(place, created);
    throw error;
  }
  return (await jobsOf(jobs)).filter(({ number }) => number > last);
}

/** A job that is to be submitted. */
interface MadeJob {
  folder: JobFolder;
  record: JobRecord;
  script: string;
  waits: readonly Waited[];
}

/** Removes a folder and those above it that were created with it, as long as they are empty. */
async function removeEmpty(folder: string, created: string): Promise<void> {
  for (let at = path.resolve(folder); at.startsWith(path.resolve(created)); at = path.dirname(at)) {
    const isRemoved = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!isRemoved) return;
  }
}

function waitFor({ folder, record }: { folder: JobFolder; record: JobRecord }): Waited {
  return { folder: folder.folder, id: record.id };
}

/** @throws InputError for settings that no queue can have */
function checkSettings({
  cpus = 1,
  gpus = 0,
  memory = 1,
  time = "1",
  atATime = 1,
  set = {},
}: QueueSettings): void {
  const whole = (name: string, value: number, least: number) => {
    if (!Number.isInteger(value) || value < least)
      throw new InputError(name, `an integer of ${least} or more`, `${value}`);
  };
  whole("cpus", cpus, 1);
  whole("gpus", gpus, 0);
  whole("atATime", atATime, 1);
  if (!(memory > 0 && Number.isFinite(memory)))
    throw new InputError("memory", "GB, more than 0", `${memory}`);
  if (!/^(\d+-)?\d+(:\d\d){0,2}$/.test(time))
    throw new InputError("time", "a time limit, such as 12:00:00", time);
  for (const [name, value] of Object.entries(set)) {
    if (/[\r\n]/.test(value)) throw new InputError(`set: ${name}`, "one line", JSON.stringify(value));
  }
}

function recordOf(
  step: JobStep,
  number: number,
  settings: QueueSettings,
  place: { waits: readonly Waited[]; cwd: string },
): JobRecord {
  const { waits, cwd } = place;
  const { onPreview: _, after: __, ...kept } = settings;
  return {
    ...{ format: 1, program: packageVersion, number, name: step.name },
    ...{ queue: settings.queue === "local" ? "local" : "slurm", id: "", cwd },
    ...{ submitted: new Date().toISOString(), after: waits.map(({ folder }) => folder) },
    ...{ tasks: step.tasks.map((task) => [...task]), atATime: settings.atATime ?? 1, settings: { ...kept } },
  };
}

/** Jobs of other outputs that are not finished. @throws InputError if one of them has failed, or `queue` cannot wait for it */
async function waitedFor(places: readonly string[], queue: string): Promise<Waited[]> {
  const found = new Map<string, Waited>();
  for (const place of places) {
    for (const job of latest(await jobsOf(await JobsFolder.of(place)))) {
      if (job.state === "complete") continue;
      if (job.state !== "waiting" && job.state !== "running")
        throw new InputError(
          `after: ${place}`,
          "jobs that are complete, waiting or running",
          `${job.name}: ${job.state}`,
        );
      // Slurm would take the number of a process for that of a job.
      if (job.queue === "local" && queue !== "local")
        throw new InputError(
          `after: ${place}`,
          "jobs of Slurm, or the queue local",
          `${job.name}: a local job`,
        );
      const folder = path.resolve(job.folder);
      found.set(folder, { folder, id: job.id });
    }
  }
  return [...found.values()];
}

/** Options of sbatch that hold for every template: they are stronger than its #SBATCH lines. */
function sbatchOptions(
  folder: JobFolder,
  record: JobRecord,
  settings: QueueSettings,
  after: readonly string[],
): string[] {
  const { tasks } = record;
  const log = logOf(folder);
  return [
    "--parsable",
    `--job-name=${jobName(record)}`,
    `--chdir=${record.cwd}`,
    ...[`--output=${log}`, `--error=${log}`, "--open-mode=append", "--requeue"],
    `--array=1-${tasks.length}`,
    ...(settings.time !== undefined ? [`--time=${settings.time}`] : []),
    ...(after.length > 0 ? [`--dependency=afterok:${after.join(":")}`, "--kill-on-invalid-dep=yes"] : []),
  ];
}

/** Path of the log, in Slurm's notation. */
const logOf = (folder: JobFolder): string =>
  folder.log("%a").replace(folder.folder, folder.folder.replaceAll("%", "%%"));

const jobName = ({ name }: JobRecord): string => `e2gmm_${name}`;

async function scriptOf(folder: JobFolder, record: JobRecord, settings: QueueSettings): Promise<string> {
  return fillTemplate(settings, {
    ...{ name: jobName(record), command: jobCommand(folder.folder), log: logOf(folder) },
    ...{ folder: folder.folder, cwd: record.cwd },
  });
}

function previewOf({ folder, record, script, waits }: MadeJob, settings: QueueSettings): string {
  const commands = record.tasks.map((task) => `# ${typedCommand(task)}\n`).join("");
  if (record.queue === "local") return `# in the background, ${record.atATime} at a time:\n${commands}`;
  const ids = waits.map(({ folder: waited, id }) => id || `<id of ${path.basename(waited)}>`);
  const words = [...sbatchOptions(folder, record, settings, ids), folder.script].map((word) =>
    /^[\w./:@%+=,<> -]+$/.test(word) ? word : shellWord(word),
  );
  return `${commands}# sbatch ${words.join(" ")}\n${script}`;
}

/** Submits jobs in order. */
async function toSlurm(made: readonly MadeJob[], settings: QueueSettings): Promise<void> {
  for (const { folder, record, script, waits } of made) {
    await writeAtomic(folder.script, script);
    const ids = waits.map(
      ({ folder: waited, id }) => made.find((job) => job.folder.folder === waited)?.record.id ?? id,
    );
    // A job that has left the queue in good order since it was looked up needs not be waited for.
    const queued = [...(await slurmQueue(ids)).keys()];
    const still = ids.filter((id) => queued.some((key) => key.startsWith(`${id}_`)));
    record.id = await submitToSlurm([...sbatchOptions(folder, record, settings, still), folder.script]);
    await folder.write(record);
  }
}
