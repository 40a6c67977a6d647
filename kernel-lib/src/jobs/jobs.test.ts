import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { thisProcess } from "../training/runs/processIdentity";
import { commandSteps } from "./commandJobs";
import { resubmit } from "./control";
import { JobFolder, type JobRecord } from "./jobRecords";
import type { QueueSettings } from "./queueSettings";
import { runTask } from "./runTask";
import { submit } from "./submit";

/** A job of two tasks, as its record is found in the folder of an output. */
function recorded(t: TestContext, changed: Partial<JobRecord> = {}) {
  const place = path.join(temporaryFolder(t), "first");
  const folder = path.join(place, "jobs/1_train");
  mkdirSync(folder, { recursive: true });
  const record: JobRecord = {
    ...{ format: 1, program: "1", number: 1, name: "train", queue: "local", id: "123", cwd: process.cwd() },
    ...{ submitted: "2026-01-01T00:00:00Z", after: [], tasks: [["one"], ["two"]], atATime: 1, settings: {} },
    ...{ worker: thisProcess(), ...changed },
  };
  writeFileSync(path.join(folder, "job.json"), JSON.stringify(record));
  return { place, job: new JobFolder(folder) };
}

test("every command that computes in threads gets as many as processors are asked for", () => {
  for (const name of ["train", "reconstruct", "states", "correct", "project"]) {
    const [step] = commandSteps([name, "--out", "x"], { queue: "slurm", cpus: 3 });
    assert.match(step!.tasks[0]!.join(" "), /--threads 3\b/, name);
  }
});

test("a local command uses the processors of this machine, divided among the tasks at a time, unless their number is given", () => {
  const threads = (settings: Partial<QueueSettings>) =>
    Number(
      /--threads (\d+)/.exec(
        commandSteps(["train", "--out", "x"], { queue: "local", ...settings })[0]!.tasks[0]!.join(" "),
      )![1],
    );
  const all = availableParallelism();
  assert.equal(threads({}), all);
  assert.equal(threads({ cpus: all + 1 }), all + 1);
  assert.equal(threads({ atATime: 2 }), Math.max(1, Math.floor(all / 2)));
  assert.equal(threads({ queue: "slurm" }), 4);
});

test("jobs that are submitted again wait for the same outputs of others as before", async (t) => {
  const other = recorded(t);
  const now = new Date().toISOString();
  const failed = { format: 1, ...thisProcess(), restarts: 0, began: now, ended: now, code: 1 } as const;
  await other.job.writeTask(1, { ...failed, state: "failed" });
  const settings = { queue: "local" };
  const { place, job } = recorded(t, { after: [other.job.folder], settings, tasks: [["one"]] });
  await job.writeTask(1, { ...failed, state: "stopped" });
  await assert.rejects(resubmit(place), (error: Error) => {
    assert.ok(error.message.startsWith(`after: ${path.dirname(other.job.folder)}: expected jobs that are`));
    assert.match(error.message, /found train: failed/);
    return true;
  });
});

test("states that are started again go on in their folder, as a training does", () => {
  const argsOf = (...args: string[]) =>
    commandSteps(["states", "run", ...args, "--out", "x"], { queue: "slurm" })[0]!.tasks[0]!;
  const given = [[], ["--resume"], ["--part", "1/2"], ["--part=1/2"]];
  assert.deepEqual(
    given.map((args) => argsOf(...args).filter((word) => word === "--resume").length),
    [1, 1, 0, 0],
  );
});

test("tasks of sums and of cells are different commands, and each does its step alone", () => {
  const steps = commandSteps(["correct", "run", "--out", "x.mrc"], { queue: "slurm", parts: 2 });
  const words = steps.map(({ name, tasks }) => [
    name,
    ...tasks.map((task) => task.slice(task.indexOf("--part")).join(" ")),
  ]);
  assert.deepEqual(words.slice(0, 2), [
    ["sums", "--part 1/2 --step sums", "--part 2/2 --step sums"],
    ["cells", "--part 1/2 --step cells", "--part 2/2 --step cells"],
  ]);
  const commands = steps.flatMap(({ tasks }) => tasks.map((task) => task.join(" ")));
  assert.equal(new Set(commands).size, commands.length);
});

test("parts of places are an array, and the table is made after it", () => {
  const steps = commandSteps(["place", "run", "--out", "x.csv"], { queue: "slurm", cpus: 2, parts: 2 });
  const command = "place run --out x.csv --threads 2 --quiet";
  assert.deepEqual(
    steps.map(({ name, tasks }) => [name, ...tasks.map((task) => task.join(" "))]),
    [
      ["parts", `${command} --part 1/2`, `${command} --part 2/2`],
      ["place", command],
    ],
  );
});

test("a job of Slurm cannot wait for a local one, whose number may be that of another's job", async (t) => {
  const { place } = recorded(t);
  const scripts: string[] = [];
  const out = path.join(temporaryFolder(t), "sets");
  const command = ["latent", "run", "--out", out];
  const given = { after: [place], onPreview: (text: string) => void scripts.push(text) };
  await assert.rejects(
    submit(command, { queue: "slurm", ...given }),
    /after: .*: expected jobs of Slurm, or the queue local, found train: a local job/,
  );
  await submit(command, { queue: "local", ...given });
  assert.equal(scripts.length, 1);
});

test("a record whose name or number could be another path or a line of a script is refused", async (t) => {
  for (const changed of [{ name: "../../train" }, { name: "train\nrm x" }, { id: "--user=x" }])
    await assert.rejects(recorded(t, changed).job.read(), /job\.json: (name|id): expected/);
});

test("a local task within a job of Slurm is its own task, not that of Slurm's array", async (t) => {
  const { job } = recorded(t);
  const before = { ...process.env };
  t.onTestFinished(() => {
    process.env = before;
  });
  Object.assign(process.env, { SLURM_JOB_ID: "7", SLURM_ARRAY_TASK_ID: "2", E2GMM_JOB_TASK: "1" });
  const run: string[] = [];
  assert.equal(await runTask(job.folder, async (args) => run.push(...args) - 1), 0);
  assert.deepEqual(run, ["one"]);
  assert.equal((await job.readTask(1))?.state, "complete");
});
