import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { checkSameBoxLength, checkSameGrid, type Grid } from "./grid";

const grid = (n: number, apix: number): Grid => ({ size: [n, n, n], apix });

test("boxes of the same length in Å match whatever their voxels; others are refused with both described", () => {
  assert.doesNotThrow(() => checkSameBoxLength(grid(128, 0.75), grid(64, 1.5), "map.mrc"));
  assert.doesNotThrow(
    () => checkSameBoxLength(grid(64, 1.5004), { boxSize: 64, apix: 1.5 }, "map.mrc"),
    "rounded in a header",
  );
  assert.throws(
    () => checkSameBoxLength(grid(64, 1.7), grid(64, 1.5), "map.mrc", "particles.star"),
    (error: unknown) => {
      assert.ok(error instanceof InputError);
      const expected = "a box of 96.0 Å (64 voxels of 1.5 Å) like particles.star";
      assert.equal(error.message, `map.mrc: expected ${expected}, found 108.8 Å (64 voxels of 1.7 Å)`);
      return true;
    },
  );
  assert.throws(
    () => checkSameBoxLength({ size: [64, 64, 60], apix: 1.5 }, grid(64, 1.5), "map.mrc"),
    /found 96\.0 × 96\.0 × 90\.0 Å \(64×64×60 voxels of 1\.5 Å\)/,
  );
});

test("the limit is 0.5 % of the box length, for boxes and for grids", () => {
  for (const check of [
    (apix: number) => checkSameBoxLength(grid(64, apix), grid(64, 1.5), "map.mrc"),
    (apix: number) => checkSameGrid(grid(64, 1.5), grid(64, apix)),
  ]) {
    assert.doesNotThrow(() => check(1.5 * 1.004));
    assert.doesNotThrow(() => check(1.5 * 0.996));
    assert.throws(() => check(1.5 * 1.006), InputError);
    assert.throws(() => check(1.5 * 0.994), InputError);
  }
});

test("grids match only with the same number of voxels", () => {
  assert.doesNotThrow(() => checkSameGrid(grid(64, 1.5), grid(64, 1.5005)));
  assert.throws(() => checkSameGrid(grid(64, 1.5), grid(128, 0.75)), InputError);
});
