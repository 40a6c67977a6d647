import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { InputError } from "../errors";
import { foldersBelow } from "../foldersBelow";
import { cancel, resubmit, wait } from "../jobs/control";
import { JobsFolder } from "../jobs/jobRecords";
import { isOpen, type JobStatus, jobsOf } from "../jobs/jobStatus";
import { typedCommand } from "../jobs/typedCommand";
import { examples, numberOption, type QuietOption, quietOption } from "./options";
import { tellSubmitted } from "./queue";
import type { RunCommand, Session } from "./session";

interface ListOptions extends QuietOption {
  json?: boolean;
}

interface LogOptions extends QuietOption {
  job?: number;
  task?: number;
}

/** Adds the command `jobs`. */
export function addJobs(program: Command, run: RunCommand): void {
  const jobs = program
    .command("jobs")
    .summary("queued jobs: how far they are, what they print, stop them, continue them")
    .description(
      "Jobs that commands with --queue have submitted. They are found by a record beside their output (run/jobs, map.mrc.jobs), whoever " +
        "asks, from any shell.",
    );
  const list = jobs
    .command("list", { isDefault: true })
    .summary("state of the jobs")
    .description(
      "Lists the jobs of outputs: waiting, running, complete, failed, stopped (by a signal or by e2gmm jobs cancel), or lost (ended " +
        "without a word, as when a node fails or memory runs out).",
    )
    .argument(
      "[outputs...]",
      "folders of runs or studies, or other outputs (default: all in this folder and those below it)",
    )
    .addOption(new Option("--json", "print all that is known, as JSON"))
    .addOption(quietOption());
  examples(list, "e2gmm jobs list run");
  list.action((places: string[], options: ListOptions) =>
    run(options, (session) => tell(places, options, session)),
  );

  const log = jobs
    .command("log")
    .summary("what a job has printed")
    .description(
      "Prints the log of a task: of one that runs, else of the last one that failed, else of the last one.",
    )
    .argument("<output>", "folder of a run or study, or another output")
    .addOption(
      numberOption("--job <n>", "number of the job (default: the last one)", { integer: true, least: 1 }),
    )
    .addOption(numberOption("--task <n>", "task of the job", { integer: true, least: 1 }))
    .addOption(quietOption());
  examples(log, "e2gmm jobs log study --task 2");
  log.action((place: string, options: LogOptions) =>
    run(options, (session) => printLog(place, options, session)),
  );

  const stop = jobs
    .command("cancel")
    .summary("stop the jobs of an output")
    .description(
      "Takes jobs that wait out of the queue, and asks those that run to stop at their next step. A training keeps its last " +
        "checkpoint, from which e2gmm jobs resume goes on.",
    )
    .argument("<output>", "folder of a run or study, or another output")
    .addOption(quietOption());
  examples(stop, "e2gmm jobs cancel run");
  stop.action((place: string, options: QuietOption) =>
    run(options, async (session) => {
      await cancel(place);
      session.print(`${place}: jobs are being stopped`);
    }),
  );

  const again = jobs
    .command("resume")
    .summary("submit again what is not complete")
    .description(
      "Submits again the jobs of an output that failed, were stopped or lost, as they were submitted. Complete ones are not repeated.",
    )
    .argument("<output>", "folder of a run or study, or another output")
    .addOption(quietOption());
  examples(again, "e2gmm jobs resume run");
  again.action((place: string, options: QuietOption) =>
    run(options, async (session) => {
      const submitted = await resubmit(place);
      if (submitted.length === 0) session.print(`${place}: all jobs are complete`);
      else tellSubmitted(submitted, session);
    }),
  );

  const end = jobs
    .command("wait")
    .summary("wait for the jobs of an output")
    .description(
      "Waits until no job of an output is waiting or running; fails if one of them did not end well.",
    )
    .argument("<output>", "folder of a run or study, or another output")
    .addOption(quietOption());
  examples(end, "e2gmm jobs wait study");
  end.action((place: string, options: QuietOption) =>
    run(options, async (session) => {
      const { signal, onProgress } = session;
      const done = await wait(place, { signal, onProgress });
      session.print(`${place}: ${done.length} ${done.length === 1 ? "task is" : "tasks are"} complete`);
    }),
  );
}

async function tell(places: readonly string[], { json }: ListOptions, session: Session): Promise<void> {
  const folders =
    places.length > 0
      ? await Promise.all(places.map((place) => JobsFolder.of(place)))
      : await jobsHere(session);
  const found: JobStatus[] = [];
  for (const folder of folders) found.push(...(await jobsOf(folder)));
  if (json) {
    session.print(JSON.stringify(found, null, 2));
    return;
  }
  if (found.length === 0) session.print("no queued jobs here");
  for (const status of found) session.print(lineOf(status));
}

/** Folders of jobs of the outputs in the current folder and those below it. */
async function jobsHere({ signal, note }: Session): Promise<JobsFolder[]> {
  const onLimit = () =>
    note("there are more or deeper folders, which were not looked into; name the outputs");
  const found: JobsFolder[] = [];
  for await (const { folder, inside } of foldersBelow(".", { signal, onLimit })) {
    const jobs = inside.filter((name) => /(^|\.)jobs$/.test(name));
    found.push(...jobs.map((name) => new JobsFolder(path.join(folder, name))));
  }
  return found.sort((a, b) => a.folder.localeCompare(b.folder));
}

function lineOf(status: JobStatus): string {
  const { folder, name, number, task, tasks, id, state, reason, began, ended, host, restarts, command } =
    status;
  const place = path.relative(".", path.dirname(folder)) || ".";
  const which = tasks > 1 ? `${number}.${task}` : String(number);
  const since =
    began === undefined
      ? undefined
      : (Date.parse(ended ?? new Date().toISOString()) - Date.parse(began)) / 1000;
  const details = [
    reason,
    ...(since !== undefined && (ended !== undefined || isOpen(state)) ? [`${since.toFixed(0)} s`] : []),
    ...(host !== undefined ? [`on ${host}`] : []),
    ...(restarts > 0 ? [restarts === 1 ? "started again once" : `started again ${restarts} times`] : []),
  ].filter((text) => text !== "");
  const how = details.length > 0 ? ` (${details.join(", ")})` : "";
  return `${place} ${which} ${name}, ${id}: ${state}${how}: ${typedCommand(command)}`;
}

async function printLog(place: string, { job, task }: LogOptions, session: Session): Promise<void> {
  const all = await jobsOf(await JobsFolder.of(place));
  const number = job ?? Math.max(...all.filter(({ began }) => began !== undefined).map((one) => one.number));
  const tasks = all.filter((one) => one.number === number && (task === undefined || one.task === task));
  const rank = ({ state }: JobStatus) =>
    state === "running" ? 2 : state === "complete" || state === "waiting" ? 0 : 1;
  const best = tasks.sort((a, b) => rank(b) - rank(a) || b.task - a.task)[0];
  if (!best) throw new InputError(place, "a job that has been started", "none");
  if (!existsSync(best.log)) throw new InputError(best.log, "the log of a job that has been started", "none");
  session.print((await readFile(best.log, "utf8")).trimEnd());
}
