import assert from "node:assert/strict";
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { cp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, test } from "vitest";
import { readModelPdb } from "../model/pdb";
import { openParticles } from "../particles/particleSet";
import type { CompleteSettings } from "../training/settings";
import type { EpochReport } from "../training/trainer";
import { explore, exploreTraining } from "./explore";
import { type Page, particlesPerState, states, type TestBench, testBench } from "./explorer.test.helper";
import type { ExplorerRequest } from "./explorerState";
import { type PanelAnswer, panelTarget, servePanels } from "./panel";

let bench: TestBench;
let transport: Page;
let settings: CompleteSettings;
const at = (name: string) => bench.at(name);

beforeAll(async () => {
  bench = await testBench();
  transport = bench.page;
  settings = bench.settings;
});
afterAll(() => bench.end());
beforeEach(() => bench.forget());

test("a training is followed: latent coordinates, curves and model of each epoch, then the finished run", async () => {
  const reports: EpochReport[] = [];
  const explorer = await exploreTraining({ ...settings, onEpoch: (report) => reports.push(report) });
  assert.equal(explorer.scatter.count, 0);
  assert.equal(explorer.run, undefined);
  assert.deepEqual(explorer.viewer.gaussians, explorer.viewer.neutral);
  const run = await explorer.training;
  assert.equal(reports.length, 2);
  assert.deepEqual(
    explorer.get("history").map(({ epoch, heldOutFrc }) => [epoch, heldOutFrc]),
    reports.map(({ epoch, validationFrc }) => [epoch, validationFrc]),
  );
  assert.equal(explorer.scatter.count, states * particlesPerState);
  assert.equal(explorer.get("training"), null);
  assert.equal(explorer.run, run);
  explorer.scatter.probe = [0.5, -0.5];
  assert.deepEqual(explorer.viewer.gaussians, run.decode([0.5, -0.5]).params);
  assert.equal(explorer.get("run")!.count, states * particlesPerState);
  explorer.close();
  run.close();
});

test("a move of the probe in a view is answered with the decoded model in one binary message", async () => {
  const explorer = await explore("run");
  const before = transport.sent.length;
  transport.receive(explorer.scatter.id, {
    method: "update",
    state: { probeTo: { z1: 0.7, z2: 0.2 } },
    buffer_paths: [],
  });
  const messages = transport.sent.slice(before).filter(({ id }) => id === explorer.viewer.id);
  assert.equal(messages.length, 1);
  const [{ data: update, buffers }] = messages as [(typeof messages)[0]];
  assert.deepEqual(update["buffer_paths"], [["gaussians"]]);
  assert.deepEqual(buffers[0], explorer.run!.decode([0.7, 0.2]).params);
  explorer.close();
});

test("clusterings and UMAPs are stopped, also while they wait, and the next one is computed", async () => {
  // The sets of the run are those of other tests
  const explorer = await explore("run", { keep: false });
  const ask = (request: ExplorerRequest) => transport.ask(explorer, request);
  const umap = ask({ kind: "umap" });
  const clusters = assert.rejects(explorer.cluster({ method: "kmeans", count: 3 }), { name: "StoppedError" });
  assert.equal(explorer.get("analysis")?.done, 0);
  assert.equal((await ask({ kind: "stopAnalysis" })).kind, "answer");
  assert.equal(((await umap) as { text: string }).text, "Stopped");
  await clusters;
  assert.deepEqual([explorer.get("analysis"), explorer.get("busy")], [null, ""]);
  assert.equal(explorer.scatter.x, "z1");
  assert.equal((await explorer.cluster({ method: "kmeans", count: 3 })).length, 3);
  explorer.close();
});

