import assert from "node:assert/strict";
import { test } from "vitest";
import type { MapData } from "./mapData.js";
import { SurfaceModel } from "./surfaceModel.js";

const map: MapData = {
  data: new Float32Array(8),
  size: [2, 2, 2],
  voxel: [1, 1, 1],
  origin: [0, 0, 0],
  statistics: { min: -1, max: 9, mean: 1, rms: 2, notFinite: 0 },
};

const surfaceOf = (statistics = map.statistics) =>
  new SurfaceModel({ ...map, statistics }, { level: 3, colour: "#112233", name: "a.mrc" });

test("the level is set in standard deviations or in the units of the map", () => {
  const model = surfaceOf();
  assert.deepEqual([model.level, model.sigma, model.isAbove], [7, 3, true]);
  model.setSigma(-1, true);
  assert.deepEqual([model.level, model.quick, model.isAbove], [-1, true, false]);
  model.setLevel(5);
  assert.deepEqual([model.sigma, model.quick], [2, false]);
});

test("the slider ends where the map does, or at its limits", () => {
  assert.deepEqual(surfaceOf().sliderRange, { min: -1, max: 4 });
  const wide = { ...map.statistics, min: -1000, max: 1000 };
  assert.deepEqual(surfaceOf(wide).sliderRange, { min: -5, max: 15 });
});

test("a level beyond every voxel is reported, but a missing picture first", () => {
  const model = surfaceOf();
  assert.equal(model.message, undefined);
  model.setTriangles(0);
  assert.equal(model.message, "No voxel is beyond this level: the map ranges from -1 to 9.");
  model.setProblem("No picture.");
  assert.equal(model.message, "No picture.");
  model.setProblem(undefined);
  model.setTriangles(12);
  assert.equal(model.message, undefined);
});
