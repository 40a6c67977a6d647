import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { type Grid, requireSameBox, requireSameGrid } from "./grid";

const grid = (n: number, apix: number): Grid => ({ size: [n, n, n], apix });

test("boxes of the same edges in Å go together, in whatever voxels; others are refused with both named", () => {
  assert.doesNotThrow(() => requireSameBox(grid(128, 0.75), grid(64, 1.5), "map.mrc"));
  assert.doesNotThrow(
    () => requireSameBox(grid(64, 1.5004), grid(64, 1.5), "map.mrc"),
    "rounded in a header",
  );
  assert.throws(
    () => requireSameBox(grid(64, 1.7), grid(64, 1.5), "map.mrc", "particles.star"),
    (error: unknown) => {
      assert.ok(error instanceof InputError);
      const expected = "a box as large as 64×64×64 voxels of 1.5 Å of particles.star";
      assert.equal(error.message, `map.mrc: expected ${expected}, found 64×64×64 voxels of 1.7 Å`);
      return true;
    },
  );
  assert.throws(
    () => requireSameBox({ size: [64, 64, 60], apix: 1.5 }, grid(64, 1.5), "map.mrc"),
    InputError,
  );
});

test("grids are the same only in the same voxels", () => {
  assert.doesNotThrow(() => requireSameGrid(grid(64, 1.5), grid(64, 1.5005)));
  assert.throws(() => requireSameGrid(grid(64, 1.5), grid(128, 0.75)), InputError);
});
