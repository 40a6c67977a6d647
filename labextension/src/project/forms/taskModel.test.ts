import assert from "node:assert/strict";
import { test } from "vitest";
import { TaskModel, type TaskServices } from "./taskModel.js";

/** Forms of tasks: what is typed becomes settings, the run fills what it knows, and nothing else is sent. */

type Request = Parameters<TaskServices["ask"]>[0];

const known = {
  ...{ axes: 2, sets: ["open"] },
  values: {
    ...{ run: "set/run", particles: "set/p.cs", model: "set/m.txt", resolution: 8, latent: 2 },
    vary: ["position", "amplitude", "width"],
  },
};

function opened(answers: Record<string, (request: never) => unknown> = {}) {
  const asked: Request[] = [];
  const started: string[] = [];
  const all: Record<string, (request: never) => unknown> = {
    runForTasks: () => known,
    startTask: ({ settings }: { settings: { values: { out: string } } }) => ({ output: settings.values.out }),
    ...answers,
  };
  const services: TaskServices = {
    ask: (async (request: Request) => {
      asked.push(request);
      return all[request.kind]!(request as never);
    }) as TaskServices["ask"],
    choosePath: async ({ isFolder }) => (isFolder ? "maps" : "set/full.star"),
    copy: () => {},
  };
  const machine = () => ({ root: "/srv/", cpus: 4, slurm: false });
  const model = new TaskModel(
    services,
    undefined,
    machine,
    (out) => void started.push(out),
    (name) => ["set/run_states"].includes(name),
  );
  return { model, asked, started };
}

const names = ({ fields }: TaskModel) => fields.map(({ name }) => name);

test("a form of a run proposes a name that is free, and shows the fields that apply", async () => {
  const { model } = opened();
  await model.begin("reconstruct", "set/run");
  assert.equal(model.typed!.values["out"], "set/run_states_2");
  assert.ok(names(model).includes("clusters") && !names(model).includes("grid"));
  model.set("chosen", "grid");
  assert.ok(!names(model).includes("clusters") && names(model).includes("grid"));
  assert.ok(!names(model).includes("mask"));
  model.set("local", true);
  assert.ok(names(model).includes("mask"));
});

test("values that do not apply are kept for later, and not sent", async () => {
  const { model } = opened();
  await model.begin("reconstruct", "set/run");
  model.set("clusters", " 3 ");
  model.setParts("2");
  assert.deepEqual(model.settings(), {
    ...{ task: "states", values: { run: "set/run", clusters: 3, out: "set/run_states_2" } },
    queue: { queue: "local", cpus: 4, parts: 2 },
  });
  model.setTask("correct");
  assert.deepEqual(model.settings().values, { run: "set/run", out: "set/run_corrected.mrc" });
  model.setTask("states");
  assert.equal(model.settings().values["clusters"], 3);
});

test("what the run knows fills the forms that do not take it from the run themselves", async () => {
  const { model } = opened();
  await model.begin("study", "set/run");
  model.setTask("seeds");
  model.set("seeds", "1-3");
  const { particles, model: neutral, resolution, latent, vary } = model.settings().values;
  assert.deepEqual(
    [particles, neutral, resolution, latent, vary],
    ["set/p.cs", "set/m.txt", 8, 2, undefined],
  );
  await model.begin("poses", "set/run");
  assert.deepEqual(model.settings().values, { run: "set/run", out: "set/run_poses.cs" });
  assert.deepEqual(model.sets, ["open"]);
});

test("another run fills the fields that have what the one before said, and keeps what was typed", async () => {
  const other = { ...known, sets: ["shut"], values: { run: "b", particles: "b/p.star", model: "b/m.txt" } };
  const { model } = opened({
    runForTasks: ({ run }: { run: string }) => {
      if (run === "b") return other;
      if (run === "set/run") return known;
      throw new Error("no run");
    },
    taskSettings: () => ({
      ...{ task: "seeds", values: { run: "b", particles: "b/p.star", seeds: "1", out: "b_seeds" } },
      queue: { queue: "local" },
    }),
  });
  await model.begin("study", "set/run");
  model.setTask("seeds");
  model.set("seeds", "1-3");
  model.set("resolution", "9");
  model.set("run", "b/");
  model.set("run", "b");
  await new Promise(setImmediate);
  const { particles, model: neutral, resolution, latent, seeds } = model.settings().values;
  assert.deepEqual(
    [particles, neutral, resolution, latent, seeds],
    ["b/p.star", "b/m.txt", 9, undefined, "1-3"],
  );
  assert.deepEqual(model.sets, ["shut"]);
  // Settings of an output have nothing of a run that was in the form before
  await model.begin("study", "set/run");
  await model.take("b_seeds");
  model.setTask("options");
  assert.equal(model.typed!.values["model"], undefined);
});

test("command and cell have absolute paths; instead of them stands what is missing", async () => {
  const { model } = opened();
  await model.begin("reconstruct", "set/run");
  assert.deepEqual(model.same, { missing: "Clusters: expected a value, found none" });
  model.set("clusters", "many");
  assert.deepEqual(model.same, { missing: "Clusters: “many” is not a number" });
  model.set("clusters", "2");
  const { command } = model.same as unknown as { command: string };
  assert.equal(
    command,
    "e2gmm states /srv/set/run --clusters 2 --out /srv/set/run_states_2 --queue local --queue-cpus 4",
  );
});

test("a task is started once, and the next one has another name; a refusal is said", async () => {
  const { model, asked, started } = opened();
  await model.begin("reconstruct", "set/run");
  model.set("clusters", "2");
  await Promise.all([model.start(), model.start()]);
  assert.deepEqual(started, ["set/run_states_2"]);
  assert.equal(asked.filter(({ kind }) => kind === "startTask").length, 1);
  assert.equal(model.typed!.values["out"], "set/run_states_3");
  const refused = opened({
    startTask: () => {
      throw new Error("no");
    },
  });
  await refused.model.begin("poses", "set/run");
  await refused.model.start();
  assert.deepEqual([refused.model.status, refused.model.starting], ["no", false]);
});

test("the settings of an output fill the form again, and an output without any says so", async () => {
  const settings = {
    ...{ task: "states", values: { run: "set/run", clusters: 5, out: "set/run_states" } },
    queue: { queue: "slurm", cpus: 8, parts: 4, after: ["x"] },
  };
  const { model } = opened({ taskSettings: () => settings });
  assert.equal(await model.take("set/run_states"), true);
  assert.deepEqual(model.settings(), {
    ...{ task: "states", values: { ...settings.values, out: "set/run_states_2" } },
    queue: { queue: "slurm", cpus: 8, parts: 4 },
  });
  const none = opened({
    taskSettings: () => {
      throw new Error("no");
    },
  });
  assert.equal(await none.model.take("set/run_states"), false);
});

test("chosen files and folders fill their fields", async () => {
  const { model } = opened();
  await model.begin("reconstruct", "set/run");
  const field = (name: string) => model.fields.find((one) => one.name === name)!;
  await model.choose(field("particles"));
  await model.choose(field("out"));
  const { particles, out } = model.typed!.values;
  assert.deepEqual([particles, out], ["set/full.star", "maps/run_states_2"]);
});
