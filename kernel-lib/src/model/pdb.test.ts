import assert from "node:assert/strict";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { Random } from "../random";
import { emptyModel, type GaussianModel, Row } from "./gaussianModel";
import { formatModelPdb, hybrid36, parseModelPdb, readModelPdb, writeModelPdb } from "./pdb";

function someModel(count: number, seed: number): GaussianModel {
  const model = emptyModel(count, 48, 2);
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) model.params[axis * count + i] = random.uniform() - 0.5;
    model.params[Row.amplitude * count + i] = 0.001 * random.uniform();
    model.params[Row.sigma * count + i] = 0.5 + random.uniform();
  }
  return model;
}

test("a sequence of models written as PDB reads back bit for bit", async (t) => {
  const file = path.join(temporaryFolder(t), "models.pdb");
  const models = [someModel(20, 1), someModel(30, 2)];
  await writeModelPdb(file, models);
  assert.deepEqual(await readModelPdb(file), models);
});

test("atoms are at the Gaussian's position in the map, with amplitude and width in their columns", () => {
  const model = emptyModel(2, 48, 2);
  model.params.set([0.25, -0.125, 0, 0, 0, -0.5, 4, 1, 1.25, 0.5]);
  const atoms = formatModelPdb(model)
    .split("\n")
    .filter((line) => line.startsWith("ATOM"));
  // 0.25 of 96 Å from the origin, which is at voxel 24, 48 Å.
  assert.equal(atoms[0]!.slice(30, 66), "  72.000  48.000  48.000  1.00  2.50");
  assert.equal(atoms[1]!.slice(30, 66), "  36.000  48.000   0.000  0.25  1.00");
  for (const atom of atoms) assert.equal(atom.length, 80);
});

test("more than 99,999 atoms get distinct serial numbers of five characters", () => {
  assert.equal(hybrid36(99999, 5), "99999");
  assert.equal(hybrid36(100000, 5), "A0000");
  assert.equal(hybrid36(100001, 5), "A0001");
  assert.equal(hybrid36(43770015, 5), "ZZZZZ");
  assert.equal(hybrid36(43770016, 5), "a0000");
  const model = someModel(100_002, 3);
  const text = formatModelPdb(model);
  const serials = text.match(/^ATOM {2}.{5}/gm)!;
  assert.equal(new Set(serials).size, model.count);
  assert.deepEqual(parseModelPdb(text, "large.pdb"), [model]);
});

test("pseudo-atoms from other programs are read from their columns, and need a box", () => {
  const text = formatModelPdb(someModel(3, 4)).replace(/^REMARK.*\n/gm, "");
  const [model] = parseModelPdb(text, "other.pdb", { boxSize: 48, apix: 2 });
  const exact = someModel(3, 4);
  for (let i = 0; i < 9; i++) assert.ok(Math.abs(model!.params[i]! - exact.params[i]!) < 1e-5);
  assert.throws(() => parseModelPdb(text, "other.pdb"), /other\.pdb: expected box size/);
});

test("a damaged record is refused with file and line", () => {
  const text = formatModelPdb(someModel(3, 4))
    .replace(/^REMARK.*\n/gm, "")
    .split("\n");
  text[1] = `${text[1]!.slice(0, 30)}   abc.0${text[1]!.slice(38)}`;
  const box = { boxSize: 48, apix: 2 };
  assert.throws(() => parseModelPdb(text.join("\n"), "bad.pdb", box), /bad\.pdb: line 2: .*31–38, found abc/);
  assert.throws(() => parseModelPdb("HEADER\n", "bad.pdb", box), /bad\.pdb: expected at least one ATOM/);
  assert.throws(
    () => parseModelPdb("REMARK 999 GAUSSIAN 1 1 0 0 0 1 x\n", "bad.pdb", box),
    /bad\.pdb: line 1: expected seven numbers/,
  );
});
