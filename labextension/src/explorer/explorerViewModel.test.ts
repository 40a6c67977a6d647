import assert from "node:assert/strict";
import type { SetState } from "e2gmm/messages/explorer";
import { test } from "vitest";
import { kernelGoneText } from "../kernelGone.js";
import { FakeKernel, FakeWidget, settled } from "../widget.test.helper.js";
import type { ExplorerState } from "./explorerLinks.js";
import { ExplorerViewModel } from "./explorerViewModel.js";
import { movedCaret } from "./keepingCaret.js";

const set = (id: string, name = id): SetState => ({
  id,
  name,
  colour: "#0072b2",
  marker: "circle",
  count: 12,
  map: null,
});

const empty = new Float32Array();

function explorer(state: Partial<ExplorerState> = {}) {
  const widget = new FakeWidget<ExplorerState>({
    run: null,
    sets: [set("a"), set("b"), set("c")],
    ticked: [],
    history: [],
    verdict: null,
    shownAnyway: false,
    workbench: {
      ...{ paths: [], views: [], notes: "", canUndo: false, canRedo: false, kept: true },
      problem: "",
    },
    training: null,
    difference: "",
    analysis: null,
    busy: "",
    status: "",
    decoder: new Uint8Array(),
    decoderNumber: 0,
    split: 0.5,
    height: 520,
    ...state,
  });
  const played: (number | undefined)[] = [];
  const scatter = Object.assign(new FakeWidget({ selectedCount: 0 }), {
    showPlayed: (frame: number | undefined) => played.push(frame),
  });
  const viewer = new FakeWidget<Record<"arrowsFrom" | "second", ArrayLike<number>>>({
    arrowsFrom: empty,
    second: empty,
  });
  const kernel = new FakeKernel();
  let rests = 0;
  const model = new ExplorerViewModel({
    widget,
    scatter,
    viewer,
    ask: kernel.ask,
    rest: () => rests++,
    settings: { clusters: 4, parts: 5, showCurves: true, exportFolder: "out/" },
  });
  return { model, widget, scatter, viewer, kernel, played, rests: () => rests };
}

test("the status is the kernel's until the view has a message; a task in progress takes precedence", async () => {
  const { model, widget, kernel } = explorer({ status: "ready" });
  assert.deepEqual(model.status, { text: "ready", problem: false });
  kernel.answers.push(new Error("select particles first"));
  await model.ask({ kind: "selection" });
  assert.deepEqual(model.status, { text: "select particles first", problem: true });
  widget.receive({ busy: "reconstructing" });
  assert.deepEqual(model.status, { text: "reconstructing", problem: false });
  widget.receive({ busy: "", status: "done" });
  assert.deepEqual(model.status, { text: "done", problem: false });
  model.setKernelGone(true);
  assert.deepEqual(model.status, { text: kernelGoneText, problem: true });
});

const verdict = (kind: "found" | "none"): ExplorerState["verdict"] => ({
  ...{ kind, isEmpty: kind === "none", headline: "a headline", facts: "facts", advice: "", axes: [] },
});

test("the verdict stands in place of the picture only where nothing was found, until the picture is asked for", () => {
  const { model, widget } = explorer();
  assert.equal(model.concealed, false);
  let changes = 0;
  model.stateChanged.connect(() => changes++);
  widget.receive({ verdict: verdict("found") });
  assert.deepEqual([model.verdict?.kind, model.concealed, changes], ["found", false, 1]);
  widget.receive({ verdict: verdict("none") });
  assert.equal(model.concealed, true);
  model.showAnyway(true);
  assert.deepEqual(widget.sent, [{ shownAnyway: true }]);
  assert.equal(model.concealed, false);
  model.showAnyway(false);
  assert.equal(model.concealed, true);
});

test("ticks are sent to the kernel in the order of clicks", () => {
  const { model, widget } = explorer();
  model.tick("c", true);
  model.tick("a", true);
  assert.deepEqual(model.ticked, ["c", "a"]);
  model.tick("c", false);
  model.tickAll(true);
  assert.deepEqual(
    widget.sent.map(({ ticked }) => ticked),
    [["c"], ["c", "a"], ["a"], ["a", "b", "c"]],
  );
});

test("requests for sets use the values of the fields", () => {
  const { model, kernel } = explorer({ ticked: ["a", "b"] });
  model.makeClusters();
  model.editNewSets({ method: "density" });
  model.makeClusters();
  model.editNewSets({ along: "length", parts: "", maxDistance: "0.4" });
  model.makeParts();
  model.actOnTicked("union");
  model.actOnTicked("remove");
  assert.deepEqual(
    kernel.requests.map(({ kind, fields }) => ({ kind, ...fields })),
    [
      { kind: "clusters", clustering: { method: "kmeans", count: 4 } },
      { kind: "clusters", clustering: { method: "density" } },
      { kind: "parts", along: "length", count: Number.NaN, maxDistance: 0.4 },
      { kind: "combine", operation: "union", sets: ["a", "b"] },
      { kind: "remove", sets: ["a", "b"] },
    ],
  );
});

test("a name is sent only if it has changed, and the view is rendered in both cases", () => {
  const { model, kernel } = explorer();
  let changes = 0;
  model.stateChanged.connect(() => changes++);
  model.rename(set("a", "open"), "open");
  model.rename(set("a", "open"), "closed");
  assert.equal(changes, 2);
  assert.deepEqual(kernel.requests, [{ kind: "rename", fields: { set: "a", name: "closed" } }]);
});

