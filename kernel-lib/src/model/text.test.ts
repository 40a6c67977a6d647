import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { Random } from "../random";
import { emptyModel, Row } from "./gaussianModel";
import { float32Text, formatModelText, parseModelText, readModelText, writeModelText } from "./text";

function randomModel(count: number, seed: number) {
  const model = emptyModel(count, 48, 1.9999);
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) model.params[axis * count + i] = random.uniform() - 0.5;
    model.params[Row.amplitude * count + i] = 10 ** (6 * random.uniform() - 3);
    model.params[Row.sigma * count + i] = 0.5 + random.uniform();
  }
  return model;
}

test("a model written as text reads back bit for bit, box and pixel size included", async (t) => {
  const file = path.join(temporaryFolder(t), "model.txt");
  const model = randomModel(300, 1);
  await writeModelText(file, model);
  assert.deepEqual(await readModelText(file), model);
  assert.deepEqual(readdirSync(path.dirname(file)), ["model.txt"], "no temporary file is left");
});

test("float32 text keeps every bit of float32 numbers of any size", () => {
  const random = new Random(3);
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  let tried = 0;
  while (tried < 5000) {
    bits[0] = random.uint32();
    if (!Number.isFinite(float[0]!)) continue;
    assert.equal(Math.fround(Number(float32Text(float[0]!))), float[0]);
    tried++;
  }
  assert.equal(float32Text(Math.fround(0.1)), "0.1");
});

test("a file without a header needs box and pixel size from the caller", () => {
  const text = "0 0.1 -0.2 1 1.5\r\n0,0,0,2,1.25\n";
  const model = parseModelText(text, "plain.txt", { boxSize: 64, apix: 1.5 });
  assert.equal(model.count, 2);
  assert.equal(model.boxSize, 64);
  assert.equal(model.params[Row.sigma * 2 + 1], 1.25);
  assert.throws(() => parseModelText(text, "plain.txt", { boxSize: 64 }), /plain\.txt: .*no pixel size/);
});

test("the header of the file takes precedence over the caller's box", () => {
  const model = parseModelText(formatModelText(randomModel(2, 1)), "m.txt", { boxSize: 64, apix: 1.5 });
  assert.equal(model.boxSize, 48);
});

for (const [name, line, expected] of [
  ["a line of four numbers", "0 0 0 1", /m\.txt: line 3: expected five numbers/],
  ["a word where a number should be", "0 0 zero 1 1", /m\.txt: line 3: .*found zero/],
  ["a sigma of 0", "0 0 0 1 0", /m\.txt: line 3: expected a sigma above 0/],
  ["a centre in Å", "31.5 0 0 1 1", /m\.txt: line 3: .*box units/],
  ["an HTML page", "<!DOCTYPE html>", /m\.txt: line 3: expected five numbers/],
] as const) {
  test(`${name} is refused with file and line`, () => {
    const parse = () => parseModelText(`# box_size 64\n# apix 1.5\n${line}\n`, "m.txt");
    assert.throws(parse, (error) => error instanceof InputError && expected.test(error.message));
  });
}

test("a bad header value, an empty file and a missing file are refused by name", async (t) => {
  const folder = temporaryFolder(t);
  assert.throws(
    () => parseModelText("# box_size many\n0 0 0 1 1", "m.txt"),
    /line 1: .*box_size, found many/,
  );
  writeFileSync(path.join(folder, "empty.txt"), "# apix 1\n");
  await assert.rejects(readModelText(path.join(folder, "empty.txt")), /empty\.txt: expected at least one/);
  await assert.rejects(readModelText(path.join(folder, "none.txt")), /none\.txt: .*no such file/);
});
