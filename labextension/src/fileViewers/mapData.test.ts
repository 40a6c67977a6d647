import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  boxBeyond,
  describePlan,
  firstLevel,
  greyPixels,
  halved,
  type MapLimits,
  planeOf,
  planMap,
  readMapData,
  readSections,
  shrunk,
} from "./mapData.js";
import { layoutOf, parseHeader } from "./mrc.js";
import { type MadeMrc, makeMrc } from "./mrc.test.helper.js";
import type { RemoteFile } from "./remoteFile.js";

/** A file in memory that hands out `piece` bytes at a time and notes what it was asked for. */
function fileOf(bytes: Uint8Array, piece = 7): RemoteFile & { asked: [number, number][] } {
  const asked: [number, number][] = [];
  return {
    name: "a.mrc",
    size: bytes.length,
    asked,
    async stream(from, to, take) {
      asked.push([from, to]);
      for (let at = from; at < to; at += piece) await take(bytes.slice(at, Math.min(to, at + piece)));
    },
  };
}

async function read(made: MadeMrc, limits: MapLimits = { edge: 256, bytes: 1e9 }) {
  const bytes = makeMrc(made);
  const file = fileOf(bytes);
  const header = parseHeader(bytes, "a.mrc");
  const layout = layoutOf(header, bytes.length, "a.mrc");
  const plan = planMap(header, layout, limits);
  return { map: await readMapData(file, header, layout, plan), file, header, layout, plan };
}