test("sets are made on request and reconstructed in the background; the viewer shows the map", async () => {
  const explorer = await explore("run");
  const ask = (request: ExplorerRequest) => transport.ask(explorer, request);
  const problem = async (request: ExplorerRequest, text: RegExp) => {
    const answer = await ask(request);
    assert.equal(answer.kind, "problem");
    assert.match((answer as { text: string }).text, text);
  };
  await problem({ kind: "selection" }, /First select particles in the plot/);
  explorer.scatter.select(Array.from({ length: 40 }, (_, i) => 2 * i));
  assert.match(((await ask({ kind: "selection" })) as { text: string }).text, /Made the set “set 1”/);
  assert.equal((await ask({ kind: "clusters", clustering: { method: "kmeans", count: 3 } })).kind, "answer");
  assert.equal((await ask({ kind: "clusters", clustering: { method: "mixture", count: 2 } })).kind, "answer");
  assert.equal((await ask({ kind: "umap" })).kind, "answer");
  assert.deepEqual([explorer.scatter.x, explorer.scatter.y], ["UMAP 1", "UMAP 2"]);
  assert.equal(explorer.get("busy"), "");
  const counts = explorer.get("sets").map(({ count }) => count);
  assert.equal(counts.length, 6);
  assert.equal(counts[1]! + counts[2]! + counts[3]!, states * particlesPerState);
  assert.equal(counts[4]! + counts[5]!, states * particlesPerState);
  await problem(
    { kind: "clusters", clustering: { method: "kmeans", count: 1000 } },
    /k: expected an integer from 1 to the 96 points/,
  );
  explorer.scatter.anchors = [
    [-1, 0],
    [1, 0],
  ];
  const parted = await ask({ kind: "parts", along: "line", count: 4 });
  const { refined } = await explorer.run!.latents();
  const away = Array.from({ length: states * particlesPerState }, (_, i) => {
    const [z1, z2] = [refined[2 * i]!, refined[2 * i + 1]!];
    return Math.hypot(z1 - Math.min(Math.max(z1, -1), 1), z2);
  });
  // Half the length of the path
  const far = away.filter((distance) => distance > 1).length;
  assert.ok(far > 0);
  assert.match(
    (parted as { text: string }).text,
    new RegExp(
      `^Made 4 sets\\. ${far} of 96 particles are farther than 1 from the path, by distance in the latent`,
    ),
  );
  const parts = explorer.get("sets").slice(6);
  assert.deepEqual(
    parts.map(({ name }) => name),
    [1, 2, 3, 4].map((part) => `part ${part} of 4`),
  );
  assert.equal(
    parts.reduce((sum, { count }) => sum + count, 0),
    96 - far,
  );
  for (const { count } of parts) assert.ok(Math.abs(count - (96 - far) / 4) <= 1);

  const first = explorer.sets.get("set 1").id;
  assert.equal((await ask({ kind: "reconstruct", sets: [first] })).kind, "answer");
  const { map } = explorer.get("sets")[0]!;
  assert.ok(map?.status === "done" && map.shown);
  assert.equal(map.fsc!.fsc.length, 12);
  assert.deepEqual(
    explorer.viewer.maps.map(({ name }) => name),
    ["set 1"],
  );
  await ask({ kind: "rename", set: first, name: "<b>mine" });
  await ask({ kind: "recolour", set: first, colour: "#123456" });
  assert.deepEqual(
    explorer.viewer.maps.map(({ name, colour }) => [name, colour]),
    [["<b>mine", "#123456"]],
  );
  await ask({ kind: "showMap", set: first, shown: false });
  assert.equal(explorer.viewer.maps.length, 0);
  explorer.sets.add([1, 2], { name: "tiny" });
  await problem(
    { kind: "reconstruct", sets: [explorer.sets.get("tiny").id] },
    /“tiny” has too few particles to reconstruct: 2; 10 are needed/,
  );
  await problem({ kind: "nonsense" } as never, /request: expected a known request/);
  assert.match(
    ((await ask({ kind: "montage", set: first })) as { svg: string }).svg,
    /^<svg .*&lt;b&gt;mine/,
  );
  const picture = explorer.picture();
  assert.ok(picture.html.includes("&lt;b&gt;mine") && !picture.html.includes("<b>mine"));
  explorer.close();
});

