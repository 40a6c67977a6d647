import { existsSync } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import { withFileName } from "../fileErrors";
import { commandSteps } from "../jobs/commandJobs";
import { type JobStatus, listJobs } from "../jobs/jobStatus";
import { submitSteps } from "../jobs/submit";
import { jobsFolderName } from "../jobsFolderName";
import { pointGroup } from "../optics/symmetry";
import { checked, numberIn, someText } from "../schema";
import { trainingRanges, variedKinds } from "../training/options";
import { inheritedAxes } from "../training/runs/lineage";
import { RunFolder } from "../training/runs/runFolder";
import { madeModelOf, type NewRunSettings, requireComplete, stepsOf } from "./newRun";
import { queueSchema } from "./queueSchema";
import { startStudy } from "./tasks/startStudy";

const optional = <S extends v.GenericSchema>(schema: S) => v.optional(schema);
const settingsSchema = v.strictObject({
  particles: optional(someText),
  from: optional(someText),
  select: optional(someText),
  axes: optional(v.picklist(inheritedAxes, inheritedAxes.join(" or "))),
  map: optional(someText),
  model: optional(someText),
  out: someText,
  resolution: optional(numberIn({ expected: "a length in Å", above: 0 })),
  gaussians: optional(numberIn({ integer: true, least: 1 })),
  latent: optional(numberIn(trainingRanges.latent)),
  vary: optional(v.array(v.picklist(variedKinds, variedKinds.join(", ")))),
  mask: optional(someText),
  symmetry: optional(someText),
  epochs: optional(numberIn(trainingRanges.epochs)),
  halves: optional(v.boolean("true or false")),
  queue: queueSchema,
});

/** What was asked for, in the folder of the jobs, so that another run can be started with the same settings. */
export const settingsFile = (out: string): string => path.join(out, jobsFolderName, "new_run.json");

/**
 * Starts a run as a job that outlives the kernel, shell or page that started it: the neutral model of the map, if one is given, then the
 * training; or a study of halves; or a second round. `e2.jobs.list(out)` says how far it is, `e2.jobs.cancel(out)` stops it after its last
 * checkpoint, `e2.jobs.resubmit(out)` continues it. The same as the commands of {@link commandOf}.
 * @returns its jobs
 * @throws InputError for settings that are incomplete or out of range, files that are missing, an output folder that is not new or empty,
 *   and what the queue refuses
 * @example
 * ```ts no-run
 * const jobs = await e2.project.startRun({
 *   particles: "particles.star",
 *   map: "consensus.mrc",
 *   resolution: 8,
 *   out: "run",
 *   queue: { queue: "local", cpus: 8 },
 * });
 * console.log(jobs.map(({ name, state }) => `${name}: ${state}`));
 * ```
 */
export async function startRun(settings: NewRunSettings): Promise<JobStatus[]> {
  const given = checked(settingsSchema, settings, "settings") as NewRunSettings;
  requireComplete(given);
  const { out, particles, map, model, mask, symmetry, queue, from, select } = given;
  if (symmetry !== undefined) pointGroup(symmetry);
  for (const file of [particles, map, model, mask, select]) {
    if (file) await access(file).catch((error) => Promise.reject(withFileName(file, error)));
  }
  if (from !== undefined) {
    const { status } = await new RunFolder(from).readRecord();
    if (status !== "complete") throw new InputError(from, "a run that is complete", String(status));
  }
  const state = await new RunFolder(out).state();
  if (state !== "new") {
    const found = state === "run" || state === "waiting" ? "a run" : "other files";
    throw new InputError(out, "a new or empty folder", found);
  }
  if (map && existsSync(madeModelOf(given)))
    throw new InputError(madeModelOf(given), "a name that is free, for the neutral model", "a file");
  if (given.halves) await startHalves(given);
  else {
    const steps = stepsOf(given).flatMap((step) => commandSteps(step, queue));
    await submitSteps(path.resolve(out, jobsFolderName), steps, queue);
  }
  await writeAtomic(settingsFile(out), `${JSON.stringify(absolute(given), null, 2)}\n`);
  return listJobs(out);
}

async function startHalves(settings: NewRunSettings): Promise<void> {
  const { particles = "", model, out, resolution, gaussians, latent, epochs, vary, mask, queue } = settings;
  await startStudy({
    ...{ kind: "halves", particles, out, queue },
    training: {
      ...(latent !== undefined && { latent }),
      ...(epochs !== undefined && { epochs }),
      ...(vary && vary.length > 0 && { vary: [...vary] }),
    },
    ...(model && { model }),
    ...(mask && { mask }),
    ...(resolution !== undefined && { resolution }),
    ...(gaussians !== undefined && { gaussians }),
  });
}

/** The settings with absolute paths, which hold in every working folder. */
function absolute(settings: NewRunSettings): NewRunSettings {
  const { particles, map, model, mask, out, queue, from, select } = settings;
  const full = (file: string) => path.resolve(file);
  return {
    ...settings,
    out: full(out),
    ...(particles && { particles: full(particles) }),
    ...(from && { from: full(from) }),
    ...(select && { select: full(select) }),
    ...(map && { map: full(map) }),
    ...(model && { model: full(model) }),
    ...(mask && { mask: full(mask) }),
    queue: { ...queue, ...(queue.after && { after: queue.after.map(full) }) },
  };
}
