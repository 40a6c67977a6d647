import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import type { AtomModel } from "./atomModel";
import { quoted } from "./mmcifText";
import { helices, modelOf } from "./molecule.test.helper";
import { readCif } from "./molstarReader";
import { readAtoms } from "./readAtoms";
import { atomFormat, writeAtoms } from "./writeAtoms";

const fields = (model: AtomModel) => ({
  names: model.names,
  residueNames: model.residueNames,
  chains: model.chains,
  residueNumbers: model.residueNumbers,
  insertionCodes: model.insertionCodes,
  alternates: model.alternates,
  elements: model.elements,
  hetero: model.hetero,
  positions: model.positions,
  occupancies: model.occupancies,
});

const odd = `ATOM      1  N   ALA A  -5      11.104   6.134  -6.504  1.00 12.50           N
ATOM      2  CA AALA A  -5      11.639   6.071  -5.147  0.60 11.00           C
ATOM      3  CA BALA A  -5      11.539   6.171  -5.047  0.40 11.00           C
ATOM      4  H11'GLY A  52A     12.104   6.134  -6.504  1.00  0.00           H
HETATM    5 CA    CA A 201      13.104   6.134  -6.504  1.00  0.00          CA
HETATM    6 SE   MSE A 202      13.104   6.134-106.504  1.00  0.00          SE
HETATM    7  O   HOH A 301      14.104   6.134  -6.504  1.00  0.00           O
`;

test("atoms keep all fields from PDB to mmCIF and back", async (t) => {
  const folder = temporaryFolder(t);
  const model = await modelOf(odd);
  await writeAtoms(path.join(folder, "a.cif"), model);
  const cif = await readAtoms(path.join(folder, "a.cif"));
  assert.deepEqual(fields(cif), fields(model));
  await writeAtoms(path.join(folder, "b.pdb"), cif);
  const records = (text: string) => text.split("\n").filter((line) => /^(ATOM|HETATM)/.test(line));
  const lines = readFileSync(path.join(folder, "b.pdb"), "utf8");
  assert.deepEqual(
    records(lines).map((line) => line.trimEnd()),
    records(odd).map((line) => line.trimEnd()),
  );
  await writeAtoms(path.join(folder, "c.cif"), cif);
  assert.equal(
    readFileSync(path.join(folder, "c.cif"), "utf8").replace("data_a_cif", ""),
    readFileSync(path.join(folder, "a.cif"), "utf8").replace("data_test_pdb", ""),
  );
});

test("carried models become numbered models with unique atom ids", async (t) => {
  const folder = temporaryFolder(t);
  const model = await modelOf(helices(2, 4));
  const moved = model.positions.map((x) => x + 1);
  const common = {
    displacement: 0,
    largestDisplacement: 0,
    bondChange: 0,
    largestBondChange: 0,
    correlation: 1,
  };
  const models = [model.positions, moved].map((positions) => ({ place: [0], positions, ...common }));
  const carried = { model, start: { place: [0], correlation: 1, outside: 0 }, models };
  await writeAtoms(path.join(folder, "m.cif"), carried);
  const [tables] = await readCif(readFileSync(path.join(folder, "m.cif"), "utf8"));
  const { columns, rows } = tables!.get("atom_site")!;
  assert.equal(rows, 2 * model.count);
  assert.equal(new Set(columns.get("id")).size, rows);
  assert.deepEqual(new Set(columns.get("pdbx_PDB_model_num")), new Set(["1", "2"]));
  assert.equal(Number(columns.get("Cartn_y")![model.count]), Number(moved[1]!.toFixed(3)));
  await writeAtoms(path.join(folder, "m.pdb"), carried);
  const text = readFileSync(path.join(folder, "m.pdb"), "utf8");
  assert.equal(text.match(/^MODEL {8}[12]$/gm)!.length, 2);
  assert.equal(text.match(/^TER/gm)!.length, 4);
  assert.match(text, /ENDMDL\nEND\n$/);
});

test("categories with long and quoted values are kept in mmCIF", async (t) => {
  const file = path.join(temporaryFolder(t), "in.cif");
  const values = [
    "plain",
    "two words",
    "it's",
    `a "b" 'c' d`,
    "line\nline",
    ";x",
    "data_x",
    "_x",
    "#x",
    "a'b",
  ];
  const rows = values
    .map((value, i) => `${i} ${quoted(value)}`)
    .join("\n")
    .replaceAll("\n; ", "\n;\n");
  const atom = "ATOM 1 C CA 1 2 3";
  const items = ["group_PDB", "id", "type_symbol", "label_atom_id", "Cartn_x", "Cartn_y", "Cartn_z"];
  const site = `loop_\n${items.map((item) => `_atom_site.${item}\n`).join("")}${atom}\n`;
  writeFileSync(file, `data_x\nloop_\n_entity.id\n_entity.details\n${rows}\n${site}`);
  const model = await readAtoms(file);
  assert.deepEqual(model.categories.get("entity")!.columns.get("details"), values);
  await writeAtoms(file, model);
  assert.deepEqual((await readAtoms(file)).categories.get("entity")!.columns.get("details"), values);
});

test("what does not fit PDB format is refused, with mmCIF as the way out", async (t) => {
  const file = path.join(temporaryFolder(t), "x.pdb");
  const model = await modelOf(odd);
  const refused = (change: Partial<AtomModel>, pattern: RegExp) =>
    assert.rejects(writeAtoms(file, { ...model, ...change }), { name: "InputError", message: pattern });
  await refused(
    { count: 100_000 },
    /x\.pdb: expected at most 99999 atoms in PDB format .*\.cif.*, found 100000/,
  );
  await refused({ chains: model.chains.map(() => "AB") }, /expected chains of one character .*, found "AB"/);
  await refused(
    { residueNames: model.chains.map(() => "A1LU6") },
    /expected residue names of three characters/,
  );
  await refused(
    { residueNumbers: model.residueNumbers.map(() => 10_000) },
    /residue numbers from -999 to 9999/,
  );
  await refused({ positions: model.positions.map(() => 12_345) }, /positions from -999\.999 to 9999\.999 Å/);
  await refused({ positions: model.positions.map(() => Number.NaN) }, /only finite numbers to be written/);
  assert.throws(
    () => atomFormat("motion.mrc"),
    /motion\.mrc: expected a name that ends in \.cif or \.pdb, found \.mrc/,
  );
});
