import assert from "node:assert/strict";
import { test } from "vitest";
import {
  type ListedRun,
  progressOf,
  RunsModel,
  type RunsServices,
  rangeText,
  sizeText,
  timeOfRuns,
  timeText,
} from "./runsModel.js";

function run(folder: string, more: Partial<ListedRun> = {}): ListedRun {
  return {
    ...{
      folder,
      title: "",
      kind: "run",
      state: "complete",
      reason: "",
      started: "",
      dataset: "p.star",
      bytes: 1,
    },
    ...{ jobs: [], results: [], ...more },
  } as ListedRun;
}

function job(name: string, state: string, progress?: object) {
  return { name, state, ...(progress && { progress }) } as unknown as ListedRun["jobs"][number];
}

function modelOf(listed: readonly ListedRun[], more: Partial<RunsServices> = {}) {
  const asked: { kind: string }[] = [];
  const services: RunsServices = {
    ask: (async (request: { kind: string }) => {
      asked.push(request);
      if (request.kind === "runs") return { runs: listed };
      return request.kind === "log"
        ? { text: `log of ${(request as unknown as { run: string }).run}` }
        : { jobs: 1 };
    }) as RunsServices["ask"],
    explore: async () => {},
    openFile: async () => {},
    insertCell: () => true,
    ...more,
  };
  const model = new RunsModel(
    services,
    undefined,
    () => "/srv",
    () => {},
  );
  return { model, asked };
}

const names = (model: RunsModel) =>
  model.rows.map(({ run: { folder }, depth }) => `${" ".repeat(depth)}${folder}`);

test("rounds stand below the run that they started from, also where records name each other", async () => {
  const { model } = modelOf([
    run("third", { from: "second" }),
    run("second", { from: "first" }),
    run("lost", { from: "elsewhere" }),
    run("first"),
    run("study", { kind: "study" }),
    run("study/half1"),
    run("study2/half1"),
    run("a", { from: "b" }),
    run("b", { from: "a" }),
  ]);
  await model.look();
  assert.deepEqual(names(model), [
    "lost",
    "first",
    " second",
    "  third",
    "study",
    " study/half1",
    "study2/half1",
    "a",
    " b",
  ]);
  model.dispose();
});

test("a search finds words in folder, title, dataset and state", async () => {
  const { model } = modelOf([
    run("one", { title: "open state" }),
    run("two", { dataset: "Big.star", state: "failed" }),
  ]);
  await model.look();
  for (const [search, found] of [
    ["OPEN one", ["one"]],
    ["big failed", ["two"]],
    ["big open", []],
  ] as const) {
    model.find(search);
    assert.deepEqual(names(model), found);
  }
  model.dispose();
});

test("the run that is shown has its log; actions name it and look again", async () => {
  const { model, asked } = modelOf([run("one", { state: "running", jobs: [job("train", "running")] })]);
  await model.select("one");
  assert.equal(model.log, "log of one");
  await model.stop("one");
  assert.match(model.status, /one is being stopped; Resume continues/);
  assert.deepEqual(
    asked.map(({ kind }) => kind),
    ["runs", "log", "cancel", "runs", "log"],
  );
  model.dispose();
});

test("an action that fails says why", async () => {
  const explore = () => Promise.reject(new Error("no kernel"));
  const { model } = modelOf([run("one")], { explore });
  await model.explore("one");
  assert.equal(model.status, "no kernel");
  model.dispose();
});

test("a run is explored in a notebook by its absolute path, quoted as text", () => {
  const cells: string[] = [];
  const insertCell = (code: string) => cells.push(code) > 0;
  const { model } = modelOf([], { insertCell });
  model.exploreInNotebook('a "b"');
  assert.match(cells[0]!, /e2\.explore\("\/srv\/a \\"b\\""\)/);
  model.dispose();
});

