import assert from "node:assert/strict";
import { test } from "vitest";
import type { MapData } from "./mapData.js";
import { SliceModel } from "./sliceModel.js";

const map: MapData = {
  data: Float32Array.from({ length: 24 }, (_, i) => i),
  size: [2, 3, 4],
  voxel: [2, 2, 2],
  origin: [1, 1, 1],
  statistics: { min: 0, max: 23, mean: 11.5, rms: 7, notFinite: 0 },
};

test("a slice starts in the middle of the map, across Z, and again when the axis changes", () => {
  const model = new SliceModel(map);
  assert.equal(model.caption, "Z slice 3 of 4 (5 Å), X to the right, Y upwards");
  model.index = 0;
  model.axis = 0;
  assert.deepEqual([model.index, model.count], [1, 2]);
  assert.equal(model.caption, "X slice 2 of 2 (3 Å), Y to the right, Z upwards");
});

test("the picture has the greys of the plane, upwards, between the contrast's ends", () => {
  const model = new SliceModel(map);
  model.contrast = 1;
  model.index = 0;
  const { plane, pixels } = model.picture;
  assert.deepEqual([plane.width, plane.height], [2, 3]);
  const greys = [...pixels].filter((_, i) => i % 4 === 0);
  const grey = (value: number) => Math.round(((value - 4.5) * 255) / 14);
  assert.deepEqual(
    greys,
    [4, 5, 2, 3, 0, 1].map((value) => Math.max(0, grey(value))),
  );
});
