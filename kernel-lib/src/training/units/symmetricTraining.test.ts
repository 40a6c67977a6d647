import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { useBackend } from "../../compute/backends";
import { pearson } from "../../latent/statistics";
import { writeMap } from "../../maps/mapFile";
import { maskOfGaussians } from "../../model/asymmetricUnit";
import { pickGaussians } from "../../model/gaussianModel";
import { centreOf } from "../../model/symmetricModel";
import { readModelText, writeModelText } from "../../model/text";
import { Random } from "../../random";
import { ringMolecule, unitGaussians } from "../../simulate/ring.test.helper";
import { simulateFromModels } from "../../simulate/simulateParticles";
import { train } from "../background";
import { Run } from "../runs/run";
import { openRunParticles } from "../runs/runParticles";
import type { TrainingSettings } from "../settings";
import { decodeUnits, unitLatents } from "./unitTables";

const box = { boxSize: 32, apix: 5 };
const units = 3;
const perUnit = unitGaussians.body + unitGaussians.domain;
const count = 180;

let folder: string;
/** Displacement of each unit of each particle, [count · units]. */
const truth: number[] = [];
const model = () => path.join(folder, "neutral.txt");

beforeAll(async () => {
  await useBackend("wasm");
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-units-"));
  const random = new Random(9);
  const states = Array.from({ length: count }, () =>
    Array.from({ length: units }, () => ({ displacement: 0.16 * (random.uniform() - 0.5) })),
  );
  const models = states.map((state) => ringMolecule(box, state));
  const { stateOf } = await simulateFromModels(models, { folder, particlesPerState: 1, snr: 2, seed: 4 });
  for (const state of stateOf) truth.push(...states[state]!.map(({ displacement }) => displacement));
  await writeModelText(
    model(),
    ringMolecule(
      box,
      Array.from({ length: units }, () => ({})),
    ),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = (out: string, options?: TrainingSettings["options"]): TrainingSettings => ({
  ...{ particles: path.join(folder, "particles.star"), model: model(), out, symmetry: "C3" },
  options: { latent: 1, vary: ["position"], epochs: 8, coarseEpochs: 3, batchSize: 12, ...options },
  engine: { threads: 2 },
});

test("every unit of a particle gets its own place along the motion, and the run is opened with its copies", async (t) => {
  const out = path.join(temporaryFolder(t), "run");
  const warnings: string[] = [];
  const run = await train({ ...settings(out), onWarning: (warning) => warnings.push(warning) });
  t.onTestFinished(() => run.close());
  assert.match(warnings.join("\n"), /symmetry C3: the 3 units of a particle vary independently/);
  assert.doesNotMatch(warnings.join("\n"), /not exactly symmetric/);
  assert.equal(run.record.particles, 3 * count);
  assert.equal(run.record.inputs.symmetry, "C3");
  const latents = await unitLatents(run);
  const r = pearson(latents.refined, truth);
  assert.ok(Math.abs(r) > 0.93, `r ${r}`);
  // Not by a particle's mean: the units of one particle are told apart.
  const own = (values: ArrayLike<number>) =>
    Array.from(values, (v, k) => {
      const first = k - (k % units);
      return v - (values[first]! + values[first + 1]! + values[first + 2]!) / units;
    });
  assert.ok(Math.abs(pearson(own(latents.refined), own(truth))) > 0.92);

  const rows = readFileSync(path.join(out, "symmetry.csv"), "utf8").trim().split("\n");
  assert.equal(rows[0], "index,left_out,u1_z1,u1_z1_deviation,u2_z1,u2_z1_deviation,u3_z1,u3_z1_deviation");
  assert.equal(rows.length, count + 1);
  assert.equal(Number(rows[8]!.split(",")[4]), Number(latents.refined[7 * units + 1]!.toFixed(6)));
  const table = readFileSync(path.join(out, "latents.csv"), "utf8").split("\n");
  assert.equal(table[0], "index,z1,z1_refined,z1_deviation,z1_observability,particle,copy");
  assert.match(table[1 + 7 * units + 1]!, /^22,.*,7,1$/);

  const set = await openRunParticles(run.record.inputs);
  assert.equal(set.count, run.record.particles);
  await set.close();
  checkDecoded(run, r);
  // An axis of the latent space is one of all units.
  const { axes, realAxes, verdict } = await run.evidence();
  assert.deepEqual([axes.length, realAxes, verdict], [1, 1, "found"]);
});

/** The first unit moves alone in a decoded model; in that of all units each moves as it is given. */
function checkDecoded(run: Run, sign: number): void {
  const height = (params: Float32Array, g: number) => {
    let sum = 0;
    for (let j = 0; j < perUnit; j++) sum += params[2 * units * perUnit + g * perUnit + j]! / perUnit;
    return Math.sign(sign) * sum;
  };
  const rest = height(run.neutral.params, 0);
  const one = run.decode([1.5]).params;
  assert.ok(height(one, 0) > rest + 0.01);
  assert.equal(height(one, 1), height(run.neutral.params, 1));
  assert.deepEqual(run.decodeMany(Float32Array.of(1.5, 0)).slice(0, one.length), one);
  const three = decodeUnits(run, [1.5, 0, -1.5]).params;
  assert.ok(Math.abs(height(three, 0) - height(one, 0)) < 1e-6);
  assert.ok(height(three, 2) < height(three, 1) - 0.01 && height(three, 1) < height(three, 0) - 0.01);
  assert.throws(() => decodeUnits(run, [1, 2]), /expected 3 numbers, 1 for each of 3 units/);
}

test("an aborted and resumed run ends like an uninterrupted one", async (t) => {
  const place = temporaryFolder(t);
  const options = { epochs: 3, coarseEpochs: 1, hidden: [32, 32] };
  const whole = await train(settings(path.join(place, "whole"), options));
  const controller = new AbortController();
  const stopped = settings(path.join(place, "stopped"), options);
  const onEpoch: TrainingSettings["onEpoch"] = ({ epoch }, latents) => {
    assert.equal(latents.length, units * count);
    if (epoch === 2) controller.abort(new Error("enough"));
  };
  await assert.rejects(train({ ...stopped, signal: controller.signal, onEpoch }), /enough/);
  const half = await Run.open(stopped.out);
  await assert.rejects(unitLatents(half), /expected a finished run/);
  half.close();
  // The symmetry is that of the run, also if it is not given again.
  const { symmetry: _, ...again } = stopped;
  const resumed = await train({ ...again, resume: true });
  for (const file of ["latents.csv", "symmetry.csv"]) {
    const text = (run: Run) => readFile(path.join(run.folder, file), "utf8");
    assert.equal(await text(resumed), await text(whole));
  }
  whole.close();
  resumed.close();
});

test("a mask chooses what varies in every unit, also in another unit than the first; one of several units is refused", async (t) => {
  const place = temporaryFolder(t);
  const neutral = await readModelText(model());
  const options = { epochs: 1, coarseEpochs: 0, hidden: [8] };
  const masked = async (name: string, chosen: (i: number) => boolean) => {
    const mask = path.join(place, `${name}.mrc`);
    const flags = Uint8Array.from({ length: neutral.count }, (_, i) => (chosen(i) ? 1 : 0));
    await writeMap(mask, maskOfGaussians(neutral, flags));
    return train({ ...settings(path.join(place, name), options), mask });
  };
  // The mobile domain of the second unit.
  const run = await masked("domain", (i) => i >= perUnit + unitGaussians.body && i < 2 * perUnit);
  const free = [...run.free!];
  assert.equal(free.filter((flag) => flag === 1).length, unitGaussians.domain);
  assert.ok(free.lastIndexOf(1) < perUnit, "the masked unit is the first one");
  for (const i of free.keys()) {
    if (free[i] !== 1) continue;
    const own = centreOf(run.neutral, i);
    assert.ok(
      Array.from({ length: unitGaussians.domain }, (_, k) => perUnit + unitGaussians.body + k).some(
        (k) => Math.hypot(...centreOf(neutral, k).map((x, axis) => x - own[axis]!)) < 1e-5,
      ),
    );
  }
  run.close();
  await assert.rejects(
    masked("all", () => true),
    /expected a mask of one asymmetric unit/,
  );
});

test("a model that is not symmetric is made so, with a warning; one without the symmetry is refused", async (t) => {
  const place = temporaryFolder(t);
  const neutral = await readModelText(model());
  const random = new Random(1);
  const rough = {
    ...neutral,
    params: neutral.params.map((x, i) => x + (i < 3 * neutral.count ? 0.004 * random.normal() : 0)),
  };
  const file = path.join(place, "rough.txt");
  await writeModelText(file, rough);
  const warnings: string[] = [];
  const options = { epochs: 1, coarseEpochs: 0, hidden: [8] };
  const run = await train({
    ...settings(path.join(place, "run"), options),
    model: file,
    onWarning: (warning) => warnings.push(warning),
  });
  assert.match(
    warnings.join("\n"),
    /the neutral model is not exactly symmetric: its 42 Gaussians are replaced by 3 copies/,
  );
  assert.equal(run.neutral.count, 3 * perUnit);
  run.close();
  const lost = path.join(place, "lost.txt");
  await writeModelText(
    lost,
    pickGaussians(
      neutral,
      Int32Array.from({ length: perUnit }, (_, i) => i),
    ),
  );
  await assert.rejects(
    train({ ...settings(path.join(place, "lost"), options), model: lost }),
    /neutral model: expected symmetry C3 about its centre/,
  );
});
