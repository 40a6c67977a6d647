import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { describePlan } from "./mapPlan.js";
import { layoutOf, parseHeader } from "./mrc.js";
import { fileOf, type MadeMrc, makeMrc, readMade } from "./mrc.test.helper.js";
import { readSections } from "./readMap.js";

describe("reading a map", () => {
  test("a map that arrives in pieces of any size has the values and statistics of the file", async () => {
    const { map } = await readMade({ size: [4, 3, 2], mode: 2, apix: 1.5 });
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

  test("axes in another order are rearranged to X, Y, Z", async () => {
    // Columns are Z, rows X, sections Y
    const { map } = await readMade({ size: [5, 3, 2], mode: 1, axes: [3, 1, 2] });
    assert.deepEqual(map.size, [3, 2, 5]);
    const at = (x: number, y: number, z: number) => map.data[x + 3 * (y + 2 * z)];
    for (let z = 0; z < 5; z++) {
      for (let y = 0; y < 2; y++) for (let x = 0; x < 3; x++) assert.equal(at(x, y, z), z + 5 * (x + 3 * y));
    }
  });

  test("a map above the limit is averaged in blocks, smaller ones at the far edges, and keeps its place", async () => {
    const { map, plan, header, layout } = await readMade(
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
    const { map, plan, file, layout } = await readMade(made, { edge: 256, bytes: 200 });
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
    const { map } = await readMade({
      size: [2, 2, 1],
      mode: 2,
      values: [Number.NaN, 3, Number.POSITIVE_INFINITY, 5],
    });
    assert.deepEqual([...map.data], [0, 3, 0, 5]);
    assert.equal(map.statistics.notFinite, 2);
    assert.equal(map.statistics.mean, 4);
  });

  test("images of a stack are read without the rest of the file", async () => {
    const bytes = makeMrc({ size: [3, 2, 9], mode: 6, littleEndian: false, extended: 96 });
    const header = parseHeader(bytes, "a.mrcs");
    const layout = layoutOf(header, bytes.length, "a.mrcs");
    const file = fileOf(bytes);
    const values = await readSections({ file, header, layout }, 4, 2);
    assert.deepEqual(
      [...values],
      Array.from({ length: 12 }, (_, i) => 24 + i),
    );
    assert.deepEqual(file.asked, [[1120 + 48, 1120 + 72]]);
    await assert.rejects(
      readSections({ file, header, layout }, 8, 2),
      /expected sections 1 to 9, found a request for 9 to 10/,
    );
  });
});
