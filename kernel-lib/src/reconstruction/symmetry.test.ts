import assert from "node:assert/strict";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { pearson } from "../latent/statistics";
import { readMap } from "../maps/mapFile";
import { symmetryCorrelation } from "../maps/symmetry";
import type { Volume } from "../maps/volume";
import { modelDensity } from "../model/density";
import { pointGroup } from "../optics/symmetry";
import { openParticles } from "../particles/particleSet";
import { ringMolecule } from "../simulate/ring.test.helper";
import { simulateFromModels } from "../simulate/simulateParticles";
import { fourierShellCorrelation } from "./fsc";
import { reconstruct } from "./reconstruct";

const box = { boxSize: 32, apix: 5 };

/** Particles of a ring of three units, one of which is missing in three of four states; opened without symmetry and with it. */
async function opened(t: TestContext, particlesPerState = 40, snr = 4) {
  const folder = temporaryFolder(t);
  const models = [-1, 0, 1, 2].map((lost) =>
    ringMolecule(
      box,
      [0, 1, 2].map((g) => ({ missing: g === lost })),
    ),
  );
  const how = { folder, particlesPerState, snr, shifts: 6, ctf: {}, seed: 3 };
  const { star, stateOf } = await simulateFromModels(models, how);
  const [plain, copies] = [await openParticles(star), await openParticles(star, { symmetry: "C3" })];
  t.onTestFinished(() => plain.close());
  t.onTestFinished(() => copies.close());
  return { folder, plain, copies, stateOf, models };
}

function assertSame(a: Volume, b: Volume): void {
  const most = a.data.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
  for (let i = 0; i < a.data.length; i++) {
    assert.ok(Math.abs(a.data[i]! - b.data[i]!) < 1e-4 * most, `voxel ${i}: ${a.data[i]} and ${b.data[i]}`);
  }
}

test("a map with symmetry is that of all symmetry copies, and symmetric; copies stay in the half of their image", async (t) => {
  const { plain, copies } = await opened(t, 10);
  const one = await reconstruct(plain, { symmetry: "C3" });
  const all = await reconstruct(copies);
  assertSame(one.map, all.map);
  assertSame(one.half1!, all.half1!);
  assertSame(one.half2!, all.half2!);
  assert.ok(symmetryCorrelation(one.map, pointGroup("C3")) > 0.95);
  assert.ok(symmetryCorrelation((await reconstruct(plain)).map, pointGroup("C3")) < 0.95);
  assertSame((await reconstruct(plain, { symmetry: "C1" })).map, (await reconstruct(plain)).map);
  await assert.rejects(reconstruct(plain, { symmetry: "C3v" }), /expected a point group/);
});

test("copies of one kind of unit show that unit at the place of the first", async (t) => {
  const { copies, stateOf } = await opened(t);
  // State 1 + g lacks unit g, which copy g brings to the place of the first unit.
  const lacking = Array.from({ length: copies.count }, (_, c) => c).filter(
    (c) => stateOf[Math.floor(c / 3)] === 1 + (c % 3),
  );
  const { map } = await reconstruct(copies, { indices: lacking, halves: "none" });
  const density = (g: number) =>
    modelDensity(
      ringMolecule(
        box,
        [0, 1, 2].map((other) => ({ missing: other !== g })),
      ),
    ).data;
  const overlap = (g: number) => {
    const unit = density(g);
    return unit.reduce((sum, v, i) => sum + v * map.data[i]!, 0) / unit.reduce((sum, v) => sum + v * v, 0);
  };
  const [first, second, third] = [overlap(0), overlap(1), overlap(2)];
  assert.ok(second > 0.7 && third > 0.7, `the others: ${second}, ${third}`);
  assert.ok(first < 0.25 * second, `the missing one: ${first}`);
});

const skip = haveProgram("relion_reconstruct") ? false : "RELION is not installed";
test("the map with symmetry, and that of written copies, agree with RELION's", skipIf(skip), async (t) => {
  const { folder, plain, copies, stateOf } = await opened(t, 60, 50);
  const run = (star: string, out: string, symmetry: string) =>
    runProgram(
      "relion_reconstruct",
      ["--i", star, "--o", out, "--ctf", "--angpix", "5", "--sym", symmetry],
      folder,
    );
  const compare = async (ours: Volume, file: string) => {
    const theirs = await readMap(path.join(folder, file));
    const { fsc } = fourierShellCorrelation(ours, theirs);
    for (let r = 1; r <= 12; r++) assert.ok(fsc[r]! > 0.98, `${file}, shell ${r}: ${fsc[r]}`);
    assert.ok(pearson(ours.data, theirs.data) > 0.98);
  };
  run("particles.star", "symmetric.mrc", "C3");
  await compare((await reconstruct(plain, { symmetry: "C3", halves: "none" })).map, "symmetric.mrc");
  const some = copies.select(
    Array.from({ length: copies.count }, (_, c) => c).filter(
      (c) => stateOf[Math.floor(c / 3)] === 1 + (c % 3),
    ),
  );
  await some.writeStar(path.join(folder, "copies.star"));
  run("copies.star", "copies.mrc", "C1");
  await compare((await reconstruct(some, { halves: "none" })).map, "copies.mrc");
});
