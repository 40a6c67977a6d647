import assert from "node:assert/strict";
import { test } from "vitest";
import { leftOutNotes } from "./leftOutNotes";

const reason = "all its pixels are 0";
/** A file with so many images for each particle. */
const setOf = (file: string, rows: readonly number[], images = 1) => ({
  ...{ file, count: rows.length, rows: Int32Array.from(rows) },
  tilts: () => ({ count: images * rows.length }),
});

test("outliers of two files are named by the rows of their own file", () => {
  const sets = [setOf("one.star", [0, 2, 5]), setOf("two.star", [0, 7])];
  const notes = leftOutNotes(
    [2, 4].map((index) => ({ index, reason })),
    sets,
  );
  assert.deepEqual(notes, [
    "one.star: 1 of 3 images is unlike the others and left out (row 6: all its pixels are 0); --keep-outliers uses them",
    "two.star: 1 of 2 images is unlike the others and left out (row 8: all its pixels are 0); --keep-outliers uses them",
  ]);
  assert.equal(leftOutNotes([{ index: 3, reason }], sets).length, 1);
});

test("symmetry copies of an image are one row", () => {
  const copies = setOf("three.star", [0, 0, 0, 4, 4, 4]);
  const notes = leftOutNotes(
    [3, 4, 5].map((index) => ({ index, reason })),
    [copies],
  );
  assert.deepEqual(notes, [
    "three.star: 1 of 2 images is unlike the others and left out (row 5: all its pixels are 0); --keep-outliers uses them",
  ]);
});

test("tilts of a particle are images of their own", () => {
  const notes = leftOutNotes(
    [1, 1].map((index) => ({ index, reason })),
    [setOf("tilts.star", [3, 4], 5)],
  );
  assert.deepEqual(notes, [
    "tilts.star: 2 of 10 images are unlike the others and left out (row 5: all its pixels are 0; row 5: all its pixels are 0); --keep-outliers uses them",
  ]);
});
