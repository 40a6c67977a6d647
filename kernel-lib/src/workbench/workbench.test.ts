import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test, vi } from "vitest";
import { FolderHeldError, RunLock } from "../training/runs/runLock";
import { Workbench } from "./workbench";
import { emptyState, mergeNotes, mergeStates } from "./workbenchState";

const count = 50;
const latent = 2;
let folder: string;

beforeEach(async () => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), "e2gmm-workbench-")), "run");
  await mkdir(folder);
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true, force: true }));

async function opened(run = folder): Promise<Workbench> {
  const workbench = new Workbench(count);
  await workbench.attach({ folder: run, count, latent });
  return workbench;
}

const names = (items: Iterable<{ name: string }>) => Array.from(items, ({ name }) => name);
const table = (run = folder) => path.join(run, "workbench/workbench.json");

test("nothing is written before something is made", async () => {
  const workbench = await opened();
  await workbench.close();
  assert.deepEqual(readdirSync(folder), []);
});

test("sets, paths, views and notes are there after a restart, and in a copy of the folder", async () => {
  const workbench = await opened();
  workbench.sets.add([3, 1, 2], { name: "<b>open</b>", colour: "#123456" });
  workbench.sets.add([7, 8]);
  workbench.paths.add({ anchors: [[-1, 0], [0.1, 1 / 3]], stationCount: 7 }, "closing"); // biome-ignore format: short
  workbench.views.add({ scatter: { x: "z2", probe: [0.5, 1] }, viewer: { camera: [1, 2] } });
  workbench.drawn = { anchors: [[2, 2]], stationCount: 3 };
  workbench.notes = "A note\nof two lines";
  await workbench.close();
  const copy = path.join(path.dirname(folder), "elsewhere");
  await cp(folder, copy, { recursive: true });
  rmSync(folder, { recursive: true });
  const again = await opened(copy);
  assert.deepEqual(
    [...again.sets].map(({ id, ...set }) => set),
    [...workbench.sets].map(({ id, ...set }) => set),
  );
  assert.deepEqual([...again.sets.get("<b>open</b>").rows], [1, 2, 3]);
  assert.deepEqual([...again.paths], [...workbench.paths]);
  assert.deepEqual([...again.views], [...workbench.views]);
  assert.deepEqual(again.drawn, { anchors: [[2, 2]], stationCount: 3 });
  assert.equal(again.notes, "A note\nof two lines");
  assert.equal(existsSync(path.join(copy, "workbench/run.lock")), false);
});

test("of two workbenches that change at the same time neither loses anything, and each sees the other", async () => {
  const [one, other] = [await opened(), await opened()];
  one.sets.add([1, 2], { name: "chosen" });
  other.sets.add([3, 4], { name: "chosen" });
  one.notes = "by one";
  other.notes = "by the other";
  other.paths.add({ anchors: [[0, 0]], stationCount: 2 });
  await Promise.all([one.saved(), other.saved()]);
  await Promise.all([one.reload(), other.reload()]);
  await Promise.all([one.saved(), other.saved()]);
  await Promise.all([one.reload(), other.reload()]);
  assert.deepEqual(names(one.sets).sort(), ["chosen", "chosen (2)"]);
  assert.deepEqual(names(one.sets), names(other.sets));
  assert.deepEqual(names(one.paths), ["path 1"]);
  for (const text of ["by one", "by the other"]) assert.ok(one.notes.includes(text));
  assert.equal(one.notes, other.notes);
});

test("many processes at once: every set of each is there", async () => {
  const all = await Promise.all(Array.from({ length: 6 }, () => opened()));
  await Promise.all(
    all.map(async (workbench, i) => {
      for (let j = 0; j < 4; j++) {
        workbench.sets.add([i, 10 + j], { name: `${i} ${j}` });
        await workbench.saved();
      }
    }),
  );
  const found = names((await opened()).sets).sort();
  assert.deepEqual(found, all.flatMap((_, i) => [0, 1, 2, 3].map((j) => `${i} ${j}`)).sort());
});

test("a set that one deletes while the other renames it stays; one that only one deletes goes", async () => {
  const one = await opened();
  one.sets.addAll([{ rows: [1], name: "a" }, { rows: [2], name: "b" }]); // biome-ignore format: short
  await one.saved();
  const other = await opened();
  one.sets.remove(["a", "b"]);
  other.sets.rename("a", "kept");
  await one.saved();
  await other.saved();
  for (const workbench of [one, other, one]) {
    await workbench.reload();
    await workbench.saved();
  }
  assert.deepEqual(names(one.sets), ["kept"]);
  assert.deepEqual(names(other.sets), ["kept"]);
});

test("undo and redo go through all changes, and leave what others have made", async () => {
  const one = await opened();
  const other = await opened();
  one.sets.add([1], { name: "mine" });
  one.sets.rename("mine", "renamed");
  one.notes = "text";
  await one.saved();
  await other.reload();
  other.sets.add([9], { name: "theirs" });
  await other.saved();
  await one.reload();
  one.undo();
  one.undo();
  assert.deepEqual(names(one.sets), ["mine", "theirs"]);
  assert.equal(one.notes, "");
  one.undo();
  assert.deepEqual(names(one.sets), ["theirs"]);
  assert.equal(one.canUndo, false);
  assert.throws(() => one.undo(), /nothing to undo/);
  for (let i = 0; i < 3; i++) one.redo();
  assert.deepEqual(names(one.sets).sort(), ["renamed", "theirs"]);
  assert.equal(one.notes, "text");
  one.undo();
  one.sets.recolour("renamed", "#000000");
  assert.equal(one.canRedo, false);
  await one.saved();
  assert.equal((await opened()).sets.get("renamed").colour, "#000000");
});

