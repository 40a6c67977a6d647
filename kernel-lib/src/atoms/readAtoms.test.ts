import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { type TestContext, test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { readAtoms } from "./readAtoms";

/** Writes a file and reads it. */
async function read(t: TestContext, name: string, content: string | Uint8Array) {
  const file = path.join(temporaryFolder(t), name);
  writeFileSync(file, content);
  const warnings: string[] = [];
  const model = await readAtoms(file, { onWarning: (text) => warnings.push(text.replace(file, name)) });
  return { model, warnings };
}

const refused = async (t: TestContext, name: string, content: string, pattern: RegExp) => {
  await assert.rejects(read(t, name, content), { name: "InputError", message: pattern });
};

const pdb = `HEADER    SOME PROTEIN
ATOM      1  N   ALA A  -5      11.104   6.134  -6.504  1.00 12.50           N
ATOM      2  CA AALA A  -5      11.639   6.071  -5.147  0.60 11.00           C
ATOM      3  CA BALA A  -5      11.539   6.171  -5.047  0.40 11.00           C
ATOM      4  N   GLY A  52A     12.104   6.134  -6.504  1.00  0.00           N
ATOM      5  N   GLY A  52B     13.104   6.134  -6.504  1.00  0.00           N
TER
HETATM    6 ZN    ZN A 201      13.104   6.134  -6.504
HETATM    7  O   HOH   301      14.104   6.134  -6.504  1.00  0.00           O
END
`;

test("a PDB file is read with alternate places, insertion codes, hetero atoms and negative numbers", async (t) => {
  const { model, warnings } = await read(t, "model.ent", pdb);
  assert.deepEqual(warnings, []);
  assert.equal(model.format, "pdb");
  assert.deepEqual(model.names, ["N", "CA", "CA", "N", "N", "ZN", "O"]);
  assert.deepEqual(model.elements, ["N", "C", "C", "N", "N", "Zn", "O"]);
  assert.deepEqual(model.alternates, ["", "A", "B", "", "", "", ""]);
  assert.deepEqual(model.insertionCodes, ["", "", "", "A", "B", "", ""]);
  assert.deepEqual(Array.from(model.residueNumbers), [-5, -5, -5, 52, 52, 201, 301]);
  assert.deepEqual(Array.from(model.residues), [0, 0, 0, 1, 2, 3, 4]);
  assert.deepEqual(Array.from(model.hetero), [0, 0, 0, 0, 0, 1, 1]);
  assert.deepEqual(model.chains, ["A", "A", "A", "A", "A", "A", ""]);
  assert.deepEqual(Array.from(model.positions.subarray(3, 6)), [11.639, 6.071, -5.147]);
  assert.deepEqual(Array.from(model.occupancies), [1, 0.6, 0.4, 1, 1, 1, 1]);
});

const mmcif = `# made by hand
data_TEST
_entry.id TEST
loop_
_entity.id
_entity.pdbx_description
1 'a protein''s name'
loop_
_atom_site.group_PDB
_atom_site.id
_atom_site.type_symbol
_atom_site.label_atom_id
_atom_site.label_alt_id
_atom_site.label_comp_id
_atom_site.label_asym_id
_atom_site.label_seq_id
_atom_site.pdbx_PDB_ins_code
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.auth_seq_id
_atom_site.auth_asym_id
_atom_site.pdbx_PDB_model_num
ATOM 1 N N . MET A 1 ? 1.5 2.5 -3.5 17 Heavy 1
ATOM 2 C "C1'" . MET A 1 ? 2.5 2.5 -3.5 17 Heavy 1
ATOM 3 N N . MET A 1 ? 9.5 2.5 -3.5 17 Heavy 2
ATOM 4 C "C1'" . MET A 1 ? 9.5 2.5 -3.5 17 Heavy 2
`;

test("an mmCIF file is read with the names of its authors; of several models the first is used", async (t) => {
  const { model, warnings } = await read(
    t,
    "model.pdb",
    mmcif.replace("'a protein''s name'", `"a protein's name"`),
  );
  assert.deepEqual(warnings, ["model.pdb: 2 models, of which the first is used"]);
  assert.equal(model.format, "mmcif");
  assert.deepEqual(model.names, ["N", "C1'"]);
  assert.deepEqual(model.chains, ["Heavy", "Heavy"]);
  assert.deepEqual(Array.from(model.residueNumbers), [17, 17]);
  assert.deepEqual(Array.from(model.positions), [1.5, 2.5, -3.5, 2.5, 2.5, -3.5]);
  assert.deepEqual(model.categories.get("entity")!.columns.get("pdbx_description"), ["a protein's name"]);
});

test("a compressed file is read", async (t) => {
  const { model } = await read(t, "model.pdb.gz", gzipSync(pdb));
  assert.equal(model.count, 7);
});

test("files without atoms, with damaged ones and with Gaussians are refused by name and place", async (t) => {
  await refused(t, "text.pdb", "nothing\n", /text\.pdb: expected atoms in PDB or mmCIF format, found none/);
  await refused(
    t,
    "map.cif",
    "data_x\n_cell.length_a 3\n",
    /map\.cif: expected the category _atom_site, found none/,
  );
  const cut = mmcif.slice(0, mmcif.indexOf("Heavy 2")).replace("'a protein''s name'", "x");
  await refused(t, "cut.cif", cut, /cut\.cif: expected a readable mmCIF file, found/);
  const bad = pdb.replace("6.071  -5.147", "   ??  -5.147");
  await refused(
    t,
    "bad.pdb",
    bad,
    /bad\.pdb: atom 2: expected a position of three numbers in Å, found 11\.639, \?\?, -5/,
  );
  const number = pdb.replace("HOH   301", "HOH  A000");
  await refused(t, "big.pdb", number, /big\.pdb: atom 7: expected a whole residue number .*, found A000/);
  await refused(
    t,
    "g.pdb",
    `REMARK 999 BOX 1 32 3\n${pdb}`,
    /g\.pdb: expected an atomic model, found Gaussians/,
  );
  await assert.rejects(readAtoms(path.join(temporaryFolder(t), "missing.pdb")), /missing\.pdb: no such file/);
});
