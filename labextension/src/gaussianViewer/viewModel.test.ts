import assert from "node:assert/strict";
import { test } from "vitest";
import { decodesInPage, kernelGoneText } from "../kernelGone.js";
import { contextLostText } from "../stage/stageEvents.js";
import { fakeMap, fakeViewer } from "./viewer.test.helper.js";
import { GaussianViewerViewModel } from "./viewModel.js";

function viewOf(viewer = fakeViewer()) {
  const environment = { kernelGone: false };
  const model = new GaussianViewerViewModel(viewer, {
    kernelGone: () => environment.kernelGone,
    reducedMotion: () => true,
    onFrame: () => {},
    onMorph: () => {},
    onRest: () => {},
  });
  let changes = 0;
  model.stateChanged.connect(() => void changes++);
  return { model, viewer, environment, changes: () => changes };
}

test("the status has problems first, then the last message, then notes on visible maps", () => {
  const map = fakeMap({ name: "a map", visible: true, note: "its box is another" });
  const { model, viewer, environment } = viewOf(fakeViewer({ maps: [map] }));
  assert.equal(model.status, "a map: its box is another.");
  viewer.set({ notice: "From the kernel." });
  assert.equal(model.status, "From the kernel. a map: its box is another.");
  map.set({ visible: false });
  model.say("Done.");
  assert.equal(model.status, "Done.");
  model.setContextLost(true);
  assert.equal(model.status, `${contextLostText} Done.`);
  environment.kernelGone = true;
  assert.equal(model.status, `${kernelGoneText} Done.`);
  model.setContextLost(false);
  decodesInPage.set(viewer, () => true);
  assert.equal(model.status, "Done.", "the explorer says that the page decodes");
  model.dispose();
});

test("the status counts the Gaussians if there is no message", () => {
  assert.equal(viewOf().model.status, "2 Gaussians.");
});

test("the controls are open if there is room, until the user opens or closes them", () => {
  const { model } = viewOf();
  model.fitPanel(500);
  assert.equal(model.panelShown, false);
  model.fitPanel(900);
  assert.equal(model.panelShown, true);
  model.fitPanel(0);
  model.showPanel(false);
  model.fitPanel(1000);
  assert.equal(model.panelShown, false);
});

test("the scale bar has a round length of at least 50 pixels, and there is none without a size", () => {
  const { model } = viewOf();
  model.setScale(0.3);
  assert.deepEqual(model.scaleBar, { text: "20 Å", width: 66.67 });
  model.setScale(Number.POSITIVE_INFINITY);
  assert.deepEqual(model.scaleBar, { text: "", width: 0 });
});

test("changes of the controls, of maps and of parts are reported to views, changes of the Gaussians are not", () => {
  const first = fakeMap({ name: "first", visible: true, note: "" });
  const { model, viewer, changes } = viewOf(fakeViewer({ maps: [first] }));
  const after = (action: () => void) => {
    const before = changes();
    action();
    return changes() > before;
  };
  assert.equal(
    after(() => viewer.set({ gaussians: new Float32Array(10), camera: [] })),
    false,
  );
  assert.equal(
    after(() => viewer.set({ colourBy: "amplitude" })),
    true,
  );
  assert.equal(
    after(() => first.set({ level: 2 })),
    true,
  );
  assert.equal(
    after(() => viewer.set({ maps: [] })),
    true,
  );
  assert.equal(
    after(() => first.set({ level: 3 })),
    false,
  );
  assert.equal(
    after(() => model.region.toggleWaiting("new")),
    true,
  );
  assert.equal(
    after(() => model.setLegends([])),
    false,
  );
  model.dispose();
  assert.equal(viewer.listening, 0);
});
