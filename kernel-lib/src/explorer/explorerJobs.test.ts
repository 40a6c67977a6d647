import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { openWidgets } from "tslab-widgets";
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from "vitest";
import { StoppedError } from "../errors";
import { trainInThisThread } from "../training/train";
import { explore, exploreTraining } from "./explore";
import type { Explorer } from "./explorer";
import { particlesPerState, states, type TestBench, testBench } from "./explorer.test.helper";

/** Reconstructions and trainings while sets are renamed, removed and made. */

let bench: TestBench;
let explorer: Explorer;
const rows = Array.from({ length: 60 }, (_, i) => i);
const names = () => explorer.viewer.maps.map(({ name }) => name);
const map = (id: string) => explorer.get("sets").find((set) => set.id === id)?.map;

beforeAll(async () => {
  bench = await testBench();
  const run = await trainInThisThread(bench.settings);
  run.close();
});
afterAll(() => bench.end());
beforeEach(() => bench.forget());
afterEach(async () => {
  explorer.close();
  await explorer.workbench.saved().catch(() => {});
});

/** Opens an explorer with a set whose map is shown. @returns the id of the set */
async function withMap(): Promise<string> {
  explorer = await explore("run");
  const { id } = explorer.sets.add(rows, { name: "first" });
  await explorer.reconstruct(id);
  assert.deepEqual(names(), ["first"]);
  return id;
}

describe("a set with a map that is shown", () => {
  // What is done during a second reconstruction, and the maps in the viewer afterwards
  const cases: [string, (id: string, making: Promise<unknown>) => Promise<unknown>, string[]][] = [
    ["reconstructed again", (_id, making) => making, ["first"]],
    [
      "reconstructed again and stopped: the earlier map stays",
      async (id, making) => {
        await bench.page.ask(explorer, { kind: "stop", set: id });
        await assert.rejects(making, StoppedError);
        assert.equal(map(id)?.status, "done");
      },
      ["first"],
    ],
    [
      "removed while it is reconstructed again",
      async (id, making) => {
        const answer = await bench.page.ask(explorer, { kind: "remove", sets: [id] });
        assert.equal(answer.kind, "answer");
        await assert.rejects(making, StoppedError);
      },
      [],
    ],
    [
      "renamed while it is reconstructed again",
      async (id, making) => {
        const answer = await bench.page.ask(explorer, { kind: "rename", set: id, name: "second" });
        assert.equal(answer.kind, "answer");
        await making;
      },
      ["second"],
    ],
    [
      "renamed to the name of another map in the viewer",
      async (id, making) => {
        explorer.viewer.setMap("own", (await explorer.reconstruct("other")).map);
        await explorer.showMap("other", false);
        await bench.page.ask(explorer, { kind: "rename", set: id, name: "own" });
        await making;
      },
      ["own (2)", "own"],
    ],
    [
      "stopped, then removed",
      async (id, making) => {
        await bench.page.ask(explorer, { kind: "stop", set: id });
        await assert.rejects(making, StoppedError);
        await bench.page.ask(explorer, { kind: "remove", sets: [id] });
      },
      [],
    ],
  ];
  for (const [name, during, maps] of cases) {
    test(`${name}`, async () => {
      const id = await withMap();
      explorer.sets.add(rows, { name: "other" });
      const making = explorer.reconstruct(id);
      making.catch(() => {});
      await during(id, making);
      assert.deepEqual(names(), maps);
      // Another set can still be reconstructed
      const next = explorer.sets.add(rows, { name: "next" });
      await explorer.reconstruct(next.id);
      assert.deepEqual(names(), [...maps, "next"]);
      assert.deepEqual(
        explorer.get("sets").filter((set) => set.map?.status === "done" && set.map.shown).length,
        maps.filter((shown) => shown !== "own").length + 1,
      );
    });
  }

  test("keeps its level and the slice through it when it is renamed", async () => {
    const id = await withMap();
    const [shown] = explorer.viewer.maps;
    shown!.set({ level: 0.25 });
    explorer.viewer.slice = { visible: true, map: "first", axis: "z", position: 0.5 };
    explorer.sets.rename(id, "second");
    assert.equal(explorer.viewer.slice.map, "second");
    assert.equal(explorer.viewer.maps[0], shown);
    assert.equal(shown!.level, 0.25);
  });

  test("is no longer marked as shown when its map is removed from the viewer", async () => {
    const id = await withMap();
    explorer.viewer.setMap("first", null);
    assert.equal((map(id) as { shown: boolean }).shown, false);
    await explorer.showMap(id);
    assert.deepEqual(names(), ["first"]);
  });
});

test("a queued reconstruction is stopped at once, before the running one ends", async () => {
  explorer = await explore("run");
  const [first, second] = [explorer.sets.add(rows), explorer.sets.add(rows)];
  const order: string[] = [];
  const one = explorer.reconstruct(first.id).then(() => order.push("first made"));
  const two = assert
    .rejects(explorer.reconstruct(second.id), StoppedError)
    .then(() => order.push("second stopped"));
  await bench.page.ask(explorer, { kind: "stop", set: second.id });
  await Promise.all([one, two]);
  assert.deepEqual(order, ["second stopped", "first made"]);
});

