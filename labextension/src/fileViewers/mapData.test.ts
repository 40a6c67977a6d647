import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { boxBeyond, halved } from "./mapData.js";
import { readMade } from "./mrc.test.helper.js";

describe("maps in the page", () => {
  test("the box around voxels beyond a level is in Å, and undefined if there are none", async () => {
    const values = new Float32Array(4 * 4 * 4);
    values[1 + 4 * (2 + 4 * 3)] = 1;
    values[2 + 4 * (2 + 4 * 1)] = 1;
    const { map } = await readMade({ size: [4, 4, 4], mode: 2, apix: 2, values });
    assert.deepEqual(boxBeyond(map, 0.5, true), { lowest: [2, 4, 2], highest: [4, 4, 6] });
    assert.equal(boxBeyond(map, 2, true), undefined);
    assert.deepEqual(boxBeyond(map, 0.5, false), { lowest: [0, 0, 0], highest: [6, 6, 6] });
  });

  test("a halved map has the means of its blocks at their places", async () => {
    const { map } = await readMade({ size: [5, 4, 2], mode: 2, apix: 2 });
    const half = halved(map);
    assert.deepEqual(half.size, [2, 2, 1]);
    assert.deepEqual(
      [half.voxel, half.origin],
      [
        [4, 4, 4],
        [1, 1, 1],
      ],
    );
    const value = (x: number, y: number, z: number) => x + 5 * (y + 4 * z);
    assert.equal(half.data[3], (value(2, 2, 0) + value(3, 3, 1)) / 2);
    const flat = halved({ ...map, size: [4, 1, 1], data: Float32Array.of(1, 3, 5, 9) });
    assert.deepEqual([...flat.data], [2, 7]);
  });
});
