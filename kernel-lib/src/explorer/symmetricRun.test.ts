import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "tslab-widgets/testing";
import { afterAll, beforeAll, test } from "vitest";
import { useBackend } from "../compute/backends";
import { pearson } from "../latent/statistics";
import { writeModelText } from "../model/text";
import { openParticles } from "../particles/particleSet";
import { runForTasks } from "../project/tasks/runValues";
import { startTask } from "../project/tasks/startTask";
import { reconstruct } from "../reconstruction/reconstruct";
import { ringMolecule } from "../simulate/ring.test.helper";
import { simulateFromModels } from "../simulate/simulateParticles";
import { train } from "../training/background";
import { openWorkbench } from "../workbench/workbench";
import { explore } from "./explore";
import { Page } from "./explorer.test.helper";

/** A run with symmetry has a row for each unit, and its sets are symmetry copies of particles. */

const box = { boxSize: 24, apix: 6 };
const before = process.cwd();
let folder: string;

beforeAll(async () => {
  await useBackend("wasm");
  connect(new Page());
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-explorer-"));
  process.chdir(folder);
  const whole = ringMolecule(box, [{}, {}, {}]);
  await simulateFromModels([whole], { folder: ".", particlesPerState: 30, snr: 2 });
  await writeModelText("neutral.txt", whole);
  const run = await train({
    ...{ particles: "particles.star", model: "neutral.txt", out: "run", symmetry: "C3" },
    options: { latent: 2, epochs: 1, coarseEpochs: 0, hidden: [8], batchSize: 12 },
    engine: { threads: 1 },
  });
  run.close();
});
afterAll(() => {
  process.chdir(before);
  connect(undefined);
  rmSync(folder, { recursive: true, force: true });
});

test("the explorer shows units, reconstructs their copies and writes them with their angles", async () => {
  const explorer = await explore("run");
  assert.equal(explorer.particles?.count, 90);
  const rows = Array.from({ length: 30 }, (_, i) => 3 * i + (i % 3));
  const set = explorer.sets.add(rows, { name: "chosen" });
  const { map } = await explorer.reconstruct(set.id);
  const copies = await openParticles("particles.star", { symmetry: "C3" });
  const own = await reconstruct(copies, { indices: rows, boxSize: map.size[0] });
  assert.ok(pearson(map.data, own.map.data) > 0.9999);
  await explorer.export("particles", "chosen.star", { set: set.id });
  const written = await openParticles("chosen.star");
  const [found, expected] = [written.rotations(), copies.select(rows).rotations()];
  for (let i = 0; i < expected.length; i++) assert.ok(Math.abs(found[i]! - expected[i]!) < 1e-5);
  assert.match(readFileSync("chosen.star", "utf8"), /_e2gmmLatent2/);
  await copies.close();
  await written.close();
  explorer.close();
});

test("a form does not take a set of units for one of particles", async () => {
  const workbench = await openWorkbench("run");
  workbench.sets.add([0, 1], { name: "units" });
  await workbench.saved();
  await workbench.close();
  assert.deepEqual((await runForTasks("run")).sets, []);
  const values = { run: "run", particles: "particles.star", set: "units", out: "units.mrc" };
  await assert.rejects(
    startTask({ task: "reconstruct", values, queue: { queue: "local", cpus: 1 } }),
    /^InputError: units: expected a set of particles; .*, found C3$/,
  );
  assert.equal(existsSync("units_particles.txt"), false);
});
