import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, test } from "vitest";
import { atomLine, modelOf } from "../../atoms/molecule.test.helper";
import { emptyModel, type GaussianModel } from "../../model/gaussianModel";
import { trainInThisThread } from "../../training/train";
import { explore } from "../explore";
import type { Explorer } from "../explorer";
import { type TestBench, testBench } from "../explorer.test.helper";
import { atomTrace } from "../gaussianViewer/atomTrace";

/** An atomic model over the Gaussians of an explorer. */

let bench: TestBench;
let explorer: Explorer;

beforeAll(async () => {
  bench = await testBench();
  (await trainInThisThread(bench.settings)).close();
});
afterAll(() => bench.end());
beforeEach(async () => {
  bench.forget();
  explorer = await explore("run");
});
afterEach(async () => {
  explorer.close();
  await explorer.workbench.saved().catch(() => {});
});

/** A file with Cα atoms at the Gaussians, a chain for each half of them. */
function write(name: string, { count, params, boxSize, apix, origin = [0, 0, 0] }: GaussianModel): void {
  const lines = Array.from({ length: count }, (_, i) => {
    const place = [0, 1, 2].map(
      (axis) => params[axis * count + i]! * boxSize * apix + Math.floor(boxSize / 2) * apix + origin[axis]!,
    ) as [number, number, number];
    return atomLine(i + 1, "CA", i + 1, i < count / 2 ? "A" : "B", place);
  });
  writeFileSync(bench.at(name), `${lines.join("\n")}\nEND\n`);
}

test("the backbone has a point for each Cα, in the viewer's frame, joined where residues are bonded", async () => {
  const places = [
    ["CA", 1, "A", [61, 50, 50]],
    ["C", 1, "A", [61, 51, 50]],
    ["CA", 2, "A", [64.8, 50, 50]],
    ["CA", 5, "A", [80, 50, 50]],
    ["CA", 6, "B", [83, 50, 50]],
  ] as const;
  const text = places.map(([name, residue, chain, place], i) => atomLine(i + 1, name, residue, chain, place));
  const model = await modelOf(`${text.join("\n")}\nEND\n`);
  const frame = { ...emptyModel(1, 50, 2), origin: [10, 0, 0] as [number, number, number] };
  const trace = atomTrace(model, frame);
  [1, 0, 0, 4.8, 0, 0, 20, 0, 0, 23, 0, 0].forEach((value, k) => {
    assert.ok(Math.abs(trace.atoms[k]! - value) < 1e-4);
  });
  assert.deepEqual([...trace.atomLinks], [1, 0, 0, 0]);
  assert.deepEqual([...trace.atomChains], [0, 0, 0, 1]);
  assert.deepEqual(trace.atomChainNames, ["A", "B"]);
});

test("a page shows an atomic model in the state at the ring, is told how well it fits, and removes it", async () => {
  explorer.scatter.set({ probe: [0.7, -0.4] });
  write("there.pdb", explorer.model);
  const ask = (file: string | null) => bench.page.ask(explorer, { kind: "atoms", file, state: "ring" });
  const answer = await ask("there.pdb");
  assert.match(
    answer.kind === "answer" ? answer.text! : "",
    /^there\.pdb: 24 residues, correlation (1\.00|0\.\d\d) with the state at the ring/,
  );
  const { viewer, model } = explorer;
  assert.deepEqual(
    [viewer.atoms.length, viewer.atomName, viewer.atomChainNames],
    [72, "there.pdb", ["A", "B"]],
  );
  assert.deepEqual(viewer.atomState, model.params);
  for (let i = 0; i < 24; i++) {
    const x = model.params[i]! * model.boxSize * model.apix;
    assert.ok(Math.abs(viewer.atoms[3 * i]! - x) < 0.01);
  }
  const none = await ask("");
  assert.match(
    none.kind === "problem" ? none.text : "",
    /atomic model: expected the name of a PDB or mmCIF file/,
  );
  assert.equal(viewer.atoms.length, 72);
  await ask(null);
  assert.equal(viewer.atoms.length, 0);
});

test("atoms that are not where the Gaussians are, and missing files, are refused, and what is shown stays", async () => {
  write("there.pdb", explorer.model);
  await explorer.atoms.show("there.pdb");
  const far = { ...explorer.model, origin: [900, 0, 0] as [number, number, number] };
  write("far.pdb", far);
  await assert.rejects(explorer.atoms.show("far.pdb"), /far\.pdb: expected a model fitted into the map/);
  await assert.rejects(explorer.atoms.show("none.pdb"), /none\.pdb/);
  await assert.rejects(explorer.atoms.show("there.pdb", "elsewhere" as "ring"), /neutral or ring/);
  assert.equal(explorer.viewer.atomName, "there.pdb");
});
