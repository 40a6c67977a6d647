import { existsSync } from "node:fs";
import { access, rm } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { withFileName } from "../../fileErrors";
import { commandSteps, jobsPlace } from "../../jobs/commandJobs";
import { type JobStatus, listJobs } from "../../jobs/jobStatus";
import { submitSteps } from "../../jobs/submit";
import { openParticles } from "../../particles/particleSet";
import { checked } from "../../schema";
import type { TrainingOptions } from "../../training/options";
import { RunFolder } from "../../training/runs/runFolder";
import { openWorkbench } from "../../workbench/workbench";
import { queueSchema } from "../queueSchema";
import { type QueuedStudy, startStudy } from "./startStudy";
import { requireTask, setListOf, type TaskSettings, taskSteps } from "./taskCommand";
import { isThere, mapPaths, type TaskDescription } from "./taskFields";
import { writeTaskRecord } from "./taskRecord";

const settingsSchema = v.strictObject({
  task: v.string("the name of a task"),
  values: v.record(
    v.string(),
    v.optional(
      v.union([v.string(), v.number(), v.boolean(), v.array(v.string())], "text, a number, true or false"),
    ),
  ),
  queue: queueSchema,
});

/**
 * Starts a reconstruction, a study or a refinement of poses as a job that outlives the kernel, shell or page that started it; the same as
 * the commands of {@link taskCommandOf}. `e2.jobs.list(out)` says how far it is, `e2.jobs.cancel(out)` stops it, `e2.jobs.resubmit(out)`
 * continues it.
 * @returns its jobs
 * @throws InputError for values that are missing, out of range or do not fit each other, files that are missing, an output that exists, and
 *   what the queue refuses
 * @example
 * ```ts no-run
 * const jobs = await e2.project.startTask({
 *   task: "states",
 *   values: { run: "run", chosen: "clusters", clusters: 8, out: "run_states" },
 *   queue: { queue: "local", cpus: 8 },
 * });
 * console.log(jobs.map(({ name, state }) => `${name}: ${state}`));
 * ```
 */
export async function startTask(settings: TaskSettings): Promise<JobStatus[]> {
  const given = checked(settingsSchema, settings, "settings") as TaskSettings;
  const description = requireTask(given);
  const { values, queue } = given;
  const out = String(values["out"]);
  await requireFiles(description, given);
  const steps = taskSteps(given);
  const command = steps.at(-1)!;
  const record = absolute(description, given);
  if (description.command[0] === "study") await startStudy(studyOf(given));
  else {
    const list = await listSet(given);
    try {
      await submitSteps(jobsPlace(command), commandSteps(command, queue), queue);
    } catch (error) {
      if (list !== undefined) await rm(list, { force: true });
      throw error;
    }
  }
  await writeTaskRecord(jobsPlace([command[0]!, "--out", out]), record);
  return listJobs(out);
}

/** @throws InputError for files that are missing, a run that is not complete, a set of units or of other particles, and an output that exists */
async function requireFiles({ fields, command }: TaskDescription, { values }: TaskSettings): Promise<void> {
  for (const { kind, name } of fields) {
    const value = values[name];
    if (!isThere(value)) continue;
    const file = String(value);
    if (kind === "file" || kind === "folder")
      await access(file).catch((error) => Promise.reject(withFileName(file, error)));
    if (kind === "newFile" && existsSync(file)) throw new InputError(file, "a name that is free", "a file");
    if (kind !== "newFolder") continue;
    const state = await new RunFolder(file).state();
    if (state !== "new") throw new InputError(file, "a new or empty folder", "other files");
  }
  const run = values["run"];
  if (!run || !new RunFolder(String(run)).exists) {
    // A study of halves stands for its two runs.
    if (run && command[0] !== "correct") throw new InputError(String(run), "the folder of a run");
    return;
  }
  const { status, inputs, particles: count } = await new RunFolder(String(run)).readRecord();
  if (status !== "complete") throw new InputError(String(run), "a run that is complete", String(status));
  const { set } = values;
  if (isThere(set) && inputs.symmetry !== undefined) {
    const expected =
      "a set of particles; those of a run with symmetry have units, and the explorer reconstructs them";
    throw new InputError(String(set), expected, inputs.symmetry);
  }
  if (isThere(set)) await requireSameRows(values, inputs.particles, { run: String(run), count });
}

/** Of another file than that of the run a set's rows are other particles, unless it has as many. @throws InputError */
async function requireSameRows(
  { particles, dataFolder }: TaskSettings["values"],
  own: string,
  { run, count }: { run: string; count: number },
): Promise<void> {
  const file = String(particles);
  if (path.resolve(file) === path.resolve(own)) return;
  const other = await openParticles(file, { ...(isThere(dataFolder) && { dataFolder: String(dataFolder) }) });
  try {
    if (other.count === count) return;
    throw new InputError(file, `the ${count} particles of ${run}, whose set is chosen`, `${other.count}`);
  } finally {
    await other.close();
  }
}

/** Writes the particles of a set beside the output, as `e2gmm sets` does. @returns the file; undefined without a set */
async function listSet({ values }: TaskSettings): Promise<string | undefined> {
  const { set, run, out } = values;
  if (!isThere(set)) return undefined;
  const file = setListOf(String(out));
  if (existsSync(file))
    throw new InputError(file, "a name that is free, for the particles of the set", "a file");
  const workbench = await openWorkbench(String(run));
  try {
    const { rows } = workbench.sets.get(String(set));
    await writeAtomic(file, `${rows.join("\n")}\n`);
  } finally {
    await workbench.close();
  }
  return file;
}

/** A study as the library takes it. */
function studyOf({ task, values, queue }: TaskSettings): QueuedStudy {
  const { particles, out, latent, epochs, vary, seeds, options } = values;
  const rest = [
    "model",
    "mask",
    "resolution",
    "gaussians",
    "dataFolder",
    "apix",
    "invertContrast",
    "clusters",
  ];
  const given = Object.fromEntries(
    rest.flatMap((name) => (isThere(values[name]) ? [[name, values[name]]] : [])),
  );
  const training = {
    ...(isThere(latent) && { latent }),
    ...(isThere(epochs) && { epochs }),
    ...(isThere(vary) && { vary }),
  } as Partial<TrainingOptions>;
  const own =
    task === "seeds"
      ? { kind: "seeds" as const, seeds: String(seeds) }
      : task === "options"
        ? { kind: "options" as const, file: String(options) }
        : { kind: "halves" as const };
  return { ...given, ...own, particles: String(particles), out: String(out), training, queue };
}

/** The settings with absolute paths, which hold in every working folder. */
function absolute({ fields }: TaskDescription, settings: TaskSettings): TaskSettings {
  const { values, queue } = settings;
  return {
    ...settings,
    values: mapPaths(fields, values, (file) => path.resolve(file)),
    queue: { ...queue, ...(queue.after && { after: queue.after.map((file) => path.resolve(file)) }) },
  };
}
