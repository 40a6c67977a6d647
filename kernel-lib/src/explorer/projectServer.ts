import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { type Comm, type CommTransport, currentTransport } from "tslab-widgets";
import { InputError } from "../errors";
import { cancel, resubmit } from "../jobs/control";
import { listJobs } from "../jobs/jobStatus";
import { compareRuns } from "../project/compareRuns";
import { expectedTime } from "../project/expectedTime";
import type { NewRunSettings } from "../project/newRun";
import { rename, runs, settingsOf } from "../project/projectRuns";
import { startRun } from "../project/startRun";
import { taskDescription, taskDescriptions } from "../project/tasks/descriptions";
import { runForTasks } from "../project/tasks/runValues";
import { startTask } from "../project/tasks/startTask";
import { mapPaths } from "../project/tasks/taskFields";
import { taskOf } from "../project/tasks/taskRecord";
import { checkInputs } from "../training/check/checkInputs";
import {
  type ProjectAnswer,
  type ProjectRequest,
  type ProjectResults,
  projectTarget,
} from "./projectMessages";
import { shownComparison } from "./shownComparison";

const served = new WeakSet<CommTransport>();
/** Bytes of a log that are shown. */
const logTail = 8000;
/** Shortest time between two messages of progress, in ms. */
const progressTime = 200;

/**
 * Lets JupyterLab's project pages check inputs, start runs, and list those below the kernel's working folder. The pages call this
 * themselves; it has no effect outside a kernel.
 *
 * @example
 * ```ts
 * e2.explorer.serveProject();
 * ```
 */
export function serveProject(): void {
  const transport = currentTransport();
  if (!transport || served.has(transport)) return;
  served.add(transport);
  transport.registerTarget(projectTarget, (comm) => {
    // A page that is closed needs no answer.
    const gone = new AbortController();
    comm.onClose(() => gone.abort(new Error("the page was closed")));
    comm.onMessage(({ data }) => void answer(comm, data as ProjectRequest & { id: string }, gone.signal));
  });
}

async function answer(
  comm: Comm,
  request: ProjectRequest & { id: string },
  signal: AbortSignal,
): Promise<void> {
  const { id } = request;
  const send = (message: ProjectAnswer) => {
    if (!signal.aborted) comm.send({ ...message });
  };
  let last = 0;
  const onProgress = ({ task, done, total }: { task: string; done: number; total: number }) => {
    const now = Date.now();
    if (now - last < progressTime) return;
    last = now;
    send({ kind: "progress", id, progress: { task, done, total } });
  };
  try {
    const result = await projectResult(request, { signal, onProgress });
    send({ kind: "answer", id, result });
  } catch (error) {
    send({ kind: "problem", id, text: (error as Error).message });
  }
}

interface Work {
  signal: AbortSignal;
  onProgress: (progress: { task: string; done: number; total: number }) => void;
}

/** Does what a page asks for. @throws Error with a message for the user */
export async function projectResult(
  request: ProjectRequest,
  work: Work,
): Promise<ProjectResults[ProjectRequest["kind"]]> {
  switch (request.kind) {
    case "machine":
      return { root: process.cwd(), cpus: availableParallelism(), slurm: hasProgram("sbatch") };
    case "check":
      return checkInputs({ ...inside(request.inputs), ...work });
    case "start": {
      const { queue, ...rest } = request.settings;
      await startRun({ ...inside(rest), queue: queueInside(queue) });
      return { run: request.settings.out };
    }
    case "startTask": {
      const { task, values, queue } = request.settings;
      const { fields } = taskDescription(task);
      const placed = mapPaths(fields, values, (file) => below(file));
      await startTask({ task, values: placed, queue: queueInside(queue) });
      return { output: String(values["out"]) };
    }
    case "expect": {
      const { queue, ...rest } = request.settings;
      return expectedTime({ ...inside(rest), queue }, work);
    }
    case "runForTasks": {
      const found = await runForTasks(below(request.run));
      const fields = taskDescriptions.flatMap((one) => one.fields);
      return { ...found, values: mapPaths(fields, found.values, shown) };
    }
    case "taskSettings": {
      const settings = await taskOf(below(request.output));
      const { fields } = taskDescription(settings.task);
      return { ...settings, values: mapPaths(fields, settings.values, shown) };
    }
    case "runs":
      return { runs: await runs(".", { signal: work.signal }) };
    case "log":
      return { text: await logOf(below(request.run)) };
    case "cancel":
      await cancel(below(request.run));
      return {};
    case "resume":
      return { jobs: (await resubmit(below(request.run))).length };
    case "rename":
      await rename(below(request.run), String(request.title));
      return {};
    case "settings":
      return relative(await settingsOf(below(request.run)));
    case "compare": {
      const { first, second } = request;
      return shownComparison(await compareRuns(below(first), below(second), { signal: work.signal }), [
        first,
        second,
      ]);
    }
    default:
      throw new InputError("request", "a known request", JSON.stringify(request).slice(0, 100));
  }
}

/** An absolute path of a file below the working folder. @throws InputError for any other file */
function below(file: string): string {
  const root = process.cwd();
  const place = path.resolve(root, String(file));
  if (!isBelow(root, place))
    throw new InputError(String(file), `a file below ${root}, which JupyterLab shows`);
  return place;
}

function isBelow(root: string, place: string): boolean {
  const from = path.relative(root, place);
  return from !== ".." && !from.startsWith(`..${path.sep}`) && !path.isAbsolute(from);
}

/** A queue whose template and outputs to wait for have absolute paths, all below the working folder. */
function queueInside<Q extends NewRunSettings["queue"]>(queue: Q): Q {
  const { after = [] } = queue;
  const isName = /^(local|slurm|relion)$/.test(queue.queue);
  return {
    ...queue,
    ...(!isName && { queue: below(queue.queue) }),
    ...(after.length > 0 && { after: after.map(below) }),
  };
}

/** A path relative to the working folder, if it lies below it. */
function shown(file: string): string {
  const root = process.cwd();
  const place = path.resolve(root, file);
  return isBelow(root, place) ? path.relative(root, place) : file;
}

const pathNames = ["particles", "map", "model", "mask", "out", "from", "select"] as const;

/** Settings with absolute paths, all below the working folder. Relative ones would depend on where a command is typed. */
function inside<T extends Partial<NewRunSettings>>(settings: T): T {
  const placed = pathNames.flatMap((name) => {
    const file = settings[name];
    return file ? [[name, below(file)] as const] : [];
  });
  return { ...settings, ...Object.fromEntries(placed) };
}

/** Settings with paths relative to the working folder, where they lie below it. */
function relative(settings: NewRunSettings): NewRunSettings {
  const placed = pathNames.flatMap((name) => {
    const file = settings[name];
    return file ? [[name, shown(file)] as const] : [];
  });
  return { ...settings, ...Object.fromEntries(placed) };
}

/** The end of the log of the job that runs, or was started last. */
async function logOf(run: string): Promise<string> {
  const jobs = (await listJobs(run)).filter(({ log }) => existsSync(log));
  const job = jobs.find(({ state }) => state === "running") ?? jobs.at(-1);
  if (!job) return "";
  const file = await open(job.log);
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - logTail);
    const buffer = Buffer.alloc(Math.min(size, logTail));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const text = buffer.subarray(0, bytesRead).toString("utf8");
    return from > 0 ? text.slice(text.indexOf("\n") + 1) : text;
  } finally {
    await file.close();
  }
}

function hasProgram(name: string): boolean {
  return (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .some((folder) => folder !== "" && existsSync(path.join(folder, name)));
}
