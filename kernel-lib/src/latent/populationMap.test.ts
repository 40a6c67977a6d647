import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { populationMap } from "./populationMap";

/** Posterior means and deviations of particles on a circle of radius 1.3, told with different errors; some tell only one coordinate. */
function onCircle(count: number, seed: number) {
  const random = new Random(seed);
  const means = new Float32Array(2 * count);
  const deviations = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const angle = 2 * Math.PI * random.uniform();
    const truth = [1.3 * Math.cos(angle), 1.3 * Math.sin(angle)];
    const blind = random.uniform() < 0.3 ? Number(random.uniform() < 0.5) : -1;
    for (const d of [0, 1]) {
      const error = d === blind ? 3 : 0.25 + 0.4 * random.uniform();
      const variance = 1 / (1 / error ** 2 + 1);
      means[2 * i + d] = (variance / error ** 2) * (truth[d]! + error * random.normal());
      deviations[2 * i + d] = Math.sqrt(variance);
    }
  }
  return { means, deviations };
}

describe("density of a population over two coordinates", () => {
  const { means, deviations } = onCircle(1500, 2);
  const map = populationMap(means, deviations);
  const { x, y, density } = map;
  const cell = (x[1]! - x[0]!) * (y[1]! - y[0]!);
  const within = (low: number, high: number) =>
    density.reduce((sum, d, i) => {
      const radius = Math.hypot(x[i % x.length]!, y[Math.floor(i / x.length)]!);
      return radius >= low && radius < high ? sum + d * cell : sum;
    }, 0);

  test("a circle is hollow, where places that tell one coordinate fill it", () => {
    let inside = 0;
    for (let i = 0; i < means.length; i += 2) {
      if (Math.hypot(means[i]!, means[i + 1]!) < 0.6) inside += 2 / means.length;
    }
    assert.ok(inside > 0.1, `${inside} of the places`);
    assert.ok(within(0, 0.6) < inside / 2, `${within(0, 0.6)} of the population`);
    assert.ok(within(0.8, 1.8) > 0.8, `${within(0.8, 1.8)} on the circle`);
    assert.ok(Math.abs(within(0, 99) - 1) < 1e-6);
  });

  test("of more particles some are taken, and input that cannot be used is refused", () => {
    assert.deepEqual(populationMap(means, deviations), map);
    const few = { places: 8, bandwidth: [0.3, 0.4] as const };
    assert.deepEqual(populationMap(means, deviations, few).bandwidth, [0.3, 0.4]);
    assert.throws(
      () => populationMap(means.slice(0, 10), deviations.slice(0, 10)),
      /means: expected 10 particles/,
    );
    assert.throws(() => populationMap(means, deviations, { places: 3 }), /places: expected an integer of 8/);
    assert.throws(
      () => populationMap(means, deviations, { bandwidth: [1, 0] }),
      /bandwidth: expected two numbers/,
    );
    const flat = means.map((value, i) => (i % 2 === 0 ? value : 0));
    assert.throws(() => populationMap(flat, deviations), /means: expected places that differ/);
  });
});
