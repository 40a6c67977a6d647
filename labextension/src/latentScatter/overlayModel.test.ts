import assert from "node:assert/strict";
import { afterEach, beforeEach, test, vi } from "vitest";
import { OverlayModel, overlayState, type PlotArea } from "./overlayModel.js";
import { axisOf, scatterState } from "./scatterState.test.helper.js";

const area: PlotArea = { frame: { width: 400, height: 400, x: [0, 4], y: [0, 4] }, offset: [60, 20] };

function overlay(state = scatterState()) {
  const asked: unknown[][] = [];
  const note =
    (name: string) =>
    (...args: unknown[]) =>
      asked.push([name, ...args]);
  const events = {
    probe: note("probe"),
    origin: note("origin"),
    lasso: note("lasso"),
    box: note("box"),
    radius: note("radius"),
    nearest: note("nearest"),
    anchor: note("anchor"),
  };
  const model = new OverlayModel(events, () => {});
  model.update(overlayState(state, area));
  return { model, asked };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("there is an overlay only over two axes that are drawn", () => {
  assert.equal(overlayState(scatterState(), undefined), undefined);
  const three = scatterState({ shown: { x: axisOf("a"), y: axisOf("b"), z: axisOf("c") } });
  assert.equal(overlayState(three, area), undefined);
  assert.deepEqual(overlayState(scatterState(), area)?.probe, [1, 1]);
});

test("a dragged probe is shown under the pointer until the kernel has followed", () => {
  const { model, asked } = overlay();
  model.press("probe", [200, 200], "replace");
  model.move([300, 100]);
  assert.deepEqual(model.probe, [3, 3]);
  // An answer to an earlier step of the drag does not move it back
  model.probeAnswered();
  assert.deepEqual(model.probe, [3, 3]);
  model.release([300, 100]);
  assert.deepEqual(asked, [
    ["probe", [2, 2]],
    ["probe", [3, 3]],
  ]);
  model.update(overlayState(scatterState({ probePlace: [2.9, 3] }), area));
  model.probeAnswered();
  assert.deepEqual(model.probe, [2.9, 3]);
});

test("without an answer the probe is shown where the kernel has it after a second", () => {
  const { model } = overlay();
  model.press("probe", [200, 200], "replace");
  model.release([200, 200]);
  vi.advanceTimersByTime(900);
  assert.deepEqual(model.probe, [2, 2]);
  vi.advanceTimersByTime(200);
  assert.deepEqual(model.probe, [1, 1]);
});

test("along an axis that only spreads the particles the probe keeps its coordinate", () => {
  const spread = scatterState({
    shown: { x: axisOf("z1"), y: { ...axisOf("count"), spreads: true }, z: null },
  });
  const { model } = overlay(spread);
  model.press("probe", [300, 100], "replace");
  assert.deepEqual(model.probe, [3, 1]);
});

test("each tool sends what was drawn, in coordinates of the axes", () => {
  const { model, asked } = overlay();
  const draw = (tool: Parameters<typeof model.press>[0], ...places: [number, number][]) => {
    model.press(tool, places[0]!, "add");
    for (const place of places) model.move(place);
    model.release(places.at(-1)!);
  };
  draw("lasso", [0, 400], [400, 400], [400, 0]);
  draw("box", [300, 100], [100, 200]);
  draw("radius", [200, 200], [300, 200]);
  draw("radius", [200, 200]);
  draw("nearest", [100, 100]);
  draw("path", [100, 300]);
  assert.deepEqual(asked, [
    ["lasso", [0, 0, 4, 0, 4, 4], "add"],
    ["box", [1, 2], [3, 3], "add"],
    ["radius", [2, 2], [3, 2], "add"],
    ["radius", [2, 2], null, "add"],
    ["nearest", [1, 3], "add"],
    ["anchor", [1, 1]],
  ]);
});

test("a cancelled selection, a click with the box tool and the pan tool send no request", () => {
  const { model, asked } = overlay();
  model.press("lasso", [0, 0], "replace");
  model.move([100, 0]);
  assert.match(model.outline, /^M0.*Z$/);
  model.cancel();
  assert.deepEqual([model.outline, model.busy], ["", false]);
  model.press("box", [100, 100], "replace");
  model.release([101, 101]);
  assert.equal(model.press("pan", [100, 100], "replace"), false);
  assert.deepEqual(asked, []);
});

test("a gesture ends when the axes are removed", () => {
  const { model, asked } = overlay();
  model.press("lasso", [0, 0], "replace");
  model.update(undefined);
  model.move([10, 10]);
  model.release([10, 10]);
  assert.deepEqual([model.busy, asked], [false, []]);
});

test("arrow keys move the probe, Home takes it to the origin, other keys are left to JupyterLab", () => {
  const { model, asked } = overlay();
  assert.equal(model.pressKey("ArrowRight", false), true);
  assert.equal(model.pressKey("ArrowUp", true), true);
  assert.equal(model.pressKey("Home", false), true);
  assert.equal(model.pressKey("a", false), false);
  assert.deepEqual(asked, [["probe", [1.04, 1]], ["probe", [1.04, 1.4]], ["origin"]]);
});
