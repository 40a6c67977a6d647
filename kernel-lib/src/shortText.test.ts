import assert from "node:assert/strict";
import { test } from "vitest";
import { roundedText, shorten } from "./shortText";

test("text is cut only if it is longer", () => {
  assert.deepEqual([shorten("abcd", 4), shorten("abcde", 4), shorten("", 4)], ["abcd", "abc…", ""]);
});

test("numbers are rounded to significant digits", () => {
  assert.deepEqual(
    [1.23456, 1200, 0.000012345, 1e21, Number.NaN].map((value) => roundedText(value, 3)),
    ["1.23", "1200", "0.0000123", "1e+21", "NaN"],
  );
});
