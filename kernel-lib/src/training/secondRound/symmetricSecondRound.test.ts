import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { main } from "../../cli/main";
import { useBackend } from "../../compute/backends";
import { pearson } from "../../latent/statistics";
import { writeMap } from "../../maps/mapFile";
import { maskOfGaussians } from "../../model/asymmetricUnit";
import { writeModelText } from "../../model/text";
import { Random } from "../../random";
import { ringMolecule, unitGaussians } from "../../simulate/ring.test.helper";
import { simulateFromModels } from "../../simulate/simulateParticles";
import { Run } from "../runs/run";
import { openRunParticles } from "../runs/runParticles";
import type { StartingRun, TrainingSettings } from "../settings";
import { trainInThisThread } from "../train";
import { decodeUnits, unitLatents } from "../units/unitTables";

const box = { boxSize: 32, apix: 5 };
const units = 3;
const perUnit = unitGaussians.body + unitGaussians.domain;
const count = 160;
const engine = { threads: 2 };

let folder: string;
const first = () => path.join(folder, "run");
/** Displacement of each unit of each particle, and whether it is missing, [count · units]. */
const displacement: number[] = [];
const missing: boolean[] = [];

beforeAll(async () => {
  await useBackend("wasm");
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-symmetric-rounds-"));
  const random = new Random(9);
  const states = Array.from({ length: count }, () =>
    Array.from({ length: units }, () => ({
      displacement: 0.16 * (random.uniform() - 0.5),
      missing: random.uniform() < 0.25,
    })),
  );
  const models = states.map((state) => ringMolecule(box, state));
  const { stateOf } = await simulateFromModels(models, { folder, particlesPerState: 1, snr: 2, seed: 4 });
  for (const state of stateOf) {
    for (const unit of states[state]!) {
      displacement.push(unit.displacement);
      missing.push(unit.missing);
    }
  }
  const neutral = path.join(folder, "neutral.txt");
  await writeModelText(neutral, ringMolecule(box, [{}, {}, {}]));
  const run = await trainInThisThread({
    ...{
      particles: path.join(folder, "particles.star"),
      model: neutral,
      out: first(),
      symmetry: "C3",
      engine,
    },
    options: {
      ...{ latent: 1, vary: ["amplitude"], epochs: 6, coarseEpochs: 2, batchSize: 12, hidden: [48, 48] },
      strainPenalty: 0,
    },
  });
  run.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Settings of a second round in which positions vary. */
const round = (out: string, from: Omit<StartingRun, "run">, more: Partial<TrainingSettings> = {}) => ({
  ...{ from: { run: first(), ...from }, out, engine },
  options: { latent: 1, vary: ["position"] as const, epochs: 6 },
  ...more,
});

/** Probability that a missing unit has a larger number than one that is there, or a smaller one. */
function areaOf(values: ArrayLike<number>): number {
  const of = (is: boolean) => Array.from(values).filter((_, i) => missing[i] === is);
  const [gone, there] = [of(true), of(false)];
  let sum = 0;
  for (const a of gone) for (const b of there) sum += Number(a > b);
  const area = sum / (gone.length * there.length);
  return Math.max(area, 1 - area);
}

const axis = (values: Float32Array, latent: number, d: number) => values.filter((_, i) => i % latent === d);
const present = <T>(values: ArrayLike<T>) => Array.from(values).filter((_, i) => !missing[i]);

describe("a second round of a run with symmetry", () => {
  test.for(["fixed", "kept"] as const)("finds what moves in each unit, axes %s", async (axes, t) => {
    const out = path.join(temporaryFolder(t), "run2");
    const run = await trainInThisThread(round(out, { axes }) as TrainingSettings);
    const before = await Run.open(first());
    const { refined: old } = await before.latents();
    assert.ok(areaOf(old) > 0.97, `missing units by the first run: ${areaOf(old)}`);
    assert.deepEqual([run.latent, run.record.particles], [2, units * count]);
    const { refined } = await run.latents();
    if (axes === "fixed") assert.deepEqual(axis(refined, 2, 0), old);
    assert.ok(areaOf(axis(refined, 2, 0)) > 0.97, `missing units: ${areaOf(axis(refined, 2, 0))}`);
    const r = pearson(present(axis(refined, 2, 1)), present(displacement));
    assert.ok(Math.abs(r) > 0.9, `displacement: ${r}`);
    const { axes: gains, fixed, kept } = await run.evidence();
    if (axes === "fixed") assert.deepEqual([gains.length, fixed, gains[0]!.real], [1, 1, true]);
    else assert.deepEqual([gains.length, kept!.axes, gains[1]!.real], [2, 1, true]);

    // A unit is decoded on all axes, in its own place of the particle.
    const latents = await unitLatents(run);
    const middle = [0, 0, 0, 0, 0, 0];
    const whole = decodeUnits(
      run,
      middle.map((_, i) => (i === 3 ? 1.5 : 0)),
    );
    const rest = decodeUnits(run, middle);
    const heights = (g: number, of = whole) =>
      of.params.slice(2 * units * perUnit + g * perUnit, 2 * units * perUnit + (g + 1) * perUnit);
    assert.deepEqual(heights(0), heights(0, rest));
    const moved = heights(1).reduce((sum, z, j) => sum + Math.abs(z - heights(1, rest)[j]!), 0) / perUnit;
    assert.ok(moved > 0.005, `${moved}`);
    assert.deepEqual([latents.units, latents.latent], [units, 2]);
    const table = path.join(path.dirname(out), "units.csv");
    assert.equal(await main(["units", out, "--out", table, "--bootstrap", "20", "--quiet"]), 0);
    const rows = (await readFile(table, "utf8")).trim().split("\n");
    const cells = rows.slice(1).map((line) => line.split(","));
    assert.deepEqual([...new Set(cells.map(([name]) => name))], ["z1", "z2"]);
    const distance = rows[0]!.split(",").indexOf("distance_angstrom");
    assert.ok(
      cells.every((row) => Number(row[distance]) > 30),
      rows.join("\n"),
    );

    const set = await openRunParticles(run.record.inputs);
    const { mean } = await run.placesOf(set.select(Array.from({ length: 30 }, (_, i) => i)), { engine });
    await set.close();
    for (const d of [0, 1]) {
      const again = pearson(axis(mean, 2, d), axis(refined, 2, d).slice(0, 30));
      // Fixed axes are as the first round placed them, without the new ones.
      assert.ok(again > (axes === "fixed" ? 0.9 : 0.95), `axis ${d}: ${again}`);
    }
    before.close();
    run.close();
  });

  test("uses all units of the particles that have a selected one, a mask of any unit, and starts from a state of a unit", async (t) => {
    const out = temporaryFolder(t);
    const select = [...missing.keys()].filter((i) => !missing[i]).slice(0, 90);
    const particles = [...new Set(select.map((i) => Math.floor(i / units)))];
    const before = await Run.open(first());
    const { neutral } = before;
    const mask = path.join(out, "domain.mrc");
    const isIn = (i: number) => i >= perUnit + unitGaussians.body && i < 2 * perUnit;
    const flags = Uint8Array.from({ length: neutral.count }, (_, i) => Number(isIn(i)));
    await writeMap(mask, maskOfGaussians(neutral, flags));
    const options = { latent: 1, vary: ["position"], epochs: 1, coarseEpochs: 0 } as const;
    for (const axes of ["fixed", "drop"] as const) {
      const run = await trainInThisThread(
        round(path.join(out, axes), { axes, select }, { mask, options } as object) as TrainingSettings,
      );
      assert.equal(run.record.particles, units * particles.length);
      assert.deepEqual(run.record.from!.selection, { count: units * particles.length, of: units * count });
      const set = await openRunParticles(run.record.inputs);
      const all = await openRunParticles(before.record.inputs);
      assert.deepEqual(set.image(units), all.image(units * particles[1]!));
      await Promise.all([set.close(), all.close()]);
      const free = [...run.free!.keys()].filter((i) => run.free![i] === 1);
      assert.deepEqual(
        free,
        [...Array(unitGaussians.domain).keys()].map((j) => unitGaussians.body + j),
      );
      if (axes === "fixed") assert.deepEqual(run.neutral, neutral);
      else {
        // The units of the neutral model are alike, in the state of units that are there.
        const amplitudes = run.neutral.params.slice(3 * neutral.count, 4 * neutral.count);
        const ofUnit = (g: number) => amplitudes.slice(g * perUnit, (g + 1) * perUnit);
        assert.deepEqual(ofUnit(1), ofUnit(0));
        assert.notDeepEqual(ofUnit(0), neutral.params.slice(3 * neutral.count, 3 * neutral.count + perUnit));
      }
      run.close();
    }
    before.close();
  });
});
