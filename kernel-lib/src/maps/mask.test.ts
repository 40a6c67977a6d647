import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData, temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { Random } from "../random";
import { writeMap } from "./mapFile";
import { applyMask, checkMask, densityMask, maskAt, readMask, sphericalMask } from "./mask";
import type { Volume } from "./volume";

function filled(size: [number, number, number], value: (x: number, y: number, z: number) => number): Volume {
  const [nx, ny, nz] = size;
  const data = new Float32Array(nx * ny * nz);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++, i++) data[i] = value(x, y, z);
  }
  return { data, size, apix: 2 };
}

test("maskAt interpolates between voxels, is exact at voxels, and 0 outside the box", () => {
  const size: [number, number, number] = [8, 7, 6];
  const linear = filled(size, (x, y, z) => 0.01 * x + 0.02 * y + 0.05 * z);
  assert.ok(Math.abs(maskAt(linear, 0, 0, 0) - (0.04 + 0.06 + 0.15)) < 1e-7, "the origin is index n/2");
  assert.ok(Math.abs(maskAt(linear, 1.3 / 8, -0.6 / 7, 0.5 / 6) - (0.053 + 0.048 + 0.175)) < 1e-7);
  assert.ok(Math.abs(maskAt(linear, -0.5, 0, 0) - (0 + 0.06 + 0.15)) < 1e-7, "the first voxel");
  assert.equal(maskAt(linear, 0.7, 0, 0), 0);
  assert.equal(maskAt(linear, 0, -0.8, 0), 0);
});

test("a spherical mask is 1 inside its diameter and falls to 0 over its soft edge", () => {
  const mask = sphericalMask({ size: [20, 20, 20], apix: 2 }, { diameter: 20, softEdge: 4 });
  const at = (x: number) => mask.data[10 + x + 20 * (10 + 20 * 10)]!;
  assert.deepEqual(
    [0, 4, 5, 7, 9].map((x) => Number(at(x).toFixed(6))),
    [1, 1, 1, 0.5, 0],
  );
  assert.equal(at(-7), at(7));
});

test("a density mask extends by the same exact distance in every direction", () => {
  const random = new Random(2);
  const size: [number, number, number] = [11, 9, 10];
  const map = filled(size, () => (random.uniform() < 0.01 ? 1 : 0));
  const mask = densityMask(map, { threshold: 0.5, extend: 1.5, softEdge: 3 });
  const set = [...map.data.keys()]
    .filter((i) => map.data[i] === 1)
    .map((i) => [i % 11, Math.floor(i / 11) % 9, Math.floor(i / 99)]);
  assert.ok(set.length > 3);
  for (let i = 0; i < map.data.length; i++) {
    const place = [i % 11, Math.floor(i / 11) % 9, Math.floor(i / 99)];
    const d = Math.min(...set.map((p) => Math.hypot(...p.map((c, a) => c - place[a]!)))) - 1.5;
    const expected = d <= 0 ? 1 : d >= 3 ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * d) / 3);
    assert.ok(Math.abs(mask.data[i]! - expected) < 1e-6, `voxel ${place}`);
  }
  assert.throws(() => densityMask(map, { threshold: 2 }), InputError);
  assert.doesNotThrow(() => densityMask(map), "the default threshold");
});

test("outside a mask the map becomes zero, or the mean outside", () => {
  const map = filled([4, 4, 4], (x) => 1 + x);
  const mask = filled([4, 4, 4], (x) => (x === 3 ? 1 : x === 2 ? 0.5 : 0));
  assert.deepEqual([...applyMask(map, mask).data.slice(0, 4)], [0, 0, 1.5, 4]);
  assert.deepEqual([...applyMask(map, mask, { outside: "mean" }).data.slice(0, 4)], [1.5, 1.5, 2.25, 4]);
  assert.throws(() => applyMask(map, { ...mask, apix: 3 }), /mask: expected 4×4×4 voxels of 2 Å as in map/);
});

test("masks are checked: values from 0 to 1, not empty, the same box", async (t) => {
  const good = filled([4, 4, 4], (x) => (x > 1 ? 1 : 0));
  assert.doesNotThrow(
    () => checkMask(good, { like: { size: [8, 8, 8], apix: 1 } }),
    "finer voxels, same box",
  );
  assert.throws(
    () => checkMask(good, { like: { size: [4, 4, 4], apix: 1.5 }, name: "m.mrc" }),
    /m.mrc: expected a box of 6\.0 Å \(4 voxels of 1.5 Å\), found 8\.0 Å \(4 voxels of 2 Å\)/,
  );
  const wrong = filled([4, 4, 4], (x, y, z) => (x === 1 && y === 2 && z === 3 ? 7 : 0));
  assert.throws(() => checkMask(wrong), /mask: voxel \(1, 2, 3\): expected a value from 0 to 1, found 7/);
  assert.throws(() => checkMask(filled([4, 4, 4], () => 0)), /only zeros/);
  assert.throws(() => checkMask(filled([4, 4, 4], () => Number.NaN)), /found NaN/);

  const file = path.join(temporaryFolder(t), "mask.mrc");
  await writeMap(file, good);
  assert.deepEqual((await readMask(file, good)).data, good.data);
  await assert.rejects(readMask(file, { size: [5, 5, 5], apix: 2 }), InputError);
});

test(
  "the mask of the development data is a mask of its map",
  skipIf(!sharedData("adk") && "no shared data"),
  async () => {
    const mask = await readMask(sharedData("adk", "mask_moving.mrc")!, { size: [64, 64, 64], apix: 1.5 });
    assert.deepEqual(mask.size, [64, 64, 64]);
  },
);
