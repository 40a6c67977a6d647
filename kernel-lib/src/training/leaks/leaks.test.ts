import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { holm, type LeakData, measureLeaks } from "./leaks";

/** Particles with random nuisances; `place` is their true place, of which they know as much as `deviation` says. */
function particles(
  seed: number,
  count: number,
  { leak = 0, latent = 1, uneven = false }: { leak?: number; latent?: number; uneven?: boolean } = {},
): LeakData & { draw: Random } {
  const random = new Random(seed);
  const list = (value: () => number) => Float64Array.from({ length: count }, value);
  const defocus = list(() => 10000 + 15000 * random.uniform());
  const psi = list(() => 360 * random.uniform() - 180);
  const micrograph = list(() => random.integer(Math.ceil(count / 8)));
  const view = new Float64Array(3 * count);
  for (let i = 0; i < count; i++) {
    const v = [random.normal(), random.normal(), random.normal()];
    view.set(
      v.map((x) => x / Math.hypot(...v)),
      3 * i,
    );
  }
  const places: number[] = [];
  const standardDeviations: number[] = [];
  for (let i = 0; i < count; i++) {
    // What the image tells, as a fraction of the population's variance; with `uneven` by view and defocus.
    const told = uneven ? 0.05 + 0.45 * view[3 * i + 2]! ** 2 + (0.45 * (defocus[i]! - 10000)) / 15000 : 0.8;
    for (let d = 0; d < latent; d++) {
      const z = random.normal() + (d === 0 ? (leak * (defocus[i]! - 17500)) / 4330 : 0);
      places.push(told * z + Math.sqrt(told * (1 - told)) * random.normal());
      standardDeviations.push(Math.sqrt(1 - told));
    }
  }
  return {
    ...{ latent, places, standardDeviations, draw: random },
    nuisances: [
      { name: "defocus", kind: "number", values: defocus },
      { name: "in-plane angle", kind: "angle", values: psi },
      { name: "view", kind: "direction", values: view },
      { name: "micrograph", kind: "groups", values: micrograph },
      { name: "voltage", kind: "number", values: new Float64Array(count).fill(300) },
    ],
  };
}

/** Fewest permutations with which eight tests can reach p < 0.01. */
const quick = { permutations: 999 };