describe("maps in the page", () => {
  test("a map arrives in pieces of any size and is what the file holds, with its statistics", async () => {
    const { map } = await read({ size: [4, 3, 2], mode: 2, apix: 1.5 });
    assert.deepEqual(
      [...map.data],
      Array.from({ length: 24 }, (_, i) => i),
    );
    assert.deepEqual(map.size, [4, 3, 2]);
    assert.deepEqual(map.voxel, [1.5, 1.5, 1.5]);
    const { min, max, mean, rms, notFinite } = map.statistics;
    assert.deepEqual([min, max, mean, notFinite], [0, 23, 11.5, 0]);
    assert.ok(Math.abs(rms - Math.sqrt((24 ** 2 - 1) / 12)) < 1e-12);
  });

  test("axes in another order are brought into the order X, Y, Z", async () => {
    // Columns are Z, rows X, sections Y
    const { map } = await read({ size: [5, 3, 2], mode: 1, axes: [3, 1, 2] });
    assert.deepEqual(map.size, [3, 2, 5]);
    const at = (x: number, y: number, z: number) => map.data[x + 3 * (y + 2 * z)];
    for (let z = 0; z < 5; z++) {
      for (let y = 0; y < 2; y++) for (let x = 0; x < 3; x++) assert.equal(at(x, y, z), z + 5 * (x + 3 * y));
    }
  });

  test("a map above the limit is averaged in blocks, smaller ones at the far edges, and stays in its place", async () => {
    const { map, plan, header, layout } = await read(
      { size: [5, 4, 3], mode: 2, apix: 2 },
      { edge: 3, bytes: 1e9 },
    );
    assert.deepEqual(plan, { factor: 2, skipsSections: false });
    assert.deepEqual(map.size, [3, 2, 2]);
    assert.deepEqual(map.voxel, [4, 4, 4]);
    assert.deepEqual(map.origin, [1, 1, 1]);
    const value = (x: number, y: number, z: number) => x + 5 * (y + 4 * z);
    assert.equal(map.data[0], (value(0, 0, 0) + value(1, 1, 1)) / 2);
    // The block at x 4, y 2–3, z 2
    assert.equal(map.data[2 + 3 * (1 + 2 * 1)], (value(4, 2, 2) + value(4, 3, 2)) / 2);
    assert.equal(map.statistics.max, 59);
    assert.match(describePlan(plan, header, layout)!, /^5×4×3 voxels are shown as 3×2×2/);
  });

  test("of a file above the limit only some sections are read", async () => {
    const made: MadeMrc = { size: [4, 4, 6], mode: 2 };
    const { map, plan, file, layout } = await read(made, { edge: 256, bytes: 200 });
    assert.deepEqual(plan, { factor: 2, skipsSections: true });
    assert.deepEqual(
      file.asked.map(([from]) => (from - layout.dataStart) / layout.sectionBytes),
      [0, 2, 4],
    );
    assert.deepEqual(map.size, [2, 2, 3]);
    // Pixels 0, 1, 4 and 5 of section 2
    assert.equal(map.data[4], 32 + (0 + 1 + 4 + 5) / 4);
  });

  test("values that are not finite are counted and shown as 0", async () => {
    const { map } = await read({
      size: [2, 2, 1],
      mode: 2,
      values: [Number.NaN, 3, Number.POSITIVE_INFINITY, 5],
    });
    assert.deepEqual([...map.data], [0, 3, 0, 5]);
    assert.equal(map.statistics.notFinite, 2);
    assert.equal(map.statistics.mean, 4);
  });

  test("images of a stack are read without the others", async () => {
    const bytes = makeMrc({ size: [3, 2, 9], mode: 6, littleEndian: false, extended: 96 });
    const header = parseHeader(bytes, "a.mrcs");
    const layout = layoutOf(header, bytes.length, "a.mrcs");
    const file = fileOf(bytes);
    const values = await readSections(file, header, layout, 4, 2);
    assert.deepEqual(
      [...values],
      Array.from({ length: 12 }, (_, i) => 24 + i),
    );
    assert.deepEqual(file.asked, [[1120 + 48, 1120 + 72]]);
    await assert.rejects(
      readSections(file, header, layout, 8, 2),
      /expected sections 1 to 9, found 9 to 10 asked for/,
    );
  });

  test("a plane across each axis has the other two as its columns and rows", () => {
    const map = {
      size: [2, 3, 4] as [number, number, number],
      data: Float32Array.from({ length: 24 }, (_, i) => i),
    };
    assert.deepEqual(planeOf(map, 2, 1), { width: 2, height: 3, values: map.data.slice(6, 12) });
    assert.deepEqual([...planeOf(map, 1, 2).values], [4, 5, 10, 11, 16, 17, 22, 23]);
    assert.deepEqual([...planeOf(map, 0, 1).values], [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
  });

  test("a large image is averaged in blocks, a small one left as it is", () => {
    const plane = { width: 5, height: 4, values: Float32Array.from({ length: 20 }, (_, i) => i) };
    assert.equal(shrunk(plane, 5), plane);
    assert.deepEqual(shrunk(plane, 3), { width: 2, height: 2, values: Float32Array.of(3, 5, 13, 15) });
    const line = { width: 6, height: 1, values: Float32Array.of(1, 2, 3, 4, 5, 9) };
    assert.deepEqual(shrunk(line, 2), { width: 2, height: 1, values: Float32Array.of(2, 6) });
  });

  test("greys go from the low to the high value, the first row at the bottom where asked", () => {
    const plane = { width: 1, height: 3, values: Float32Array.of(-1, 0.5, 4) };
    const greys = (upwards: boolean) => [...greyPixels(plane, 0, 1, upwards)].filter((_, i) => i % 4 === 0);
    assert.deepEqual(greys(false), [0, 128, 255]);
    assert.deepEqual(greys(true), [255, 128, 0]);
    assert.deepEqual(
      [...greyPixels({ ...plane, values: new Float32Array(3) }, 0, 0, false)].slice(0, 4),
      [0, 0, 0, 255],
    );
  });

  test("the box around what is beyond a level is in Å, and missing where nothing is", async () => {
    const values = new Float32Array(4 * 4 * 4);
    values[1 + 4 * (2 + 4 * 3)] = 1;
    values[2 + 4 * (2 + 4 * 1)] = 1;
    const { map } = await read({ size: [4, 4, 4], mode: 2, apix: 2, values });
    assert.deepEqual(boxBeyond(map, 0.5, true), { lowest: [2, 4, 2], highest: [4, 4, 6] });
    assert.equal(boxBeyond(map, 2, true), undefined);
    assert.deepEqual(boxBeyond(map, 0.5, false), { lowest: [0, 0, 0], highest: [6, 6, 6] });
  });

  test("half a map has the means of its blocks, in their places", async () => {
    const { map } = await read({ size: [5, 4, 2], mode: 2, apix: 2 });
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

  test("the first level is one that some voxel is beyond", () => {
    const statistics = { min: 0, max: 10, mean: 0, rms: 1, notFinite: 0 };
    assert.equal(firstLevel(statistics, 3), 3);
    assert.equal(firstLevel({ ...statistics, max: 2 }, 3), 1);
    assert.equal(firstLevel({ ...statistics, rms: 0 }, 3), 0);
  });
});