test("a deleted set comes back with its particles, and its file goes when the workbench is closed without it", async () => {
  const workbench = await opened();
  workbench.sets.addAll([{ rows: [5, 6], name: "a" }, { rows: [7], name: "b" }]); // biome-ignore format: short
  workbench.sets.remove(["a"]);
  workbench.undo();
  await workbench.saved();
  assert.deepEqual([...(await opened()).sets.get("a").rows], [5, 6]);
  workbench.redo();
  await workbench.close();
  assert.equal(readdirSync(path.join(folder, "workbench/sets")).length, 1);
});

test("a cell that is run again makes no second set of the same name and particles", async () => {
  const { sets } = await opened();
  const first = sets.add([4, 2], { name: "chosen" });
  assert.equal(sets.add([2, 4], { name: "chosen" }), first);
  assert.equal(sets.add([2, 5], { name: "chosen" }).name, "chosen (2)");
});

test("waits for another process that writes; a failure is told, and the next change is written", async () => {
  const workbench = await opened();
  await mkdir(path.join(folder, "workbench"));
  const lock = await RunLock.take(path.join(folder, "workbench"));
  workbench.notes = "waiting";
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(existsSync(table()), false);
  await lock.release();
  await workbench.saved();
  assert.equal((await opened()).notes, "waiting");
  rmSync(folder, { recursive: true });
  workbench.notes = "lost?";
  await assert.rejects(workbench.saved(), /cannot be kept in the run folder: .*found no such folder/);
  assert.equal(existsSync(folder), false);
  await mkdir(folder);
  workbench.sets.add([1]);
  await workbench.saved();
  assert.equal((await opened()).notes, "lost?");
});

test("a lock that is released between a try and a look at it is no failure", async () => {
  const workbench = await opened();
  await mkdir(path.join(folder, "workbench"));
  const held = new FolderHeldError(
    folder,
    "a folder that no other training writes to",
    "one that was released since",
  );
  const take = vi.spyOn(RunLock, "take").mockRejectedValueOnce(held);
  try {
    workbench.notes = "kept";
    await workbench.saved();
    assert.equal(take.mock.calls.length, 2);
  } finally {
    take.mockRestore();
  }
  assert.equal((await opened()).notes, "kept");
});

test("what could not be written is not said to be kept after a look at the files, and is written when that is possible", async () => {
  const workbench = await opened();
  await writeFile(path.join(folder, "workbench"), "a file in the place of the folder");
  workbench.notes = "to be kept";
  await assert.rejects(workbench.saved(), /cannot be kept/);
  await workbench.reload();
  await assert.rejects(workbench.saved(), /cannot be kept/);
  assert.match(workbench.problem, /cannot be kept/);
  rmSync(path.join(folder, "workbench"));
  await workbench.reload();
  assert.equal(workbench.problem, "");
  assert.equal((await opened()).notes, "to be kept");
});

for (const [title, change, expected] of [
  ["text that is no JSON", () => "{", /workbench\.json: expected JSON/],
  [
    "another number of particles",
    (text: string) => text.replace('"particles": 50', '"particles": 49'),
    /the 50 particles of the run, found 49/,
  ],
  [
    "a colour that is markup",
    (text: string) => text.replace(/"#[0-9a-f]{6}"/, '"<b>"'),
    /colour: expected #rrggbb/,
  ],
  [
    "a set outside of the folder",
    (text: string) => text.replace(/"rows": "[0-9a-f]{32}"/, '"rows": "../../x"'),
    /rows: expected 32 hexadecimal/,
  ],
  [
    "particles that are not there",
    (text: string) => text.replace(/"rows": "[0-9a-f]{4}/, '"rows": "ffff'),
    /the particles of a set, found no such file/,
  ],
] as const) {
  // biome-ignore format: table
  test(`refuses ${title}, and leaves the file as it is`, async () => {
    const workbench = await opened();
    workbench.sets.add([1, 2]);
    await workbench.close();
    const damaged = change(await readFile(table(), "utf8"));
    await writeFile(table(), damaged);
    await assert.rejects(opened(), expected);
    assert.equal(await readFile(table(), "utf8"), damaged);
  });
}

test("merging: what only one side changed is as that side has it", () => {
  const mine = { ...emptyState, notes: "mine" };
  const theirs = { ...emptyState, drawn: { anchors: [[1, 1]], stationCount: 4 } };
  const merged = mergeStates(emptyState, mine, theirs);
  assert.deepEqual(merged, { ...emptyState, notes: "mine", drawn: theirs.drawn });
});

test("merging notes: text that one side has added before or behind stays with the other side's change; else both texts are kept", () => {
  for (const [base, mine, theirs, merged] of [
    ["open", "open, rare", "open\nsee set 2", "open, rare\nsee set 2"],
    ["open", "closed", "new: open", "new: closed"],
    ["open", "ajar", "shut", "shut\n\n— — —\n\najar"],
    ["", "mine", "theirs", "theirs\n\n— — —\n\nmine"],
    ["open", "open", "shut", "shut"],
  ] as const) {
    assert.equal(mergeNotes(base, mine, theirs), merged);
  }
});
