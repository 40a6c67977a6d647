import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as e2 from "e2gmm";
import { test } from "vitest";
import { temporaryFolder } from "../testing";
import { launcher, simulatedProject, succeed, words } from "./command";

/** Runs that are started as jobs, and the list of a project. */

const settingsIn = (folder: string, out: string): e2.project.NewRunSettings => ({
  particles: path.join(folder, "sim/particles.star"),
  map: path.join(folder, "sim/consensus.mrc"),
  out: path.join(folder, out),
  ...{ resolution: 16, gaussians: 12, latent: 1, vary: ["position"], epochs: 3 },
  queue: { queue: "local", cpus: 1 },
});

test("a run that is started as a job gives what its commands give, and is listed with its progress and title", async (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  const settings = settingsIn(folder, "runs/first");
  const jobs = await e2.project.startRun(settings);
  assert.deepEqual(
    jobs.map(({ name, queue }) => `${name} ${queue}`),
    ["neutral local", "train local"],
  );
  const seen = new Set<string>();
  let whole = 0;
  const until = e2.jobs.wait(settings.out);
  const timer = setInterval(async () => {
    for (const { state, progress } of await e2.jobs.list(settings.out)) {
      seen.add(state);
      whole = Math.max(whole, progress?.whole ?? 0);
    }
  }, 100);
  const done = await until.finally(() => clearInterval(timer));
  assert.deepEqual(
    done.map(({ state }) => state),
    ["complete", "complete"],
  );
  assert.ok(seen.has("running") && whole > 0 && whole <= 1, `${[...seen]} ${whole}`);

  const typed = settingsIn(folder, "runs/typed");
  for (const line of e2.project.commandOf(typed).split("\n")) succeed(folder, ...words(line).slice(1));
  await e2.jobs.wait(typed.out);
  const latents = (name: string) => readFileSync(path.join(folder, "runs", name, "latents.csv"), "utf8");
  assert.equal(latents("typed"), latents("first"));

  await e2.project.rename(settings.out, " first <look> ");
  const [typedRun, firstRun] = await e2.project.runs(folder);
  assert.equal(typedRun!.folder, "runs/typed");
  const { title, state, particles, axes, dataset, kind, bytes } = firstRun!;
  assert.deepEqual(
    { title, state, particles, axes, dataset, kind },
    {
      title: "first <look>",
      state: "complete",
      particles: 60,
      axes: 1,
      dataset: "particles.star",
      kind: "run",
    },
  );
  const sizeOf = (place: string): number =>
    readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + readFileSync(path.join(parentPath, name)).length, 0);
  assert.equal(bytes, sizeOf(settings.out));
  assert.deepEqual(await e2.project.settingsOf(settings.out), settings);
  // A run that was started otherwise is known by its record
  const { map: _, gaussians: _gaussians, queue: _queue, resolution, ...rest } = typed;
  const known = await e2.project.settingsOf(typed.out);
  assert.deepEqual(known, {
    ...rest,
    model: path.join(folder, "runs/typed_model.txt"),
    resolution: known.resolution,
    queue: { queue: "local" },
  });
  assert.ok(known.resolution! >= resolution! - 0.5);
});

test("what cannot be started is refused, and nothing is left behind", async (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  const good = settingsIn(folder, "run");
  mkdirSync(path.join(folder, "mine"));
  writeFileSync(path.join(folder, "mine/notes.txt"), "mine");
  writeFileSync(path.join(folder, "other_model.txt"), "mine");
  const before = readdirSync(folder, { recursive: true }).sort();
  for (const [change, message] of [
    [{ particles: path.join(folder, "none.star") }, /none\.star: no such file/],
    [{ latent: 40 }, /settings: latent: expected an integer/],
    [{ vary: ["colour"] }, /settings: vary\.0: expected position, amplitude, width, found colour/],
    [{ symmetry: "Q3" }, /Q3/],
    [{ colour: 3 }, /settings.*colour/],
    [{ out: path.join(folder, "mine") }, /mine: expected a new or empty folder, found other files/],
    [{ out: path.join(folder, "other") }, /other_model\.txt: expected a name that is free/],
    [{ queue: { queue: "none.sh" } }, /queue: expected slurm, local, relion/],
    [{ queue: { queue: "local", cpus: 0 } }, /settings: queue\.cpus: expected an integer of 1 or more/],
  ] as [object, RegExp][]) {
    const settings = { ...good, ...change } as e2.project.NewRunSettings;
    await assert.rejects(e2.project.startRun(settings), message);
    assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), before, JSON.stringify(change));
  }
  await assert.rejects(e2.project.rename(path.join(folder, "mine"), "a"), /mine: the folder of a run/);
  assert.ok(!existsSync(path.join(folder, "mine/jobs")));
  assert.deepEqual(await e2.project.runs(folder), []);
});