test("images that a reconstruction leaves out are reported", async () => {
  const file = bench.at("particles.mrcs");
  const stack = readFileSync(file);
  const hot = Buffer.from(stack);
  hot.writeFloatLE(1e9, 1024 + 4 * (7 * 24 * 24 + 300));
  writeFileSync(file, hot);
  try {
    explorer = await explore("run");
    const { id } = explorer.sets.add(rows, { name: "first" });
    await explorer.reconstruct(id);
    assert.match(
      explorer.get("status"),
      /^“first”: 1 of 60 images is unlike the others and left out \(row 8: /,
    );
  } finally {
    writeFileSync(file, stack);
  }
});

test("a set is found by its id, whatever the names of the others", async () => {
  explorer = await explore("run");
  const one = explorer.sets.add([1], { name: "set2" });
  const two = explorer.sets.add([2]);
  const three = explorer.sets.add([3], { name: one.id });
  for (const set of [one, two, three]) assert.equal(explorer.sets.get(set.id), set);
  assert.equal(explorer.sets.get("set2"), one);
  assert.notEqual(three.name, one.id);
  assert.throws(() => explorer.sets.rename(two.id, one.id), /Another set is already called/);
});

describe("a training that was stopped", () => {
  /** A run whose training was stopped after its first epoch. */
  async function stopped(): Promise<Float32Array> {
    rmSync("stopped", { recursive: true, force: true });
    const controller = new AbortController();
    let places = new Float32Array(0);
    const followed = await exploreTraining(
      {
        ...bench.settings,
        out: bench.at("stopped"),
        onEpoch: (_report, z) => {
          places = z;
          controller.abort(new Error("stopped"));
        },
      },
      { signal: controller.signal },
    );
    await assert.rejects(followed.training, StoppedError);
    assert.match(followed.get("status"), /Training was stopped; its last epoch is shown/);
    assert.equal(followed.scatter.count, states * particlesPerState);
    followed.close();
    return places;
  }

  test("can be stopped by request, and by a method", async () => {
    for (const stop of [
      (running: Explorer) => bench.page.ask(running, { kind: "stopTraining" }),
      (running: Explorer) => running.stopTraining(),
    ]) {
      rmSync("stopped", { recursive: true, force: true });
      explorer = await exploreTraining({ ...bench.settings, out: bench.at("stopped") });
      const rejected = assert.rejects(explorer.training, StoppedError);
      await stop(explorer);
      await rejected;
      assert.equal(explorer.get("training"), null);
      explorer.close();
    }
  });

  test("is opened with the encoder's latent coordinates of its last epoch, from which sets can be made", async () => {
    const places = await stopped();
    explorer = await explore("stopped");
    assert.match(
      explorer.get("status"),
      /Training of this run is not finished: latent coordinates are the encoder's after epoch \d of 2, not yet refined/,
    );
    assert.equal(explorer.scatter.count, states * particlesPerState);
    assert.equal(explorer.get("run")!.count, states * particlesPerState);
    explorer.scatter.probe = [...places.subarray(10, 12)];
    await bench.page.ask(
      explorer.scatter as never,
      {
        kind: "select",
        how: "latentNearest",
        mode: "replace",
        number: 1,
      } as never,
    );
    assert.deepEqual([...explorer.scatter.rows], [5]);
    assert.equal((await explorer.cluster({ method: "kmeans", count: 2 })).length, 2);
  });

  test("by an earlier version, whose checkpoint has no latent coordinates, shows the model and reports it", async () => {
    await stopped();
    const file = "stopped/weights.safetensors";
    const bytes = readFileSync(file);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
    // The last array of the file
    const [places] = header.places.data_offsets;
    delete header.places;
    delete header.__metadata__.checksum;
    writeFileSync(
      file,
      Buffer.concat([
        bytes.subarray(0, 8),
        Buffer.from(JSON.stringify(header).padEnd(length)),
        bytes.subarray(8 + length, 8 + length + places),
      ]),
    );
    explorer = await explore("stopped");
    assert.match(
      explorer.get("status"),
      /Training of this run is not finished, and its checkpoint has no latent coordinates/,
    );
    assert.equal(explorer.scatter.count, 0);
  });
});

test("resources that an explorer opens are closed with it, or when making it fails", async () => {
  const ended: string[] = [];
  const { Run } = await import("../training/runs/run");
  const { ParticleSet } = await import("../particles/particleSet");
  const { close: closeRun } = Run.prototype;
  const { close: closeParticles } = ParticleSet.prototype;
  Run.prototype.close = function close() {
    ended.push("run");
    closeRun.call(this);
  };
  ParticleSet.prototype.close = function close() {
    ended.push("particles");
    return closeParticles.call(this);
  };
  const widgets = openWidgets().size;
  const take = () => ended.splice(0).sort();
  try {
    explorer = await explore("run");
    explorer.close();
    assert.deepEqual(take(), ["particles", "run"]);
    // Columns are checked when nearly everything has been made
    await assert.rejects(
      explore("run", { columns: [{ name: "few", values: [1] }] }),
      /column few: expected 96/,
    );
    assert.deepEqual(take(), ["particles", "run"]);
    const run = await Run.open("run");
    await assert.rejects(explore(run, { columns: [{ name: "few", values: [1] }] }), /column few/);
    assert.deepEqual(take(), ["particles"]);
    run.close();
    cpSync("run", "other", { recursive: true });
    const record = JSON.parse(await readFile("other/run.json", "utf8"));
    await writeFile("other/run.json", JSON.stringify({ ...record, particles: 95 }));
    take();
    await explore("other").then(
      (opened) => {
        // The particle file with another number of particles is closed
        assert.deepEqual(take(), ["particles"]);
        opened.close();
      },
      () => assert.ok(!take().includes("particles")),
    );
    assert.equal(openWidgets().size, widgets);
  } finally {
    Run.prototype.close = closeRun;
    ParticleSet.prototype.close = closeParticles;
  }
});
