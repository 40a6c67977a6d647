import assert from "node:assert/strict";
import { test } from "vitest";
import { fakeViewer } from "../viewer.test.helper.js";
import { RegionModel } from "./regionModel.js";

test("the first shape is added where a Gaussian is clicked, and the colours then show the region", () => {
  const viewer = fakeViewer();
  const region = new RegionModel(viewer);
  assert.equal(region.size, 5);
  assert.equal(region.clicked([1, 2, 3]), false);
  assert.deepEqual(viewer.changes, []);
  region.toggleWaiting("new");
  assert.equal(region.summary, "Click a Gaussian to place the shape there.");
  assert.equal(region.clicked([1, 2, 3]), true);
  assert.deepEqual(viewer.changes, [
    { shapes: [{ kind: "sphere", mode: "add", centre: [1, 2, 3], radius: 5 }], colourBy: "region" },
  ]);
  assert.equal(region.waitingFor, undefined);
  region.kind = "box";
  region.mode = "subtract";
  region.add([0, 0, 0]);
  assert.deepEqual(viewer.changes.at(-1), {
    shapes: [
      ...region.shapes.slice(0, 1),
      { kind: "box", mode: "subtract", centre: [0, 0, 0], size: [10, 10, 10] },
    ],
  });
});

test("a shape is moved by a click, edited, and removed; the last one takes the region with it", () => {
  const viewer = fakeViewer({ shapes: [{ kind: "sphere", mode: "add", centre: [0, 0, 0], radius: 5 }] });
  const region = new RegionModel(viewer);
  region.toggleWaiting(0);
  region.clicked([4, 5, 6]);
  region.edit(0, { radius: 7 });
  assert.deepEqual(region.shapes, [{ kind: "sphere", mode: "add", centre: [4, 5, 6], radius: 7 }]);
  region.remove(0);
  assert.deepEqual(viewer.changes.at(-1), { shapes: [], region: new Uint8Array() });
});

test("pressing the same button again stops the waiting", () => {
  const region = new RegionModel(fakeViewer());
  region.toggleWaiting("new");
  region.toggleWaiting("new");
  assert.equal(region.waitingFor, undefined);
  region.toggleWaiting(1);
  region.toggleWaiting("new");
  assert.equal(region.waitingFor, "new");
});

test("the summary counts the Gaussians of the region", () => {
  const viewer = fakeViewer();
  const region = new RegionModel(viewer);
  assert.match(region.summary, /^No region/);
  viewer.set({ region: Uint8Array.of(0, 1, 1) });
  assert.equal(region.summary, "2 of 3 Gaussians of the neutral model.");
  viewer.set({ region: Uint8Array.of(0, 0, 0) });
  assert.match(region.summary, /^The region is empty/);
});