describe("leaks", () => {
  test("without one, places depend on nothing, also where what an image tells depends on view and defocus", async () => {
    for (const uneven of [false, true]) {
      const { found, leaks, untested, sentence } = await measureLeaks(
        particles(1, 600, { latent: 2, uneven }),
        quick,
      );
      assert.equal(found, false, sentence);
      assert.match(sentence, /^places do not depend on .*view.* \(p (≥ 0\.\d+|1\.00) after correction/);
      assert.deepEqual(untested, ["voltage"]);
      for (const { explained } of leaks) assert.ok(Math.abs(explained) < 0.02);
    }
  });

  test("false alarms are as rare as the significance says", async () => {
    for (const uneven of [false, true]) {
      let [alarms, atFive] = [0, 0];
      for (let seed = 1; seed <= 200; seed++) {
        const options = { permutations: 199, significance: 0.05 };
        const { found, leaks } = await measureLeaks(particles(seed, 160, { uneven }), options);
        if (found) alarms++;
        for (const { axes } of leaks) if (axes[0]!.p < 0.05) atFive++;
      }
      // 200 sets at 5 %: 10 expected; 800 uncorrected tests: 40 expected.
      assert.ok(alarms <= 16, `${alarms} of 200 sets, uneven ${uneven}`);
      assert.ok(atFive >= 20 && atFive <= 60, `${atFive} of 800 tests, uneven ${uneven}`);
    }
  });

  test("a dependence on defocus is found, with its size and its axis", async () => {
    // z = ε + 0.5 u with variances 1 and 0.25, of which 0.8 is told: R² = 0.2 of the true place.
    const { leaks, sentence } = await measureLeaks(particles(2, 1600, { leak: 0.5, latent: 2 }), quick);
    const [first, ...others] = leaks;
    assert.equal(first!.name, "defocus");
    assert.ok(Math.abs(first!.explained - 0.17) < 0.03, `${first!.explained}`);
    assert.ok(first!.p < 0.01 && first!.informationP < 0.01);
    assert.ok(first!.axes[0]!.correlation! > 0.35);
    assert.ok(first!.axes[1]!.p > 0.01 && first!.axes[1]!.explained < 0.01);
    assert.match(sentence, /^places follow the defocus \(R² 0\.1\d\d, p 0\.00\d\d\)/);
    assert.ok(others.every(({ depends }) => depends === "no"));
  });

  test("dependences on view, angle and small micrographs are found", async () => {
    const data = particles(3, 1600);
    const [, psi, view, micrograph] = data.nuisances.map(({ values }) => values);
    const offsets = new Random(5);
    const ofMicrograph = Array.from({ length: 200 }, () => 0.5 * offsets.normal());
    const shifted = {
      view: (i: number) => 1.5 * view![3 * i]! * view![3 * i + 1]!,
      "in-plane angle": (i: number) => 0.4 * Math.sin((psi![i]! * Math.PI) / 180),
      micrograph: (i: number) => ofMicrograph[micrograph![i]!]!,
    };
    for (const [name, shift] of Object.entries(shifted)) {
      const places = Float64Array.from(data.places, (z, i) => z + shift(i));
      const { leaks } = await measureLeaks({ ...data, places }, quick);
      assert.deepEqual(
        leaks.filter(({ depends }) => depends !== "no").map((leak) => leak.name),
        [name],
      );
      assert.equal(leaks[0]!.depends, "place");
    }
  });

  test("a dependence that leaves the mean as it is is found by its information", async () => {
    const data = particles(4, 1600);
    const psi = data.nuisances[1]!.values;
    // Two states on one half of the circle, their middle on the other.
    const places = Float64Array.from(data.places, (z, i) => 0.3 * z + (psi[i]! > 0 ? (i % 2 ? 1 : -1) : 0));
    const { leaks, sentence } = await measureLeaks({ ...data, places }, quick);
    assert.deepEqual([leaks[0]!.name, leaks[0]!.depends], ["in-plane angle", "distribution"]);
    assert.ok(leaks[0]!.p > 0.01);
    assert.match(sentence, /distribution depends on the in-plane angle/);
  });

  test("of many particles a sample is tested, of small groups whole ones", async () => {
    const { leaks } = await measureLeaks(particles(6, 4000), { particles: 500, permutations: 99 });
    const byName = new Map(leaks.map((leak) => [leak.name, leak]));
    assert.equal(byName.get("defocus")!.particles, 500);
    const { particles: inSample, groups } = byName.get("micrograph")!;
    assert.ok(inSample >= 500 && inSample < 530);
    assert.ok(groups! >= 50 && groups! < 80);
  });

  test("the same seed gives the same numbers; a stop signal stops it", async () => {
    const data = particles(7, 200);
    const options = { permutations: 99, seed: 3 };
    assert.deepEqual(await measureLeaks(data, options), await measureLeaks(data, options));
    const controller = new AbortController();
    const running = measureLeaks(data, { permutations: 100000, signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await assert.rejects(running, { name: "StoppedError" });
  });

  test("arrays of different particles are refused", async () => {
    const data = particles(8, 50);
    await assert.rejects(
      measureLeaks({ latent: 1, places: new Float32Array(49), nuisances: data.nuisances }),
      /defocus: expected 49/,
    );
    await assert.rejects(
      measureLeaks({ ...data, standardDeviations: [1] }),
      /standardDeviations: expected 50/,
    );
    await assert.rejects(measureLeaks({ latent: 1, places: [1, 2], nuisances: [] }), /places: expected/);
  });
});

describe("Holm's correction", () => {
  test("multiplies the smallest by the number of tests, the next by one less, and keeps the order", () => {
    assert.deepEqual(holm([0.01, 0.04, 0.03, 0.9]), [0.04, 0.09, 0.09, 0.9]);
    assert.deepEqual(holm([0.6, 0.7]), [1, 1]);
  });
});
