import assert from "node:assert/strict";
import { test } from "vitest";
import { parseStar } from "./star";

const table = (text: string) => parseStar(Buffer.from(text), "a.star").table("optics")!;

test("a block of pairs is a table with one row, with comments and quotes", () => {
  const pairs = table(
    "data_optics\n_rlnA   1.5 # in Å\n# between\n  _rlnB\t'two words'\n_rlnC \"x\"\n\ndata_x\n_rlnA 2\n",
  );
  assert.deepEqual([...pairs.columns], ["_rlnA", "_rlnB", "_rlnC"]);
  assert.equal(pairs.count, 1);
  assert.deepEqual(pairs.numbers(["rlnA"]), [Float64Array.of(1.5)]);
  assert.deepEqual([pairs.text("_rlnB"), pairs.rows(0, 10)], [["two words"], [["1.5", "two words", "x"]]]);
  assert.deepEqual([pairs.has("rlnC"), pairs.has("rlnD"), pairs.rows(1, 2)], [true, false, []]);
});

test("malformed pairs are refused when they are requested", () => {
  const pairs = table("data_optics\n_rlnA\n_rlnB 1 2\n_rlnC 'x\n_rlnD nan\n_rlnE 1\n_rlnE 2\n_rlnF 1\n");
  const refused = (name: string, message: RegExp) => assert.throws(() => pairs.numbers([name]), message);
  refused("rlnA", /a\.star: line 2: expected one value of _rlnA, found 0$/);
  refused("rlnB", /a\.star: line 3: expected one value of _rlnB, found 2$/);
  refused("rlnC", /a\.star: line 4: a closing '$/);
  refused("rlnD", /a\.star: data_optics \(line 2\), column _rlnD: expected a number, found "nan"$/);
  refused("rlnE", /a\.star: line 7: expected each name once, found _rlnE$/);
  refused("rlnG", /a\.star: data_optics: expected a value _rlnG, found _rlnA _rlnB/);
  assert.deepEqual(pairs.numbers(["rlnF"]), [Float64Array.of(1)]);
});

test("pairs of a block with a loop are not a table", () => {
  const loop = table("data_optics\n_rlnA 1\nloop_\n_rlnB\n2\n3\n");
  assert.deepEqual([[...loop.columns], loop.count], [["_rlnB"], 2]);
});
