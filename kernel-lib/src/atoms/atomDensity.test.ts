import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { sharedData, temporaryFolder } from "../../../tests/testing";
import { pearson } from "../latent/statistics";
import { readMap } from "../maps/mapFile";
import { atomCentre, atomDensity } from "./atomDensity";
import { readAtomEnsemble, readAtoms } from "./readAtoms";

const atom = (serial: number, name: string, x: number, element: string) =>
  `ATOM  ${String(serial).padStart(5)}  ${name.padEnd(3)} ALA A${String(serial).padStart(4)}    ${x.toFixed(3).padStart(8)}${"5.000".padStart(8)}${"-7.000".padStart(8)}  1.00  0.00          ${element.padStart(2)}\n`;
const ensemble = `MODEL        1\n${atom(1, "CA", 10, "C")}${atom(2, "S", 20, "S")}ENDMDL\nMODEL        2\n${atom(1, "CA", 14, "C")}${atom(2, "S", 20, "S")}ENDMDL\nEND\n`;

test("the density of atoms has their electrons, at their places by the map's origin, at any voxel size", async (t) => {
  const file = path.join(temporaryFolder(t), "two.pdb");
  writeFileSync(file, ensemble);
  const models = await readAtomEnsemble(file);
  assert.deepEqual(
    models.map(({ count, positions }) => [count, positions[0]]),
    [
      [2, 10],
      [2, 14],
    ],
  );
  const centre = atomCentre(models);
  assert.ok(Math.abs(centre[0] - (6 * 10 + 6 * 14 + 2 * 16 * 20) / 44) < 1e-9);
  for (const apix of [0.8, 1.5]) {
    const { data, origin } = atomDensity(models[1]!, { boxSize: 32, apix, resolution: 3, centre });
    let [sum, x, y] = [0, 0, 0];
    data.forEach((value, i) => {
      sum += value;
      x += value * ((i % 32) * apix + origin![0]);
      y += value * ((Math.floor(i / 32) % 32) * apix + origin![1]);
    });
    assert.ok(Math.abs(sum * apix ** 3 - 22) < 0.01, `${sum * apix ** 3} electrons`);
    assert.ok(Math.abs(x / sum - (6 * 14 + 16 * 20) / 22) < 0.1, `x ${x / sum}`);
    assert.ok(Math.abs(y / sum - 5) < 0.1, `y ${y / sum}`);
  }
  const small = { boxSize: 16, apix: 0.5, centre };
  assert.throws(() => atomDensity(models[0]!, small), /two\.pdb: atom 1: expected a place in the box of 8 Å/);
});

const folder = sharedData("adk");
test(
  "the density of adenylate kinase is that of its map, and not that of another state",
  skipIf(!folder && "no development data"),
  async () => {
    const model = await readAtoms(path.join(folder!, "truth_models/state_00.pdb"));
    // Voxel i of the maps is at 1.5 · i Å.
    const { data } = atomDensity(model, { boxSize: 64, apix: 1.5, resolution: 8, centre: [48, 48, 48] });
    const [own, other] = [0, 14].map((s) =>
      readMap(path.join(folder!, `truth_maps/state_${String(s).padStart(2, "0")}.mrc`)),
    );
    const found = pearson(data, (await own!).data);
    assert.ok(found > 0.998, `correlation ${found}`);
    assert.ok(pearson(data, (await other!).data) < 0.8);
  },
);
