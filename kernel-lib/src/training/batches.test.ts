import assert from "node:assert/strict";
import { test } from "vitest";
import { batchEnds } from "./batches";

for (const [count, size, ends] of [
  [12, 4, [4, 8, 12]],
  [11, 4, [4, 8, 11]],
  [13, 4, [4, 8, 11, 13]],
  [5, 4, [3, 5]],
  [5, 2, [2, 5]],
  [3, 2, [3]],
  [1, 4, [1]],
  [3, 8, [3]],
] as [number, number, number[]][]) {
  test(`${count} particles in batches of ${size} end at ${ends}`, () => {
    assert.deepEqual(batchEnds(count, size), ends);
  });
}
