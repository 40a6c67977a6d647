import assert from "node:assert/strict";
import { test } from "vitest";
import { initialLevel } from "./statistics.js";

test("some voxel is beyond the first level", () => {
  const statistics = { min: 0, max: 10, mean: 0, rms: 1, notFinite: 0 };
  assert.equal(initialLevel(statistics, 3), 3);
  assert.equal(initialLevel({ ...statistics, max: 2 }, 3), 1);
  assert.equal(initialLevel({ ...statistics, rms: 0 }, 3), 0);
});
