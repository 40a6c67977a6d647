import assert from "node:assert/strict";
import type { LatentScatterState } from "e2gmm/messages/latentScatter";
import { afterEach, beforeEach, test, vi } from "vitest";
import { decodesInPage, kernelGoneText } from "../kernelGone.js";
import { FakeKernel, FakeWidget, settled } from "../widget.test.helper.js";
import type { PlotArea } from "./overlayModel.js";
import { visiblePoints } from "./points.js";
import type { NumberColouring } from "./range/colourRangeModel.js";
import { countedParts, valueCounts } from "./range/valueCounts.js";
import { axisOf, scatterState } from "./scatterState.test.helper.js";
import { ScatterViewModel } from "./scatterViewModel.js";

const area: PlotArea = { frame: { width: 400, height: 400, x: [0, 4], y: [0, 4] }, offset: [60, 20] };
const where = { pointer: [10, 10], area: [500, 500] } as const;

function scatter(more: Partial<LatentScatterState> = {}) {
  const widget = new FakeWidget(scatterState(more));
  const kernel = new FakeKernel();
  const model = new ScatterViewModel({ widget, ask: kernel.ask });
  let redraws = 0;
  model.redrawRequested.connect(() => redraws++);
  model.setPlotArea(area);
  return { model, widget, kernel, redraws: () => redraws };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("plotly draws again for points; the probe moves in the overlay alone, with two axes", () => {
  const { model, widget, redraws } = scatter();
  widget.receive({ probePlace: [2, 3] });
  assert.deepEqual([redraws(), model.overlay.probe], [0, [2, 3]]);
  widget.receive({ selected: Uint8Array.of(1, 0, 0, 0), selectedCount: 1 });
  assert.equal(redraws(), 1);
  model.beginDrawing(true);
  widget.receive({ probePlace: [2, 3, 1] });
  assert.equal(redraws(), 2);
});

test("the overlay waits for the picture when the axes change", () => {
  const { model, widget } = scatter();
  const shown = { x: axisOf("PC 1"), y: axisOf("PC 2"), z: null };
  widget.receive({ shown, probePlace: [7, 7] });
  assert.deepEqual(model.overlay.state?.names, ["z1", "z2"]);
  model.setPlotArea(area);
  assert.deepEqual(model.overlay.state?.names, ["PC 1", "PC 2"]);
});

test("a played frame is shown in place of the probe", () => {
  const { model, widget } = scatter({ playedPlaces: Float32Array.of(0, 0, 3, 2) });
  widget.playedFrame = 1;
  widget.emit("e2gmm:played");
  assert.deepEqual(model.overlay.probe, [3, 2]);
  widget.playedFrame = undefined;
  widget.emit("e2gmm:played");
  assert.deepEqual(model.overlay.probe, [1, 1]);
});

test("a zoom is drawn at once and shared when it has come to rest", () => {
  const { model, widget, redraws } = scatter();
  model.zoom("in");
  model.setPlotArea({ ...area, frame: { ...area.frame, ...model.ranges } });
  model.zoom("in");
  assert.equal(redraws(), 2);
  assert.equal(widget.sent.length, 0);
  vi.advanceTimersByTime(301);
  assert.equal(widget.sent.length, 1);
  const [low, high] = widget.sent[0]!.zoom!.x;
  assert.ok(Math.abs(high - low - 4 / 1.5 ** 2) < 1e-12 && Math.abs(high + low - 4) < 1e-12);
  assert.equal(redraws(), 2);
});

test("the zoom of another view is drawn, and plotly's own pan is shared at once", () => {
  const { model, widget, redraws } = scatter();
  widget.receive({ zoom: { x: [1, 2], y: [1, 2] } });
  assert.deepEqual([redraws(), model.ranges], [1, { x: [1, 2], y: [1, 2] }]);
  model.axesMoved({ ...area, frame: { ...area.frame, x: [2, 3], y: [1, 2] } });
  assert.deepEqual(widget.sent, [{ zoom: { x: [2, 3], y: [1, 2] } }]);
  assert.equal(redraws(), 1);
});

test("selections carry mode, radius and number as the fields say, and the kernel's radius is taken over", async () => {
  const { model, kernel } = scatter();
  model.useTool("radius");
  assert.equal(model.radiusText, "0.4");
  model.useMode("subtract");
  model.selectAroundProbe();
  model.useTool("nearest");
  model.typeNumber("25");
  model.selectAroundProbe();
  kernel.answers.push({ radius: 1.23456 });
  model.overlay.press("radius", [100, 100], "add");
  model.overlay.release([300, 100]);
  await settled();
  assert.deepEqual(
    kernel.requests.map(({ fields }) => fields),
    [
      { mode: "subtract", how: "latentRadius", radius: 0.4 },
      { mode: "subtract", how: "latentNearest", number: 25 },
      { mode: "add", how: "radius", centre: [1, 3], radius: [3, 3] },
    ],
  );
  assert.equal(model.radiusText, "1.23");
});

test("a refused request is reported until one succeeds; a stopped kernel takes precedence", async () => {
  const { model, kernel, widget } = scatter({ status: "ready" });
  assert.equal(model.message, "ready");
  kernel.answers.push(new Error("nothing is selected"));
  model.selectAll("invert");
  await settled();
  assert.equal(model.message, "nothing is selected");
  model.setKernelGone(true);
  assert.equal(model.message, kernelGoneText);
  decodesInPage.set(widget, () => true);
  assert.equal(model.message, "nothing is selected", "the explorer says that the page decodes");
  model.setKernelGone(false);
  model.selectAll("all");
  await settled();
  assert.equal(model.message, "ready");
});

test("counts name what is selected and what is drawn", () => {
  assert.equal(scatter({ count: 12_000 }).model.counts, "12,000 particles");
  const many = scatter({
    count: 12_000,
    selectedCount: 34,
    drawnRows: Uint32Array.of(3, 9),
    density: { cells: 4, most: 7 },
  });
  assert.equal(
    many.model.counts,
    "34 of 12,000 particles selected · 2 of them drawn above the density of all",
  );
});

test("categories are hidden and shown one by one, or all others at once", () => {
  const category = (name: string) => ({ name, colour: "#000000", marker: "circle" as const, count: 1 });
  const { model, widget } = scatter({
    colouring: { kind: "category", name: "class", categories: ["a", "b", "c"].map(category) },
  });
  model.toggleCategory("a", false);
  model.toggleCategory("a", false);
  model.toggleCategory("b", true);
  model.toggleCategory("b", true);
  assert.deepEqual(
    widget.sent.map(({ hidden }) => hidden),
    [["a"], [], ["a", "c"], []],
  );
});

test("the card names the particle under the pointer, with its image once the pointer rests", async () => {
  const { model, kernel } = scatter({ drawnRows: Uint32Array.of(5, 6, 7, 8) });
  kernel.answers.push({ size: 1 });
  kernel.buffers = [new DataView(Float32Array.of(3).buffer)];
  model.hover([101, 199], where);
  assert.deepEqual(model.card.lines, ["Particle 6", "z1 1", "z2 2"]);
  assert.deepEqual(kernel.requests, []);
  await vi.advanceTimersByTimeAsync(100);
  assert.deepEqual(kernel.requests, [{ kind: "thumbnail", fields: { row: 6 } }]);
  assert.equal(model.card.image?.size, 1);
  model.hover([250, 300], where);
  assert.equal(model.card.target, undefined);
  // A second look takes the image from memory
  model.hover([100, 200], where);
  assert.equal(model.card.image?.size, 1);
  assert.equal(kernel.requests.length, 1);
});

test("an image that cannot be read is explained in the card", async () => {
  const { model, kernel } = scatter();
  kernel.answers.push(new Error("stack not found"));
  model.hover([100, 200], where);
  await vi.advanceTimersByTimeAsync(100);
  assert.deepEqual(model.card.lines, ["Particle 1", "z1 1", "z2 2", "stack not found"]);
});

test("a table is read in pieces of one version", async () => {
  const { model, kernel } = scatter({ selectedCount: 2 });
  kernel.answers.push({ version: 3, text: "a\n", next: 1 }, { version: 3, text: "b\n", next: null });
  assert.deepEqual(await model.readCsv(), ["a\n", "b\n"]);
  assert.deepEqual(
    kernel.requests.map(({ fields }) => fields),
    [
      { what: "selected", from: 0 },
      { what: "selected", from: 1, version: 3 },
    ],
  );
});

test("only a positive whole number of stations is sent, at most 200", () => {
  const { model, widget } = scatter();
  for (const text of ["", "-1", "2.5", "7", "900"]) model.setStations(text);
  assert.deepEqual(
    widget.sent.map(({ stationCount }) => stationCount),
    [7, 200],
  );
});

test("a disposed model follows nothing and sends nothing more", () => {
  const { model, widget, redraws } = scatter();
  model.zoom("in");
  const before = redraws();
  model.dispose();
  vi.advanceTimersByTime(1000);
  model.redraw();
  assert.deepEqual([widget.listenerCount, widget.sent, redraws()], [0, [], before]);
});

test("a typed coordinate moves the probe along its axis alone", () => {
  const { model, widget } = scatter({ probe: [1, 1, 0] });
  model.typeProbe(2, -0.5);
  assert.deepEqual(widget.sent, [{ probe: [1, 1, -0.5] }]);
});

test("zooming to the selection shows the selected points, also those that are not drawn, with a margin", () => {
  const { model } = scatter({
    pointsX: Float32Array.of(0, 1, 2, 9),
    pointsY: Float32Array.of(0, 3, 1, 9),
    selected: Uint8Array.of(0, 1, 1, 0),
    selectedCount: 3,
    selectedBeside: Float32Array.of(3, 2),
  });
  model.zoom("selection");
  assert.deepEqual(model.ranges, { x: [0.9, 3.1], y: [0.9, 3.1] });
});

test("zooming to a selection shows all while none is drawn", () => {
  const { model, redraws } = scatter();
  const before = model.ranges;
  model.zoom("selection");
  assert.deepEqual([model.ranges, redraws()], [before, 1]);
});

test("the particles in the range of colours are selected; without an end there is no limit, and the mode counts", async () => {
  const { model, kernel } = scatter({ colour: "defocus", colourRange: { low: 12000, high: null } });
  model.useMode("add");
  model.selectRange();
  await settled();
  assert.deepEqual(kernel.requests, [
    {
      kind: "select",
      fields: { mode: "add", how: "range", column: "defocus", low: 12000, high: null },
    },
  ]);
});

test("a dragged end of the range hides the particles beyond it at once, and is shared when it is released", () => {
  const { model, widget, redraws } = scatter({
    colouring: { kind: "number", name: "defocus", title: "defocus", low: 0, high: 10 },
    colourNumbers: Float32Array.of(1, 4, 8, Number.NaN),
  });
  const scale = model.state.colouring as NumberColouring;
  const shown = () => Array.from(visiblePoints(model.state).x);
  model.colourRange.press(0.9, scale);
  model.colourRange.drag(0.5, scale);
  assert.deepEqual([shown(), redraws(), widget.sent.length], [[0, 1], 2, 0]);
  model.colourRange.drop();
  assert.deepEqual(widget.sent.at(-1)?.colourRange, { low: null, high: 5 });
  model.colourRange.pressKey("low", "ArrowRight", true, scale);
  assert.deepEqual(widget.sent.at(-1)?.colourRange, { low: 1, high: 5 });
  // Not beyond the other end
  model.colourRange.press(0.1, scale);
  model.colourRange.drag(0.8, scale);
  assert.deepEqual(model.colourRange.range, { low: 5, high: 5 });
  model.colourRange.cancel();
  assert.deepEqual(shown(), [0, 1]);
  model.colourRange.pressKey("high", "End", false, scale);
  model.colourRange.pressKey("low", "Home", false, scale);
  assert.equal(widget.sent.at(-1)?.colourRange, null);
  assert.deepEqual(shown(), [0, 1, 2, 3]);
});

test("typed ends of the range are taken over; one beyond the other is refused with a sentence", () => {
  const { model, widget } = scatter({ colourRange: { low: 3, high: null } });
  model.colourRange.type("high", "2");
  assert.deepEqual(
    [widget.sent.length, model.message],
    [0, "The lower end of the range is above the upper one."],
  );
  model.colourRange.type("high", "7.5");
  assert.deepEqual([widget.sent.at(-1)?.colourRange, model.message], [{ low: 3, high: 7.5 }, ""]);
  model.colourRange.type("low", "");
  assert.deepEqual(widget.sent.at(-1)?.colourRange, { low: null, high: 7.5 });
});

test("numbers beyond the scale are counted in its first and last part, and what is no number nowhere", () => {
  const counts = valueCounts(Float32Array.of(-5, 0, 0.1, 5, 9.9, 10, 99, Number.NaN), 0, 10);
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    7,
  );
  assert.deepEqual([counts[0], counts[countedParts / 2], counts[countedParts - 1]], [3, 1, 3]);
});
