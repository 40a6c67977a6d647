import assert from "node:assert/strict";
import { test } from "vitest";
import { leftOutNotes } from "./leftOutNotes";

const reason = "all its pixels are 0";

test("outliers of two files are named by the rows of their own file", () => {
  const sets = [
    { file: "one.star", count: 3, rows: Int32Array.of(0, 2, 5) },
    { file: "two.star", count: 2, rows: Int32Array.of(0, 7) },
  ];
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
  const copies = { file: "three.star", count: 6, rows: Int32Array.of(0, 0, 0, 4, 4, 4) };
  const notes = leftOutNotes(
    [3, 4, 5].map((index) => ({ index, reason })),
    [copies],
  );
  assert.deepEqual(notes, [
    "three.star: 1 of 2 images is unlike the others and left out (row 5: all its pixels are 0); --keep-outliers uses them",
  ]);
});
