import { existsSync } from "node:fs";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError } from "../errors";
import type { JobStep } from "../jobs/queueSettings";
import { cpusOf } from "../jobs/queueTemplate";
import { submitSteps } from "../jobs/submit";
import { jobsFolderName } from "../jobsFolderName";
import { fileState } from "../training/runs/inputFiles";
import { packageVersion } from "../version";
import { compareParts } from "./compareParts";
import { overall } from "./comparison/verdict";
import { checkParts, makeParts, type PartsContext, seedOf } from "./parts";
import { writePages } from "./report/writePages";
import type { RecordedSettings, StudyKind, StudyPart } from "./settings";
import { StudyFolder } from "./studyFolder";
import type { Comparison, StudyReport } from "./studyReport";
import { TrainedPart } from "./trainedPart";

/** A study: its parts, and what is recorded of it. */
export interface StudyPlan {
  kind: StudyKind;
  parts: readonly StudyPart[];
  settings: PartsContext["settings"];
  /** Settings of this kind of study that change its result. */
  own: Readonly<Record<string, unknown>>;
  notes: readonly string[];
}

/**
 * Makes the parts that are missing, compares each with the first, and writes the report. @returns the report; undefined if only
 * one part was asked for, or if it was queued
 */
export async function runStudy(plan: StudyPlan): Promise<StudyReport | undefined> {
  const { settings, parts } = plan;
  checkParts(plan);
  const folder = new StudyFolder(settings.out);
  const recorded = await recordedSettings(plan);
  // A preview leaves nothing behind.
  if (!settings.queue?.onPreview) await folder.open(recorded);
  if (settings.part === undefined && existsSync(folder.file("report"))) return folder.readReport();
  if (settings.queue) {
    await queueStudy(plan, folder);
    return undefined;
  }
  await makeParts({ settings, folder, parts });
  if (settings.part !== undefined) return undefined;
  const report = await compareAll(plan, folder, recorded);
  await writePages(folder, report);
  // Written last: it says that the study is complete.
  await writeAtomic(folder.file("report"), `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

/** Queues what is missing: an array of the parts, and the comparison after it. */
async function queueStudy({ settings, parts }: StudyPlan, folder: StudyFolder): Promise<void> {
  const { part: only, engine = {}, backend, jobs } = settings;
  const queue = { atATime: jobs ?? 1, ...settings.queue! };
  const again = [
    ...["study", "resume", path.resolve(settings.out), "--quiet"],
    ...["--threads", String(engine.threads ?? cpusOf(queue))],
    ...(engine.engine !== undefined ? ["--engine", engine.engine] : []),
    ...(engine.gpu !== undefined ? ["--gpu", String(engine.gpu)] : []),
    ...(backend !== undefined ? ["--backend", backend] : []),
  ];
  const missing: number[] = [];
  for (const [p, part] of parts.entries()) {
    if ((only ?? p + 1) === p + 1 && !(await folder.isComplete(part))) missing.push(p + 1);
  }
  const makes: JobStep = {
    name: "parts",
    tasks: missing.map((number) => [...again, "--part", String(number)]),
  };
  const steps = [
    ...(missing.length > 0 ? [makes] : []),
    ...(only === undefined ? [{ name: "comparison", tasks: [again] }] : []),
  ];
  await submitSteps(path.resolve(settings.out, jobsFolderName), steps, queue);
}

async function compareAll(
  { kind, parts, settings, notes }: StudyPlan,
  folder: StudyFolder,
  recorded: RecordedSettings,
): Promise<StudyReport> {
  const { signal, onProgress, engine, onWarning, clusters = "auto" } = settings;
  const options = {
    ...{ engine, onWarning, clusters, seed: seedOf(settings) },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  };
  const opened: TrainedPart[] = [];
  try {
    for (const part of parts) opened.push(await TrainedPart.open(folder, part, signal));
    const [first, ...others] = opened as [TrainedPart, ...TrainedPart[]];
    const comparisons: Comparison[] = [];
    for (const other of others) comparisons.push(await compareParts(folder, [first, other], options));
    return {
      ...{ format: 1, program: packageVersion, kind, settings: recorded, ...overall(comparisons) },
      ...{ notes: [...notes], parts: opened.map((part) => part.report()), comparisons },
    };
  } finally {
    await Promise.allSettled(opened.map((part) => part.close()));
  }
}

/** Settings that do not change the result, or are recorded in another form. */
const notRecorded = new Set([
  ...["particles", "model", "out", "part", "jobs", "gaussians", "options", "clusters"],
  ...["engine", "backend", "priority", "signal", "onProgress", "onWarning", "onPart", "queue"],
]);
/** Settings that are names of files or folders. */
const files = new Set(["mask", "modelMask", "dataFolder", "rigid"]);

/** What changes the result, with absolute paths. @throws InputError for settings that no study can have */
async function recordedSettings({ kind, settings, own }: StudyPlan): Promise<RecordedSettings> {
  const { particles, model, clusters = "auto", options = {} } = settings;
  if ("symmetry" in settings && settings.symmetry !== undefined) {
    throw new InputError(
      "symmetry",
      "none: units of two parts need not correspond",
      String(settings.symmetry),
    );
  }
  if (clusters !== "auto" && !(Number.isInteger(clusters) && clusters >= 1)) {
    throw new InputError("clusters", "auto, or an integer of 1 or more", `${clusters}`);
  }
  const absolute = (value: unknown) => [value].flat().map((file) => path.resolve(String(file)));
  const others = Object.entries(settings).flatMap(([name, value]) => {
    if (notRecorded.has(name) || value === undefined) return [];
    return [[name, files.has(name) ? absolute(value) : value] as const];
  });
  return {
    ...{ format: 1, kind, particles: path.resolve(particles), sha256: (await fileState(particles)).sha256 },
    ...(model !== undefined && { model: path.resolve(model), modelSha256: (await fileState(model)).sha256 }),
    ...Object.fromEntries(others),
    ...{ clusters, options, ...own },
  };
}