test("without a drawn path, motions and parts follow the line along which the particles spread most", async () => {
  const explorer = await explore("run");
  const said = /^No path drawn: along the first principal component, from z = \(.*\) to \(.*\)$/;
  const played = await transport.ask(explorer, { kind: "play" });
  assert.match((played as { text: string }).text, said);
  assert.match(explorer.get("status"), said);
  assert.equal(explorer.viewer.get("frameCount"), explorer.scatter.stationCount);
  const pointed = await transport.ask(explorer, { kind: "arrows", shown: true });
  assert.match((pointed as { text: string }).text, said);
  const parted = await transport.ask(explorer, { kind: "parts", along: "line", count: 4 });
  assert.match((parted as { text: string }).text, /^Made 4 sets. No path drawn/);
  explorer.sets.remove([...explorer.sets].map(({ id }) => id));
  const sizes = (sets: readonly { rows: Uint32Array }[]) => sets.map(({ rows }) => rows.length);
  const all = { maxDistance: Number.POSITIVE_INFINITY };
  assert.deepEqual(sizes(explorer.setsAlongPath("line", 4, all)), [24, 24, 24, 24]);
  assert.equal(
    sizes(explorer.setsAlongPath("length", 5, all)).reduce((a, b) => a + b),
    96,
  );
  assert.equal(explorer.setsAlongPath("stations", 3).length, 3);
  assert.throws(() => explorer.setsAlongPath("line", 4, { maxDistance: 1e-9 }), /No particle lies within/);
  explorer.scatter.anchors = [
    [-1, 0],
    [1, 0],
  ];
  explorer.playPath();
  assert.equal(explorer.get("status"), "");
  // The probe, and with it what is exported and pinned, is at the last frame
  const { stationCount } = explorer.scatter;
  assert.equal(explorer.scatter.state.playedPlaces.length, 2 * stationCount);
  assert.equal((await transport.ask(explorer, { kind: "frame", frame: stationCount - 1 })).kind, "answer");
  assert.deepEqual(explorer.scatter.probe, [1, 0]);
  assert.deepEqual(explorer.model.params, explorer.run!.decode([1, 0]).params);
  assert.match(
    ((await transport.ask(explorer, { kind: "frame", frame: 99 })) as { text: string }).text,
    /frame: expected a frame from 0 to 2, found 99/,
  );
  explorer.close();
});

test("a reconstruction is stopped and the next one succeeds", async () => {
  const explorer = await explore("run");
  const { id } = explorer.sets.add(Array.from({ length: 60 }, (_, i) => i));
  const stopped = assert.rejects(explorer.reconstruct(id), { name: "StoppedError" });
  await transport.ask(explorer, { kind: "stop", set: id });
  await stopped;
  assert.equal(explorer.get("sets")[0]!.map, null);
  const { map } = await explorer.reconstruct(id);
  assert.deepEqual(map.size, [24, 24, 24]);
  explorer.close();
});

test("files are written below the working folder: particles with latent coordinates, maps with half maps, models", async () => {
  const explorer = await explore("run");
  explorer.sets.add([3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25], { name: "odd" });
  await explorer.reconstruct("odd");
  assert.deepEqual(await explorer.export("particles", "out/odd.star", { set: "odd" }), {
    files: ["out/odd.star"],
    warnings: [],
  });
  const written = await openParticles(at("out/odd.star"));
  assert.equal(written.count, 12);
  assert.equal(written.hasColumn("e2gmmLatent2"), true);
  const { files } = await explorer.export("map", "out/odd.mrc", { set: "odd" });
  const again = await transport.ask(explorer, {
    kind: "export",
    what: "particles",
    file: "out/odd.star",
    set: "odd",
    overwrite: true,
  });
  assert.equal((again as { text: string }).text, `Wrote out/odd.star in ${process.cwd()}`);
  assert.deepEqual(files, ["out/odd.mrc", "out/odd_half1.mrc", "out/odd_half2.mrc", "out/odd_fsc.txt"]);
  assert.deepEqual(readdirSync(at("out")).sort(), [
    "odd.mrc",
    "odd.star",
    "odd_fsc.txt",
    "odd_half1.mrc",
    "odd_half2.mrc",
  ]);
  await explorer.export("model", "probe.pdb");
  assert.equal((await readModelPdb(at("probe.pdb")))[0]!.count, explorer.model.count);
  await explorer.export("density", "probe.mrc");
  await assert.rejects(
    explorer.export("model", "probe.pdb"),
    /^InputError: The file probe\.pdb already exists; tick Overwrite or choose another name\.$/,
  );
  await explorer.export("model", "probe.pdb", { overwrite: true });
  await assert.rejects(
    explorer.export("model", "../probe.pdb"),
    /Files can be written only in the notebook's folder or below/,
  );
  await assert.rejects(explorer.export("particles", "a.star"), /Choose the set to write/);
  explorer.close();
});

