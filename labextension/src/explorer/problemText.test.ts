import assert from "node:assert/strict";
import { test } from "node:test";
import { problemText } from "./problemText.js";

test("a common problem is said as what to do about it", () => {
  assert.equal(
    problemText("path: expected one with two anchors or more, drawn in the plot, found none"),
    "First draw a path with at least two points in the plot.",
  );
  assert.equal(
    problemText('file name: expected one that is not taken, or leave to overwrite, found "set_1.star"'),
    '"set_1.star" exists already. Choose another name or tick “overwrite”.',
  );
  assert.equal(
    problemText("a: b: expected at least 10 particles to reconstruct, found 3"),
    "“a: b” has too few particles to reconstruct: 3, and 10 are needed.",
  );
});

test("any other problem is said as the kernel reports it", () => {
  const report = "run.star: row 12: expected a number, found x";
  assert.equal(problemText(report), report);
});
