import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { projectAlong, section } from "./sections";
import type { Volume } from "./volume";

/** 3 × 4 × 5 voxels, each with the value x + 10·y + 100·z. */
const map: Volume = {
  data: Float32Array.from(
    { length: 60 },
    (_, i) => (i % 3) + 10 * (Math.floor(i / 3) % 4) + 100 * Math.floor(i / 12),
  ),
  size: [3, 4, 5],
  apix: 1.2,
};

test("sections show the other two axes, x before y before z, and pass through the origin by default", () => {
  const z = section(map, "z");
  assert.deepEqual([z.width, z.height, z.apix], [3, 4, 1.2]);
  assert.equal(z.data[1 + 3 * 3], 231);
  const y = section(map, "y", 1);
  assert.deepEqual([y.width, y.height], [3, 5]);
  assert.equal(y.data[2 + 3 * 4], 412);
  const x = section(map, "x", 0);
  assert.deepEqual([x.width, x.height], [4, 5]);
  assert.equal(x.data[3 + 4 * 2], 230);
});

test("a projection is the sum of all sections", () => {
  for (const [axis, depth] of [
    ["x", 3],
    ["y", 4],
    ["z", 5],
  ] as const) {
    const { data } = projectAlong(map, axis);
    const sum = new Float32Array(data.length);
    for (let i = 0; i < depth; i++) {
      section(map, axis, i).data.forEach((value, j) => {
        sum[j]! += value;
      });
    }
    assert.deepEqual(data, sum, axis);
  }
});

test("sections outside the map are refused", () => {
  assert.throws(() => section(map, "y", 4), /section along y: expected an index from 0 to 3, found 4/);
  assert.throws(() => section(map, "z", -1), InputError);
});
