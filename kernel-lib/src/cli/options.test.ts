import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { describeFailure } from "./failure";
import { numberOption, parseNumbers } from "./options";

const parse = (text: string, range: Parameters<typeof numberOption>[2]) =>
  numberOption("--length <Å>", "a length", range).parseArg!(text, undefined);

test("numbers are decimal, and not what else JavaScript accepts", () => {
  for (const [text, value] of [
    ["8", 8],
    ["-1", -1],
    [".5", 0.5],
    ["2.", 2],
    ["1e-3", 1e-3],
    [" 7 ", 7],
  ] as const) {
    assert.equal(parse(text, {}), value);
  }
  for (const text of ["", " ", "0x10", "1_000", "Infinity", "nan", "1,5", "8A", "1e999"]) {
    assert.throws(() => parse(text, {}), InputError, text);
  }
});

test("a range includes or excludes its ends as stated in the error", () => {
  const range = { integer: true, least: 1, below: 17 };
  assert.equal(parse("1", range), 1);
  assert.equal(parse("16", range), 16);
  for (const text of ["0", "17", "1.5"]) {
    assert.throws(() => parse(text, range), {
      message: `--length: expected an integer from 1 to 16, found "${text}"`,
    });
  }
  assert.throws(
    () => parse("0", { above: 0, expected: "a length in Å" }),
    /a length in Å above 0, found "0"/,
  );
});

test("points are numbers separated by commas or blanks, negative ones included", () => {
  assert.deepEqual(parseNumbers("-1,0.5", "z"), [-1, 0.5]);
  assert.deepEqual(parseNumbers(" 1 -2\t3e1 ", "z"), [1, -2, 30]);
  for (const text of ["", "1,,2", "1;2", "a"])
    assert.throws(() => parseNumbers(text, "z"), /^InputError: z: /);
});

test("a failure is one line: input and file errors by their message, others as unexpected errors", () => {
  assert.equal(
    describeFailure(new InputError("a.mrc", "a map", "two\nlines")),
    "a.mrc: expected a map, found two lines",
  );
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  assert.equal(describeFailure(full), "no space left on the disk");
  const denied = Object.assign(new Error("EACCES: …"), { code: "EACCES", path: "/data/map.mrc" });
  assert.equal(describeFailure(denied), "/data/map.mrc: permission denied");
  assert.match(
    describeFailure(new TypeError("x is not a function")),
    /^unexpected error: x is not a function \(set E2GMM_DEBUG/,
  );
  assert.equal(describeFailure("text"), "unexpected error: text");
});
