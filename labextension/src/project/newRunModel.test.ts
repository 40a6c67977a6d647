import assert from "node:assert/strict";
import { test } from "vitest";
import { type FileField, NewRunModel, type NewRunServices } from "./newRunModel.js";

type Request = Parameters<NewRunServices["ask"]>[0];

/** Services that keep what they are asked; answers by kind of request. */
function services(answers: Record<string, (request: never) => unknown> = {}) {
  const asked: Request[] = [];
  const copied: string[] = [];
  const all: Record<string, (request: never) => unknown> = {
    machine: () => ({ root: "/srv/data/", cpus: 12, slurm: false }),
    start: ({ settings }: { settings: { out: string } }) => ({ run: settings.out }),
    ...answers,
  };
  const made: NewRunServices = {
    ask: (async (request: Request) => {
      asked.push(request);
      return all[request.kind]!(request as never);
    }) as NewRunServices["ask"],
    choose: async (field: FileField) => ({ particles: "set/p.star", out: "runs" })[field as "particles"],
    copy: (text) => void copied.push(text),
  };
  return { made, asked, copied };
}

async function begun(answers?: Parameters<typeof services>[0]) {
  const { made, asked, copied } = services(answers);
  const started: string[] = [];
  const model = new NewRunModel(
    made,
    {},
    (run) => void started.push(run),
    (run) => run === "set/p_run_2",
  );
  await model.begin();
  return { model, asked, copied, started };
}

test("a chosen particle file proposes a folder beside it, until a folder is typed", async () => {
  const { model } = await begun();
  await model.choose("particles");
  assert.deepEqual([model.form.particles, model.form.out], ["set/p.star", "set/p_run"]);
  await model.choose("out");
  assert.equal(model.form.out, "runs/p_run");
  model.set({ particles: "other.star" });
  assert.equal(model.form.out, "runs/p_run");
});

test("what is typed becomes settings; empty fields stay defaults, and processors are those of the machine", async () => {
  const { model } = await begun();
  model.set({ particles: "p.star", map: "m.mrc", latent: " 3 ", amplitude: false, gpus: "2" });
  assert.deepEqual(model.settings(), {
    ...{ particles: "p.star", map: "m.mrc", out: "p_run", latent: 3, vary: ["position", "width"] },
    queue: { queue: "local", cpus: 12 },
  });
  model.set({ where: "template", template: "t.sh", cpus: "4", partition: "gpu", after: "first" });
  assert.deepEqual(model.settings().queue, {
    ...{ queue: "t.sh", cpus: 4, gpus: 2, set: { queue: "gpu" }, after: ["first"] },
  });
});

test("command and cell have absolute paths; instead of them stands what is missing", async () => {
  const { model } = await begun();
  assert.deepEqual(model.same, { missing: "particles: expected a particle file, found none" });
  model.set({ particles: "p.star", map: "/elsewhere/m.mrc" });
  const same = model.same as unknown as { command: string; cell: string };
  assert.match(
    same.command,
    /^e2gmm neutral --map \/elsewhere\/m\.mrc --out \/srv\/data\/p_run_model\.txt --queue local/,
  );
  assert.match(same.cell, /particles: "\/srv\/data\/p\.star"/);
  model.set({ resolution: "fine" });
  assert.deepEqual(model.same, { missing: "Resolution: “fine” is not a number" });
  model.set({ resolution: "", position: false, amplitude: false, width: false });
  assert.match((model.same as { missing: string }).missing, /What may change/);
});

test("a start passes the settings on, and proposes a free name for the next run", async () => {
  const { model, asked, started } = await begun();
  model.set({ particles: "set/p.star", map: "m.mrc" });
  await model.start();
  assert.deepEqual(started, ["set/p_run"]);
  assert.equal((asked.at(-1) as { settings: { out: string } }).settings.out, "set/p_run");
  assert.deepEqual([model.form.out, model.status], ["set/p_run_3", "Started set/p_run"]);
});

