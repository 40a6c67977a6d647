import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, test } from "vitest";
import { type TestBench, testBench } from "../explorer/explorer.test.helper";
import { shownComparison } from "../explorer/shownComparison";
import { openParticles } from "../particles/particleSet";
import { writeSelection } from "../particles/writeSelection";
import { trainInThisThread } from "../training/train";
import { compareRuns } from "./compareRuns";

/** Two small runs, the second of every other particle with another option. */

let bench: TestBench;
const rows = Uint32Array.from({ length: 48 }, (_, i) => 2 * i);

beforeAll(async () => {
  bench = await testBench();
  (await trainInThisThread(bench.settings)).close();
  const set = await openParticles(bench.settings.particles);
  await writeSelection("half.star", set, { rows });
  await set.close();
  const settings = { ...bench.settings, particles: bench.at("half.star"), out: bench.at("other") };
  (await trainInThisThread({ ...settings, options: { ...settings.options, latent: 1 } })).close();
});
afterAll(() => bench.end());

test("particles are linked by their images, and the settings that differ are listed", async () => {
  const compared = await compareRuns("run", "other");
  assert.equal(compared.common, 48);
  assert.deepEqual([...compared.first.rows], [...rows]);
  assert.deepEqual(
    [...compared.second.rows],
    Array.from(rows, (_, i) => i),
  );
  assert.deepEqual([compared.first.axes, compared.second.axes, compared.correlations.length], [2, 1, 2]);
  assert.equal(compared.canonical.length, 1);
  const strongest = Math.max(...compared.correlations.map(([r]) => Math.abs(r ?? 0)));
  assert.ok(compared.canonical[0]! >= strongest - 1e-6, "no axis tells more than the best direction");
  const names = compared.differences.map(({ name }) => name);
  for (const name of ["options.latent", "particles", "number of particles"])
    assert.ok(names.includes(name), name);
  assert.deepEqual(
    compared.differences.find(({ name }) => name === "options.latent"),
    { name: "options.latent", first: "2", second: "1" },
  );
  const shown = shownComparison(compared, ["a", "b"]);
  assert.deepEqual([shown.first.folder, shown.second.folder, shown.shown], ["a", "b", 48]);
  assert.ok(Math.abs(shown.first.places[1]![3]! - compared.first.places[7]!) < 6e-4);
});

test("a run compared with itself has canonical correlations of 1, and the same settings", async () => {
  const { canonical, differences, common } = await compareRuns("run", "run");
  assert.equal(common, 96);
  assert.ok(canonical.every((r) => r > 1 - 1e-6));
  assert.deepEqual(differences, []);
});

test("runs without particles in common, and runs that are not complete, are refused", async () => {
  cpSync("run", "apart", { recursive: true });
  const star = readFileSync("particles.star", "utf8");
  cpSync("particles.mrcs", "others.mrcs");
  writeFileSync("others.star", star.replaceAll("particles.mrcs", "others.mrcs"));
  const record = JSON.parse(readFileSync("apart/run.json", "utf8"));
  const inputs = { ...record.inputs, particles: bench.at("others.star") };
  writeFileSync("apart/run.json", JSON.stringify({ ...record, inputs }));
  await assert.rejects(
    compareRuns("run", "apart"),
    /apart: expected at least 30 particles that run has too.*, found 0/,
  );
  cpSync("run", "stopped", { recursive: true });
  writeFileSync("stopped/run.json", JSON.stringify({ ...record, status: "training" }));
  rmSync("stopped/latents.csv");
  await assert.rejects(
    compareRuns("run", "stopped"),
    /stopped: expected a run that is complete, found training/,
  );
  await assert.rejects(compareRuns("run", "none"), /none/);
});
