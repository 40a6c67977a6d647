import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { ParticleSet } from "../../particles/particleSet";
import type { Outlier } from "../agreement/agreement";
import { copiedOutliers, formatOutliers, originalOutliers, parseOutliers } from "./outliersTable";

const outliers: Outlier[] = [
  { index: 2, score: -3.5, expected: 6.25, reason: "inverted contrast" },
  { index: 7, score: 0, expected: 5, reason: "empty image" },
  { index: 8, score: 0.5, expected: 7, reason: "no agreement" },
];
const set = { image: (i: number) => ({ stack: 'a, "b".mrcs', section: i }) } as unknown as ParticleSet;
const text = formatOutliers(outliers, set);
const read = (changed: string, shape = { particles: 20, outliers: 3 }) =>
  parseOutliers(changed, "run/outliers.csv", shape);

describe("the table of outliers", () => {
  test("is read as it was written, whatever the names of stacks", () => {
    assert.match(text, /^2,3,"000003@a, ""b""\.mrcs",-3\.500,6\.250,inverted contrast$/m);
    assert.deepEqual(read(text), outliers);
    assert.deepEqual(read(text.replaceAll("\n", "\r\n")), outliers);
  });

  for (const [name, change, pattern] of [
    ["another header", (t: string) => t.replace("row", "line"), /outliers\.csv: line 1: expected index,row,/],
    ["a page of a web server", () => "<html></html>", /line 1: expected index/],
    ["a row that is missing", (t: string) => t.replace(/^7,.*\n/m, ""), /expected the 3 outliers.*found 2/],
    ["a row twice", (t: string) => t.replace(/^(7,.*\n)/m, "$1$1"), /line 4: expected index \(ascending\)/],
    ["an index beyond the particles", (t: string) => t.replace("8,9,", "20,21,"), /line 4/],
    ["a row of another index", (t: string) => t.replace("7,8,", "7,9,"), /line 3/],
    ["a score that is no number", (t: string) => t.replace("-3.500", "x"), /line 2/],
    ["an invalid reason", (t: string) => t.replace("empty image", "ice"), /line 3/],
  ] as [string, (t: string) => string, RegExp][]) {
    test(`${name} is refused`, () => {
      assert.throws(() => read(change(text)), pattern);
    });
  }

  test("of a symmetric molecule has all copies of a particle, with its image", () => {
    const copies = copiedOutliers(outliers, 3);
    assert.deepEqual(
      copies.map(({ index }) => index),
      [6, 7, 8, 21, 22, 23, 24, 25, 26],
    );
    const table = formatOutliers(copies, set, 3);
    assert.match(table, /^7,8,"000003@a, ""b""\.mrcs",-3\.500,/m);
    const back = parseOutliers(table, "outliers.csv", { particles: 60, outliers: 9 });
    assert.deepEqual(originalOutliers(back, 3), outliers);
  });
});