test("a study of halves that is started as a job is the study that its command makes", async (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  const { map: _, ...rest } = settingsIn(folder, "ours");
  // More epochs than pass before both studies are cancelled.
  const ours: e2.project.NewRunSettings = { ...rest, epochs: 1_000_000, halves: true };
  const typed = { ...ours, out: path.join(folder, "typed") };
  const [line, ...more] = e2.project.commandOf(typed).split("\n");
  assert.deepEqual(more, []);
  const jobs = await e2.project.startRun(ours);
  succeed(folder, ...words(line!).slice(1));
  const names = (found: readonly { name: string; task: number }[]) =>
    found.map(({ name, task }) => `${name} ${task}`);
  assert.deepEqual(names(jobs), names(await e2.jobs.list(typed.out)));
  const settings = (out: string) => JSON.parse(readFileSync(path.join(out, "settings.json"), "utf8"));
  assert.deepEqual(settings(ours.out), settings(typed.out));
  const listed = await e2.project.runs(folder);
  assert.deepEqual(listed.map(({ folder: place, kind }) => `${place} ${kind}`).sort(), [
    "ours study",
    "typed study",
  ]);
  for (const out of [ours.out, typed.out]) {
    await e2.jobs.cancel(out);
    await assert.rejects(e2.jobs.wait(out), /expected jobs that end well, found \w+, task 1: stopped/);
  }
});

test("reconstructions and poses of a run that a form starts are those of its command, and are listed below the run", async (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  const run = path.join(folder, "run");
  await e2.project.startRun(settingsIn(folder, "run"));
  await e2.jobs.wait(run);
  const workbench = await e2.openWorkbench(run);
  workbench.sets.add(
    Int32Array.from({ length: 30 }, (_, i) => 2 * i),
    { name: "every <other>" },
  );
  await workbench.saved();
  await workbench.close();
  const { values: known, sets } = await e2.project.runForTasks(run);
  assert.deepEqual(sets, ["every <other>"]);
  assert.equal(known["particles"], path.join(folder, "sim/particles.star"));
  const queue = { queue: "local", cpus: 1 };
  const particles = String(known["particles"]);
  const cases: [string, string, (at: (name: string) => string) => e2.project.TaskSettings][] = [
    [
      "states",
      "states.csv",
      (at) => ({
        ...{ task: "states", queue },
        values: { run, chosen: "grid", grid: 2, boxSize: 16, nearest: 20, out: at("states") },
      }),
    ],
    [
      "open.mrc",
      "",
      (at) => ({
        ...{ task: "reconstruct", queue },
        values: { run, particles, set: "every <other>", boxSize: 16, out: at("open.mrc") },
      }),
    ],
    [
      "poses.star",
      "",
      (at) => ({ task: "poses", queue, values: { run, force: true, out: at("poses.star") } }),
    ],
  ];
  const fewer = path.join(folder, "sim/fewer.star");
  const lines = readFileSync(particles, "utf8").trimEnd().split("\n");
  writeFileSync(fewer, `${lines.slice(0, -1).join("\n")}\n`);
  const map = path.join(folder, "fewer.mrc");
  await assert.rejects(
    e2.project.startTask({
      ...{ task: "reconstruct", queue },
      values: { run, particles: fewer, set: "every <other>", out: map },
    }),
    /fewer\.star: expected the 60 particles of .*run, whose set is chosen, found 59/,
  );
  assert.ok(!existsSync(map));
  for (const [name, file, settingsAt] of cases) {
    const ours = settingsAt((out) => path.join(folder, "ours", out));
    const typed = settingsAt((out) => path.join(folder, "typed", out));
    mkdirSync(path.join(folder, "ours"), { recursive: true });
    mkdirSync(path.join(folder, "typed"), { recursive: true });
    await e2.project.startTask(ours);
    const command = e2.project.taskCommandOf(typed);
    const script = path.join(folder, "typed.sh");
    writeFileSync(script, command.replaceAll(/^e2gmm/gm, `'${process.execPath}' '${launcher}'`));
    execFileSync("sh", ["-e", script], { cwd: folder });
    for (const out of [ours, typed]) await e2.jobs.wait(String(out.values["out"]));
    const content = (where: string) => readFileSync(path.join(folder, where, name, file), "latin1");
    assert.equal(
      content("ours").replaceAll("ours", "typed"),
      content("typed"),
      `${name}: the form gives what its command gives`,
    );
    assert.deepEqual(await e2.project.taskOf(String(ours.values["out"])), ours);
    await assert.rejects(e2.project.startTask(ours), /expected a (new or empty folder|name that is free)/);
  }
  const listed = await e2.project.runs(folder);
  const results = listed.filter(({ folder: place }) => place !== "run");
  assert.deepEqual(
    results.map(({ folder: place, kind, state, from }) => `${place} ${kind} ${state} ${from ?? "-"}`).sort(),
    [
      "ours/open.mrc maps complete run",
      "ours/poses.star poses complete run",
      "ours/states maps complete run",
      // Its command does not name the run
      "typed/open.mrc maps complete -",
      "typed/poses.star poses complete run",
      "typed/states maps complete run",
    ],
  );
  const files = (place: string) => results.find((one) => one.folder === place)!.results;
  assert.deepEqual(files("ours/states"), [
    "ours/states/state_01.mrc",
    "ours/states/state_02.mrc",
    "ours/states/states.csv",
  ]);
  assert.equal(files("ours/open.mrc")[0], "ours/open.mrc");
  for (const one of results) assert.ok(one.bytes > 0, one.folder);
  await e2.project.rename(path.join(folder, "ours/open.mrc"), "open state");
  const named = (await e2.project.runs(folder)).find((one) => one.folder === "ours/open.mrc")!;
  assert.equal(named.title, "open state");
});

