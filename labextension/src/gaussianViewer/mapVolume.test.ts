import assert from "node:assert/strict";
import { test } from "vitest";
import { slicePicture, unpackedMap } from "./mapVolume.js";

/** 3 × 4 × 5 voxels; the value of voxel (x, y, z) is x + 10 y + 100 z. */
function volume() {
  const size = [3, 4, 5] as const;
  const data = new Float32Array(60);
  for (let z = 0, at = 0; z < 5; z++) {
    for (let y = 0; y < 4; y++) for (let x = 0; x < 3; x++, at++) data[at] = x + 10 * y + 100 * z;
  }
  return { data, size, apix: 2, origin: [-2, -4, -4] as const };
}

test("a map is unpacked to the range of its values", () => {
  const { data } = unpackedMap({
    data: Uint16Array.of(0, 65535, 13107),
    size: [3, 1, 1],
    apix: 1,
    origin: [0, 0, 0],
    low: -1,
    high: 4,
  });
  assert.deepEqual(
    [...data].map((value) => Math.round(value * 1e4) / 1e4),
    [-1, 4, 0],
  );
});

test("a slice across each axis has the other two axes to the right and upwards, and its place in Å", () => {
  const greys = { black: 0, white: 1000 };
  const grey = (picture: ReturnType<typeof slicePicture>, column: number, row: number) =>
    Math.round(1000 * picture.colour[3 * (row * picture.width + column)]!);
  const x = slicePicture(volume(), { axis: "x", position: 1, ...greys });
  assert.deepEqual([x.width, x.height, x.section, x.place], [4, 5, 2, 2]);
  assert.equal(grey(x, 1, 3), 2 + 10 + 300);
  assert.deepEqual(
    [x.corner, x.across, x.up],
    [
      [2, -4, -4],
      [0, 2, 0],
      [0, 0, 2],
    ],
  );
  const y = slicePicture(volume(), { axis: "y", position: 0, ...greys });
  assert.equal(grey(y, 2, 4), 2 + 400);
  assert.deepEqual(
    [y.across, y.up],
    [
      [2, 0, 0],
      [0, 0, 2],
    ],
  );
  const z = slicePicture(volume(), { axis: "z", position: 0.5, ...greys });
  assert.equal(z.section, 2);
  assert.equal(grey(z, 2, 3), 2 + 30 + 200);
  assert.deepEqual(
    [z.across, z.up],
    [
      [2, 0, 0],
      [0, 2, 0],
    ],
  );
});

test("positions are clamped to the ends, and a flat map is black", () => {
  assert.equal(slicePicture(volume(), { axis: "z", position: 9, black: 0, white: 1 }).section, 4);
  const flat = { ...volume(), data: new Float32Array(60).fill(3) };
  assert.ok(
    slicePicture(flat, { axis: "z", position: 0, black: 3, white: 3 }).colour.every((value) => value === 0),
  );
});