test("an export needs exactly one ticked set and stops playback", async () => {
  const { model, widget, kernel, rests } = explorer({ ticked: ["a", "b"] });
  model.export();
  assert.match(model.status.text, /Tick exactly one set/);
  widget.receive({ ticked: ["b"] });
  model.export();
  await settled();
  assert.deepEqual(kernel.requests, [
    {
      kind: "export",
      fields: { what: "particles", file: "out/b.star", overwrite: false, set: "b" },
    },
  ]);
  assert.equal(rests(), 1);
});

test("playback moves the scatter, and its last frame the probe", () => {
  const { viewer, kernel, played } = explorer();
  viewer.emit("e2gmm:frame", 3);
  viewer.emit("e2gmm:frame", undefined);
  viewer.emit("e2gmm:rested", 7);
  assert.deepEqual(played, [3, undefined]);
  assert.deepEqual(kernel.requests, [{ kind: "frame", fields: { frame: 7 } }]);
});

test("arrow and pin buttons are pressed while the viewer shows them", () => {
  const { model, viewer } = explorer();
  viewer.receive({ arrowsFrom: Float32Array.of(1, 2, 3) });
  assert.deepEqual([model.arrowsShown, model.pinShown], [true, false]);
  viewer.receive({ arrowsFrom: empty, second: Float32Array.of(1, 2, 3) });
  assert.deepEqual([model.arrowsShown, model.pinShown], [false, true]);
});

test("the splitter stays within its range and is shared on release", () => {
  const { model, widget } = explorer();
  model.moveSplit(0.95);
  assert.equal(model.split, 0.8);
  assert.deepEqual(widget.sent, []);
  model.saveSplit();
  assert.deepEqual(widget.sent, [{ split: 0.8 }]);
  widget.receive({ split: 0.1 });
  assert.equal(model.split, 0.2);
});

test("a montage is an image whose SVG is data, and a failure is a message", async () => {
  const { model, kernel } = explorer();
  kernel.answers.push({ svg: "<svg onload='x'/>" }, new Error("no particles"));
  await model.showMontage(set("a"));
  assert.match(model.montage!.url, /^data:image\/svg\+xml;charset=utf-8,%3Csvg/);
  await model.showMontage(set("b"));
  assert.deepEqual(model.status, { text: "no particles", problem: true });
  model.closeMontage();
  assert.equal(model.montage, undefined);
});

test("a disposed model follows neither the kernel nor the linked views", () => {
  const { model, widget, scatter, viewer } = explorer();
  model.dispose();
  assert.deepEqual([widget.listenerCount, scatter.listenerCount, viewer.listenerCount], [0, 0, 0]);
});

test("notes are kept when the user pauses or leaves the field, once, and not if they are as before", async () => {
  const { model, widget, kernel } = explorer();
  assert.equal(model.notesShown, false);
  model.toggleNotes();
  assert.equal(model.notesShown, true);
  model.typeNotes("one");
  model.typeNotes("one two");
  model.leaveNotes();
  model.leaveNotes();
  await settled();
  assert.deepEqual(kernel.requests, [{ kind: "notes", fields: { text: "one two", base: "" } }]);
  widget.set({ workbench: { ...model.work, notes: "one two" } });
  model.typeNotes("one two");
  model.dispose();
  assert.equal(kernel.requests.length, 1);
});

test("notes written in another page do not replace those being typed, and are shown once these are kept", async () => {
  const { model, widget, kernel } = explorer();
  const others = (notes: string) => widget.set({ workbench: { ...model.work, notes } });
  others("first");
  model.typeNotes("first, mine");
  others("first\ntheirs");
  assert.equal(model.notesText, "first, mine");
  model.leaveNotes();
  assert.equal(model.notesText, "first, mine", "while the kernel has not answered");
  await settled();
  assert.deepEqual(kernel.requests, [{ kind: "notes", fields: { text: "first, mine", base: "first" } }]);
  others("first, mine\ntheirs");
  assert.equal(model.notesText, "first, mine\ntheirs");
});

test("notes that the kernel refuses stay in the field and are sent again with the next ones", async () => {
  const { model, kernel } = explorer();
  kernel.answers.push(new Error("too long"));
  model.typeNotes("one");
  model.leaveNotes();
  await settled();
  assert.deepEqual(model.status, { text: "too long", problem: true });
  assert.equal(model.notesText, "one");
  model.typeNotes("two");
  model.leaveNotes();
  await settled();
  assert.deepEqual(kernel.requests[1], { kind: "notes", fields: { text: "two", base: "" } });
});

test("a caret stays in its text when text is put before or behind it", () => {
  assert.equal(movedCaret("mine", "theirs mine", 2), 9);
  assert.equal(movedCaret("mine", "mine theirs", 2), 2);
  assert.equal(movedCaret("mine", "m", 3), 1);
});

test("undo and redo are asked for only where there is something", async () => {
  const { model, widget, kernel } = explorer();
  assert.equal(model.step("undo"), false);
  widget.set({ workbench: { ...model.work, canUndo: true } });
  assert.equal(model.step("undo"), true);
  assert.equal(model.step("redo"), false);
  model.renameKept("view", "v", "old", "old");
  model.renameKept("view", "v", "old", "new");
  await settled();
  assert.deepEqual(kernel.requests, [
    { kind: "undo", fields: {} },
    { kind: "renameKept", fields: { what: "view", item: "v", name: "new" } },
  ]);
});

test("the title is the data set, or the name of the run folder before that is known", () => {
  const run = { folder: "C:\\\\runs\\\\first/", latent: 2, count: 3, gaussians: 4, withoutParticles: null };
  assert.equal(
    explorer({ run: { ...run, dataset: "job023/run_data.star" } }).model.title,
    "job023/run_data.star",
  );
  assert.equal(explorer({ run: { ...run, dataset: "" } }).model.title, "first");
  assert.equal(explorer().model.title, "");
});
