import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { greyPixels, planeOf, shrunk } from "./planes.js";

describe("planes and images", () => {
  test("a plane across each axis has the other two as its columns and rows", () => {
    const map = {
      size: [2, 3, 4] as [number, number, number],
      data: Float32Array.from({ length: 24 }, (_, i) => i),
    };
    assert.deepEqual(planeOf(map, 2, 1), { width: 2, height: 3, values: map.data.slice(6, 12) });
    assert.deepEqual([...planeOf(map, 1, 2).values], [4, 5, 10, 11, 16, 17, 22, 23]);
    assert.deepEqual([...planeOf(map, 0, 1).values], [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
  });

  test("a large image is averaged in blocks, a small one is unchanged", () => {
    const plane = { width: 5, height: 4, values: Float32Array.from({ length: 20 }, (_, i) => i) };
    assert.equal(shrunk(plane, 5), plane);
    assert.deepEqual(shrunk(plane, 3), { width: 2, height: 2, values: Float32Array.of(3, 5, 13, 15) });
    const line = { width: 6, height: 1, values: Float32Array.of(1, 2, 3, 4, 5, 9) };
    assert.deepEqual(shrunk(line, 2), { width: 2, height: 1, values: Float32Array.of(2, 6) });
  });

  test("greys run from the low to the high value, with the first row at the top or at the bottom", () => {
    const plane = { width: 1, height: 3, values: Float32Array.of(-1, 0.5, 4) };
    const greys = (upwards: boolean) =>
      [...greyPixels(plane, { low: 0, high: 1, upwards })].filter((_, i) => i % 4 === 0);
    assert.deepEqual(greys(false), [0, 128, 255]);
    assert.deepEqual(greys(true), [255, 128, 0]);
    assert.deepEqual(
      [...greyPixels({ ...plane, values: new Float32Array(3) }, { low: 0, high: 0, upwards: false })].slice(
        0,
        4,
      ),
      [0, 0, 0, 255],
    );
  });
});