test("progress names the job, its task, and what is left of the whole", () => {
  const progress = { task: "epoch 3 of 9", done: 1, total: 4, whole: 0.5, secondsLeft: 7500 };
  assert.deepEqual(
    progressOf(run("r", { jobs: [job("neutral", "complete"), job("train", "running", progress)] })),
    {
      text: "job 2 of 2, train: epoch 3 of 9, 25 %; about 2 h 5 min left in all",
      percent: 100 * (0.05 + 0.95 * 0.5),
    },
  );
  assert.deepEqual(progressOf(run("r", { jobs: [job("train", "running")] })), {
    text: "train: started",
    percent: undefined,
  });
  assert.deepEqual(progressOf(run("r", { jobs: [job("train", "waiting")] })), {
    text: "",
    percent: undefined,
  });
});

test("the model of a map is the first part of the whole, whose rounds do not make the bar begin anew", () => {
  const progress = { task: "growing Gaussians, round 2", done: 9, total: 10 };
  const jobs = [job("neutral", "running", progress), job("train", "waiting")];
  assert.equal(progressOf(run("r", { jobs })).percent, 0);
  assert.equal(progressOf(run("r", { jobs: [job("parts", "running", progress)] })).percent, undefined);
});

test("sizes and times are given in words", () => {
  assert.deepEqual([0, 999, 2400, 24_000_000].map(sizeText), ["0 B", "999 B", "2.4 KB", "24 MB"]);
  assert.deepEqual([5, 60, 600, 3599].map(timeText), [
    "less than a minute",
    "about 1 minute",
    "about 10 minutes",
    "about 1 h 0 min",
  ]);
});

test("the expected time is that of a whole run of the same particles, else of the last one", () => {
  const took = (minutes: number, number = 1) =>
    [
      {
        number,
        restarts: 0,
        began: "2024-01-01T00:00:00Z",
        ended: new Date(Date.UTC(2024, 0, 1, 0, minutes)).toISOString(),
      },
    ] as unknown as ListedRun["jobs"];
  const runs = [
    run("resumed", { dataset: "a.star", jobs: took(1, 3) }),
    run("last", { dataset: "b.star", particles: 2000, jobs: took(20) }),
    run("same", { dataset: "a.star", particles: 12_000, jobs: took(90) }),
    run("failed", { dataset: "c.star", state: "failed", jobs: took(2) }),
  ];
  assert.match(timeOfRuns(runs, "a.star"), /^same took 1 h 30 min for 12,000 particles;/);
  assert.match(timeOfRuns(runs, "c.star"), /^last took 20 minutes for 2,000 particles;/);
  assert.equal(timeOfRuns([runs[0]!], "a.star"), "");
});

test("a range of times is said in words, once where both ends are alike", () => {
  assert.equal(rangeText([200, 900]), "about 3 minutes to 15 minutes");
  assert.equal(rangeText([200, 205]), "about 3 minutes");
  assert.equal(rangeText([20, 90]), "less than a minute to 2 minutes");
});

test("maps, poses and studies stand below the run that they are made of", async () => {
  const { model } = modelOf([
    run("run_seeds", { kind: "study", from: "run" }),
    run("run_seeds/seed_1"),
    run("run_states", { kind: "maps", from: "run" }),
    run("run_poses.star", { kind: "poses", from: "run" }),
    run("run"),
  ]);
  await model.look();
  model.dispose();
  assert.deepEqual(names(model), [
    "run",
    " run_seeds",
    "  run_seeds/seed_1",
    " run_states",
    " run_poses.star",
  ]);
});

test("where only the step of a command is known, what is left of it is said", () => {
  const progress = { task: "back-projecting", done: 30, total: 100, at: "", stepSecondsLeft: 130 };
  assert.deepEqual(progressOf(run("m", { kind: "maps", jobs: [job("states", "running", progress)] })), {
    text: "states: back-projecting, 30 %; about 2 minutes left of this step",
    percent: undefined,
  });
});
