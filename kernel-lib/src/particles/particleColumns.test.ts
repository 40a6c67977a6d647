import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData, temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { particleColumn, particleColumns } from "./particleColumns";
import { openParticles } from "./particleSet";

const star = `
data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnImageSize #7
_rlnImageDimensionality #8
second 2 300 2.7 0.1 2 4 2
first 1 300 2.7 0.1 2 4 2

data_particles

loop_
_rlnAngleRot #1
_rlnAngleTilt #2
_rlnAnglePsi #3
_rlnOriginXAngst #4
_rlnOriginYAngst #5
_rlnDefocusU #6
_rlnDefocusV #7
_rlnDefocusAngle #8
_rlnRandomSubset #9
_rlnOpticsGroup #10
_rlnMicrographName #11
_rlnClassNumber #12
_rlnCtfMaxResolution #13
_rlnImageName #14
10 20 30 1 -2 12000 11000 5 1 1 "b 2.mrc" 10 3.5 1@x.mrcs
40 50 60 0 3 14000 14000 5 2 2 a.mrc 9 nan 1@y.mrcs
70 80 90 0 0 10000 10500 5 1 1 <b>c</b> 10 inf 2@x.mrcs
-70 80 -90 0 0 9000 9500 5 1 1 a.mrc 2 4.5 3@x.mrcs
`;

async function opened(t: TestContext, text = star) {
  const file = path.join(temporaryFolder(t), "particles.star");
  writeFileSync(file, text);
  const set = await openParticles(file);
  t.onTestFinished(() => set.close());
  return set;
}

const rounded = (values: ArrayLike<number>) => Array.from(values, (x) => Math.round(x * 1e4) / 1e4);

test("columns of the file and derived columns are read by name", async (t) => {
  const set = await opened(t);
  const columns = particleColumns(set);
  for (const { name, kind, unit } of columns) {
    const column = particleColumn(set, name);
    assert.equal(column.kind, kind, name);
    assert.equal((column.kind === "number" ? column.values : column.codes).length, 4, name);
    if (column.kind === "number") assert.equal(column.unit, unit);
  }
  const names = columns.filter((column) => column.kind === "category").map((column) => column.name);
  assert.deepEqual(names, ["optics group", "half set", "image stack", "rlnMicrographName", "rlnImageName"]);
  assert.deepEqual(
    columns.filter((column) => !column.inFile).map((column) => `${column.name} ${column.unit ?? ""}`.trim()),
    [
      "defocus Å",
      "astigmatism Å",
      "rot °",
      "tilt °",
      "psi °",
      "shift x Å",
      "shift y Å",
      "optics group",
      "half set",
      "image stack",
    ],
  );
});

test("columns follow the order of the set", async (t) => {
  const set = (await opened(t)).select([2, 0, 1]);
  const numbers = (name: string) => {
    const column = particleColumn(set, name);
    assert.ok(column.kind === "number", name);
    return rounded(column.values);
  };
  assert.deepEqual(numbers("rlnDefocusU"), [10000, 12000, 14000]);
  assert.deepEqual(numbers("_rlnDefocusU"), [10000, 12000, 14000]);
  assert.deepEqual(numbers("defocus"), [10250, 11500, 14000]);
  assert.deepEqual(numbers("astigmatism"), [500, 1000, 0]);
  assert.deepEqual(numbers("rot"), [70, 10, 40]);
  assert.deepEqual(numbers("tilt"), [80, 20, 50]);
  assert.deepEqual(numbers("psi"), [90, 30, 60]);
  assert.deepEqual(numbers("shift x").map(Math.abs), [0, 1, 0]);
  assert.deepEqual(
    numbers("shift y").map((y) => y + 0),
    [0, 2, -3],
  );
  assert.deepEqual(numbers("rlnCtfMaxResolution"), [Number.NaN, 3.5, Number.NaN]);
});