test("a start that is refused says why, and can be repeated", async () => {
  const refuse = () => {
    throw new Error("p_run: expected a new or empty folder, found a run");
  };
  const { model, started } = await begun({ start: refuse });
  model.set({ particles: "p.star", map: "m.mrc" });
  await model.start();
  assert.deepEqual(
    [model.status, model.starting, started],
    ["p_run: expected a new or empty folder, found a run", false, []],
  );
});

test("findings are shown until the files change; a check that was stopped leaves none", async () => {
  const found = { status: "ok", findings: [{ topic: "CTF", status: "ok", sentence: "fine" }], rings: [] };
  const { model, asked } = await begun({ check: () => found });
  model.set({ particles: "p.star", map: "m.mrc", resolution: "8" });
  await model.check();
  assert.deepEqual((asked.at(-1) as { inputs: object }).inputs, {
    particles: "p.star",
    map: "m.mrc",
    resolution: 8,
  });
  assert.equal(model.checked, found);
  model.set({ latent: "2" });
  assert.equal(model.checked, found);
  model.set({ map: "other.mrc" });
  assert.equal(model.checked, undefined);
});

test("the settings of a run fill the form, with a name for another run", async () => {
  const { model } = await begun();
  model.take({
    ...{
      particles: "p.star",
      model: "m.txt",
      out: "set/p_run",
      latent: 2,
      vary: ["amplitude"],
      symmetry: "C3",
    },
    queue: { queue: "slurm", cpus: 8, set: { queue: "gpu" } },
  });
  const { settings: _, ...form } = { settings: 0, ...model.form };
  assert.deepEqual([form.model, form.latent, form.symmetry, form.out], ["m.txt", "2", "C3", "set/p_run_3"]);
  assert.deepEqual([form.position, form.amplitude, form.width], [false, true, false]);
  assert.deepEqual([form.where, form.cpus, form.partition, form.after], ["slurm", "8", "gpu", ""]);
});

test("the expected time is that of the settings in the form, and goes with them", async () => {
  const found = { seconds: [60, 90], from: "a step" };
  const { model } = await begun({ expect: () => found });
  model.set({ particles: "p.star" });
  await model.measure();
  assert.equal(model.expected, found);
  model.set({ latent: "2" });
  assert.equal(model.expected, undefined);
  await model.measure();
  model.take({ particles: "other.star", model: "m.txt", out: "other_run", queue: { queue: "local" } });
  assert.equal(model.expected, undefined);
  const measuring = model.measure();
  model.set({ latent: "3" });
  await measuring;
  assert.equal(model.expected, undefined);
});

test("a second round has what it needs of its run, and nothing that the run has", async () => {
  const { model } = await begun();
  model.set({ particles: "p.star", map: "m.mrc", gaussians: "96", halves: true });
  model.continueFrom("set/p_run");
  assert.equal(model.form.out, "set/p_run_round2");
  model.set({ select: "closed.star", axes: "drop", mask: "arm.mrc", latent: "1", particles: "p.star" });
  assert.deepEqual(model.settings(), {
    ...{ from: "set/p_run", select: "closed.star", axes: "drop", out: "set/p_run_round2", latent: 1 },
    ...{ mask: "arm.mrc", queue: { queue: "local", cpus: 12 } },
  });
  assert.match(
    (model.same as { command: string }).command,
    /^e2gmm train --from \/srv\/data\/set\/p_run --select \/srv\/data\/closed\.star --axes drop --latent 1 /,
  );
});

test("the settings of a second round fill the form as those of a second round", async () => {
  const { model } = await begun();
  model.take({
    from: "set/p_run",
    select: "a.txt",
    axes: "kept",
    out: "set/p_run_2",
    queue: { queue: "local" },
  });
  const { from, select, axes, particles, out } = model.form;
  assert.deepEqual([from, select, axes, particles, out], ["set/p_run", "a.txt", "kept", "", "set/p_run_3"]);
});