test("without the particle file sets can be made; other actions report that it is missing", async () => {
  renameSync(settings.particles, at("elsewhere.star"));
  try {
    const explorer = await explore("run");
    assert.match(
      explorer.get("status"),
      /Without the particle file, sets can be made but not reconstructed or exported/,
    );
    assert.equal((await explorer.cluster({ method: "kmeans", count: 2 })).length, 2);
    await assert.rejects(explorer.reconstruct("k-means 1 of 2"), /^InputError: Without the particle file/);
    await assert.rejects(explorer.montage("k-means 1 of 2"), /Without the particle file/);
    explorer.close();
  } finally {
    renameSync(at("elsewhere.star"), settings.particles);
  }
});

test("an unfinished run or one of another version is reported", async () => {
  // The workbench of an explorer that was just closed may still be written.
  await cp(at("run"), at("half"), { recursive: true, filter: (file) => !file.includes("workbench") });
  rmSync(at("half/latents.csv"));
  const record = JSON.parse(await readFile(at("half/run.json"), "utf8"));
  await writeFile(at("half/run.json"), JSON.stringify({ ...record, status: "training" }));
  const explorer = await explore("half");
  assert.match(explorer.get("status"), /Training of this run is not finished/);
  // The encoder's latent coordinates replace the refined ones
  assert.equal(explorer.scatter.count, 96);
  explorer.scatter.probe = [1, 1];
  assert.deepEqual(explorer.viewer.gaussians, explorer.run!.decode([1, 1]).params);
  explorer.close();
  await writeFile(at("half/run.json"), JSON.stringify({ ...record, format: 2 }));
  await assert.rejects(explore("half"), /expected format 1, found 2, written by another version of e2gmm/);
  await assert.rejects(explore("out"), /expected a run folder with run.json in it/);
  assert.ok(existsSync(at("run/run.json")));
});

test("JupyterLab's panel lists the runs below the folder and opens an explorer", async () => {
  servePanels();
  servePanels();
  transport.targets.get(panelTarget)!(transport.comm("panel"), { data: {}, metadata: {}, buffers: [] });
  const ask = (request: object) => {
    const id = `panel ${transport.sent.length}`;
    transport.receive("panel", { ...request, id });
    return transport.heard(
      ({ id: comm, data: said }) => comm === "panel" && said["id"] === id && (said as PanelAnswer),
    );
  };
  const list = (await ask({ kind: "runs" })) as Extract<PanelAnswer, { runs: unknown }>;
  assert.deepEqual(
    list.runs.map(({ folder: run, about, usable }) => [run, about, usable]),
    [
      ["run", "96 particles, 2 latent dimensions", true],
      [
        "half",
        `${path.join(process.cwd(), "half/run.json")}: expected format 1, found 2, written by another version of e2gmm`,
        false,
      ],
    ],
  );
  assert.deepEqual(list.explorers, []);
  const opened = (await ask({ kind: "open", folder: "run" })) as Extract<PanelAnswer, { model: string }>;
  const again = (await ask({ kind: "runs" })) as Extract<PanelAnswer, { runs: unknown }>;
  assert.deepEqual(again.explorers, [{ model: opened.model, folder: "run" }]);
  assert.match(
    ((await ask({ kind: "open", folder: "nothing" })) as { text: string }).text,
    /expected a run folder/,
  );
});