test("studies of seeds and options that a form starts are those of their commands", async (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  succeed(folder, ...words("neutral --map sim/consensus.mrc --resolution 16 --gaussians 12 --out model.txt"));
  writeFileSync(path.join(folder, "sets.json"), '{"one": {"latent": 1}, "two": {"latent": 2}}');
  const shared = {
    ...{ particles: path.join(folder, "sim/particles.star"), model: path.join(folder, "model.txt") },
    // More epochs than pass before both studies are cancelled.
    ...{ epochs: 1_000_000, resolution: 16 },
  };
  const queue = { queue: "local", cpus: 1 };
  for (const [task, own] of [
    ["seeds", { seeds: "1-2" }],
    ["options", { options: path.join(folder, "sets.json") }],
  ] as ["seeds" | "options", object][]) {
    const at = (out: string): e2.project.TaskSettings => ({
      ...{ task, queue },
      values: { ...shared, ...own, out: path.join(folder, `${out}_${task}`) },
    });
    const [ours, typed] = [at("ours"), at("typed")];
    const jobs = await e2.project.startTask(ours);
    succeed(folder, ...words(e2.project.taskCommandOf(typed)).slice(1));
    const out = ({ values }: e2.project.TaskSettings) => String(values["out"]);
    const names = (found: readonly { name: string; task: number }[]) =>
      found.map((one) => `${one.name} ${one.task}`);
    assert.deepEqual(names(jobs), names(await e2.jobs.list(out(typed))));
    const recorded = (one: e2.project.TaskSettings) =>
      JSON.parse(readFileSync(path.join(out(one), "settings.json"), "utf8"));
    assert.deepEqual(recorded(ours), recorded(typed));
    for (const one of [ours, typed]) {
      await e2.jobs.cancel(out(one));
      await assert.rejects(e2.jobs.wait(out(one)), /expected jobs that end well/);
    }
  }
});

test("the expected time of a run is measured at its sizes, and says which they are", async (t) => {
  const folder = temporaryFolder(t);
  simulatedProject(folder);
  const settings = settingsIn(folder, "run");
  const short = await e2.project.expectedTime(settings);
  const long = await e2.project.expectedTime({ ...settings, epochs: 3000 });
  assert.match(
    short.from,
    /^a step of 32 particles takes [\d.]+ ms for 12 Gaussians in a box of 18 pixels, measured here with 1 thread, for 60 particles$/,
  );
  for (const { seconds } of [short, long]) assert.ok(0 < seconds[0] && seconds[0] < seconds[1], `${seconds}`);
  // Both are measured, so that only a thousand times the epochs is sure to be longer.
  assert.ok(long.seconds[0] > short.seconds[0], `${short.seconds} ${long.seconds}`);
  const { gaussians: _, resolution: _detail, ...open } = settings;
  const { from } = await e2.project.expectedTime(open);
  assert.match(from, /300 Gaussians in a box of \d+ pixels and .* for 3000 Gaussians in a box of 30 pixels/);
  await assert.rejects(
    e2.project.expectedTime({ ...settings, particles: path.join(folder, "none.star") }),
    /none\.star: expected a file, found no such file/,
  );
});
