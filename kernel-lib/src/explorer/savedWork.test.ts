import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { cp } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, test } from "vitest";
import { trainInThisThread } from "../training/train";
import { openWorkbench } from "../workbench/workbench";
import { explore, exploreTraining } from "./explore";
import type { Explorer } from "./explorer";
import { type TestBench, testBench } from "./explorer.test.helper";
import type { ExplorerRequest } from "./explorerState";

/** What is made in an explorer is there in the next one. */

let bench: TestBench;
const open: Explorer[] = [];
const rows = Array.from({ length: 60 }, (_, i) => i);

beforeAll(async () => {
  bench = await testBench();
  (await trainInThisThread(bench.settings)).close();
});
beforeEach(() => bench.forget());
afterEach(async () => {
  for (const explorer of open.splice(0)) await closed(explorer);
});
afterAll(() => bench.end());

async function opened(...given: Parameters<typeof explore>): Promise<Explorer> {
  const explorer = await explore(...given);
  open.push(explorer);
  return explorer;
}

/** Closes an explorer, as a kernel that is shut down, and waits for its files. */
async function closed(explorer: Explorer): Promise<void> {
  explorer.close();
  await explorer.workbench.saved().catch(() => {});
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !holds(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(holds(), String(holds));
}

const names = (explorer: Explorer) => explorer.get("sets").map(({ name }) => name);

test("sets with their maps, the drawn path, views and notes are there in the next explorer, also of a copy elsewhere", async () => {
  const first = await opened("run");
  const set = first.sets.add(rows, { name: "chosen" });
  const { map, fsc } = await first.reconstruct(set.id);
  const ask = (request: ExplorerRequest) => bench.page.ask(first, request);
  first.scatter.anchors = [
    [-1, 0],
    [1, 0.5],
  ];
  first.scatter.set({ x: "z2", y: "z1", probe: [0.25, 0.5] });
  const kept = (await ask({ kind: "keep", what: "path" })) as { text: string };
  assert.equal(kept.text, "Kept the path as “path 1”");
  await ask({ kind: "keep", what: "view" });
  await ask({ kind: "notes", text: "seen" });
  // A page that has not yet seen these
  const merged = (await ask({ kind: "notes", text: "first", base: "" })) as { text: string };
  assert.match(merged.text, /both texts are kept/);
  assert.equal(first.workbench.notes, "seen\n\n— — —\n\nfirst");
  await ask({ kind: "notes", text: "seen <i>before</i>" });
  await closed(first);
  await cp("run", "moved", { recursive: true });

  const next = await opened("moved");
  assert.deepEqual(names(next), ["chosen"]);
  assert.deepEqual(next.scatter.anchors, [
    [-1, 0],
    [1, 0.5],
  ]);
  assert.deepEqual(
    next.get("workbench").paths.map(({ name }) => name),
    ["path 1"],
  );
  assert.equal(next.get("workbench").notes, "seen <i>before</i>");
  assert.equal(next.get("workbench").kept, true);
  await until(() => next.get("sets")[0]!.map?.status === "done");
  const state = next.get("sets")[0]!.map as { shown: boolean; fsc: { fsc: number[] } };
  assert.equal(state.shown, false);
  assert.equal(state.fsc.fsc.length, fsc!.fsc.length - 1);
  await next.showMap("chosen");
  assert.deepEqual(
    next.viewer.maps.map(({ name }) => name),
    ["chosen"],
  );
  const { files } = await next.export("map", "again.mrc", { set: "chosen" });
  assert.equal(files.length, 4);
  assert.deepEqual([...map.size], [24, 24, 24]);
  assert.equal(next.scatter.x, "z1");
  next.saved.showView("view 1");
  assert.deepEqual([next.scatter.x, next.scatter.y, next.scatter.probe], ["z2", "z1", [0.25, 0.5]]);
});

test("two explorers of a run see each other's sets, paths and notes, and the maps that the other has made", async () => {
  const [one, other] = [await opened("run"), await opened("run")];
  one.sets.add(rows, { name: "of one" });
  other.sets.add([1, 2, 3], { name: "of the other" });
  await until(() => names(one).length === 2 && names(other).length === 2);
  other.sets.rename("of one", "renamed");
  other.scatter.anchors = [
    [0, 0],
    [1, 1],
  ];
  await until(() => names(one).includes("renamed") && one.scatter.anchors.length === 2);
  await one.reconstruct("renamed");
  const mapOf = (explorer: Explorer) => explorer.get("sets").find(({ name }) => name === "renamed")!.map;
  await until(() => mapOf(other)?.status === "done");
  assert.equal((mapOf(other) as { shown: boolean }).shown, false);
  other.sets.remove(["renamed"]);
  await until(() => one.viewer.maps.length === 0);
});

test("deleting is undone, with the map; what can be undone is told to the page", async () => {
  const explorer = await opened("run");
  const ask = async (request: ExplorerRequest) =>
    (await bench.page.ask(explorer, request)) as { text: string };
  assert.equal(explorer.get("workbench").canUndo, false);
  assert.match((await ask({ kind: "undo" })).text, /There is nothing to undo/);
  const { id } = explorer.sets.add(rows, { name: "a" });
  await explorer.reconstruct(id);
  assert.equal(
    (await ask({ kind: "remove", sets: [id] })).text,
    "Deleted “a”; Undo brings back what was deleted",
  );
  assert.deepEqual(explorer.viewer.maps.length, 0);
  await ask({ kind: "undo" });
  assert.deepEqual(names(explorer), ["a"]);
  await until(() => explorer.get("sets")[0]!.map?.status === "done");
  assert.equal(explorer.get("workbench").canRedo, true);
  await ask({ kind: "redo" });
  assert.deepEqual(names(explorer), []);
});

test("paths and views are renamed and deleted; a view that needs what is not there says so", async () => {
  const explorer = await opened("run");
  const ask = async (request: ExplorerRequest) =>
    (await bench.page.ask(explorer, request)) as { kind: string; text: string };
  assert.match((await ask({ kind: "keep", what: "path" })).text, /First draw a path/);
  explorer.scatter.setColumn({ name: "mine", values: new Float32Array(96) });
  explorer.scatter.x = "mine";
  const { id } = explorer.saved.saveView("with a column");
  await ask({ kind: "renameKept", what: "view", item: id, name: "renamed" });
  explorer.scatter.removeColumn("mine");
  assert.match((await ask({ kind: "showKept", what: "view", item: id })).text, /“renamed” needs mine, which/);
  await ask({ kind: "removeKept", what: "view", item: id });
  assert.equal(explorer.get("workbench").views.length, 0);
  assert.equal((await ask({ kind: "keep", what: "map" as never })).kind, "problem");
});

test("sets that are made while a training runs are kept in its run", async () => {
  const explorer = await exploreTraining({ ...bench.settings, out: bench.at("trained") });
  open.push(explorer);
  await until(() => explorer.scatter.count > 0);
  explorer.sets.add([4, 5], { name: "early" });
  (await explorer.training).close();
  await explorer.workbench.saved();
  assert.deepEqual([...(await openWorkbench("trained")).sets.get("early").rows], [4, 5]);
});

test("nothing is kept where it is not asked for, and a damaged file is told", async () => {
  const explorer = await opened("run", { keep: false });
  explorer.sets.add([1, 2]);
  await closed(explorer);
  assert.equal(existsSync("run/workbench"), false);
  const workbench = await openWorkbench("run");
  workbench.sets.add([1]);
  await workbench.close();
  for (const name of readdirSync("run/workbench/sets"))
    await cp(bench.settings.model, `run/workbench/sets/${name}`);
  const warned = await opened("run");
  assert.match(warned.get("status"), /cannot be read, and nothing is kept now: .*sets/);
  assert.equal(warned.get("workbench").kept, false);
});