test("text becomes categories: those that occur, sorted", async (t) => {
  const set = await opened(t);
  const categories = (name: string, which = set) => {
    const { kind, ...column } = particleColumn(which, name, "category");
    assert.ok(kind === "category" && "codes" in column);
    return [[...column.codes], column.names];
  };
  assert.deepEqual(categories("rlnMicrographName"), [
    [2, 1, 0, 1],
    ["<b>c</b>", "a.mrc", "b 2.mrc"],
  ]);
  assert.deepEqual(categories("rlnMicrographName", set.select([0, 3])), [
    [1, 0],
    ["a.mrc", "b 2.mrc"],
  ]);
  assert.deepEqual(categories("rlnClassNumber"), [
    [2, 1, 2, 0],
    ["2", "9", "10"],
  ]);
  assert.deepEqual(categories("optics group"), [
    [0, 1, 0, 0],
    ["first", "second"],
  ]);
  assert.deepEqual(categories("half set"), [
    [0, 1, 0, 0],
    ["1", "2"],
  ]);
  assert.deepEqual(categories("image stack"), [
    [0, 1, 0, 0],
    ["x.mrcs", "y.mrcs"],
  ]);
});

test("one word among numbers makes a column categorical", async (t) => {
  const rows = Array.from({ length: 80 }, (_, i) => `1@x.mrcs ${i === 70 ? "none" : i % 3}`);
  const head = "data_\n\nloop_\n_rlnImageName\n_rlnGroupNumber\n_rlnPixelSize\n";
  const folder = temporaryFolder(t);
  const { createStack } = await import("../formats/mrc");
  const stack = await createStack(path.join(folder, "x.mrcs"), { size: [4, 4], apix: 2 });
  await stack.append(new Float32Array(16));
  await stack.close();
  const file = path.join(folder, "particles.star");
  writeFileSync(file, `${head}${rows.map((row) => `${row} 2\n`).join("")}`);
  const set = await openParticles(file);
  t.onTestFinished(() => set.close());
  const column = particleColumn(set, "rlnGroupNumber");
  assert.ok(column.kind === "category");
  assert.deepEqual(column.names, ["0", "1", "2", "none"]);
  assert.equal(column.codes[70], 3);
  assert.throws(
    () => particleColumn(set, "rlnGroupNumber", "number"),
    /column rlnGroupNumber: expected numbers, found "none"/,
  );
  assert.equal(
    particleColumns(set).find(({ name }) => name === "defocus"),
    undefined,
  );
});

test("an unknown name is refused with the list of columns", async (t) => {
  const set = await opened(t);
  assert.throws(
    () => particleColumn(set, "rlnDefocus"),
    (error) =>
      error instanceof InputError &&
      /one of the columns defocus, .*rlnDefocusU.*found rlnDefocus$/.test(error.message),
  );
});

const cs = sharedData("formats", "cryosparc_P12_J24_001_particles.cs");

test(
  "fields of several numbers in a .cs file are columns each",
  skipIf(cs ? false : "no development data beside the repository"),
  async (t) => {
    const set = await openParticles(cs!);
    t.onTestFinished(() => set.close());
    const columns = particleColumns(set);
    const names = columns.map((column) => column.name);
    for (const name of ["defocus", "image stack", "uid", "blob/shape[0]", "blob/shape[1]", "ctf/df1_A"]) {
      assert.ok(names.includes(name), name);
    }
    for (const { name, kind } of columns) assert.equal(particleColumn(set, name).kind, kind, name);
    const shape = particleColumn(set, "blob/shape[1]", "category");
    assert.ok(shape.kind === "category" && shape.names.length === 1);
    assert.equal(Number(shape.names[0]), set.boxSize);
    const df = particleColumn(set, "ctf/df1_A");
    assert.ok(df.kind === "number" && df.unit === "Å");
    assert.deepEqual(df.values, set.column("ctf/df1_A"));
    assert.throws(() => particleColumn(set, "blob/shape[2]"), InputError);
  },
);
