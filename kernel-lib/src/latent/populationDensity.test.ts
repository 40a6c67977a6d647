import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { populationDensity } from "./populationDensity";

/** Posterior means and deviations of particles of two states, at −1 and (three tenths) at 1, told with different errors. */
function twoStates(count: number, seed: number) {
  const random = new Random(seed);
  const means = new Float32Array(count);
  const deviations = new Float32Array(count);
  const prior = Math.sqrt(0.84 + 0.15 ** 2 + 0.4 ** 2);
  const middle = -0.4;
  for (let i = 0; i < count; i++) {
    const truth = (random.uniform() < 0.3 ? 1 : -1) + 0.15 * random.normal() - middle;
    const error = 0.2 + 1.2 * random.uniform();
    const variance = 1 / (1 / error ** 2 + 1 / prior ** 2);
    means[i] = (variance / error ** 2) * (truth + error * random.normal());
    deviations[i] = Math.sqrt(variance);
  }
  return { means, deviations, middle };
}

describe("density of a population by deconvolution", () => {
  const { means, deviations, middle } = twoStates(4000, 3);
  const { places, density, standardError, bandwidth } = populationDensity(means, deviations);
  const step = places[1]! - places[0]!;
  const between = (low: number, high: number) =>
    density.reduce(
      (sum, d, g) => (places[g]! + middle > low && places[g]! + middle <= high ? sum + d * step : sum),
      0,
    );

  test("two states are apart, with their fractions, where posterior means fill the gap", () => {
    assert.ok(Math.abs(between(0, 9) - 0.3) < 0.03, `${between(0, 9)} above the gap`);
    const inGap = means.filter((m) => Math.abs(m + middle) < 0.3).length / means.length;
    assert.ok(inGap > 0.15, `${inGap} of the means are in the gap`);
    assert.ok(between(-0.3, 0.3) < inGap / 2, `${between(-0.3, 0.3)} of the population`);
    assert.ok(bandwidth < 0.6, `${bandwidth}`);
  });

  test("it adds up to 1, and its errors are as large as another sample differs", () => {
    assert.ok(Math.abs(between(-99, 99) - 1) < 0.03);
    const other = twoStates(4000, 8);
    const again = populationDensity(other.means, other.deviations, { bandwidth });
    const peak = density.indexOf(Math.max(...density));
    const nearest = again.places.reduce(
      (best, x, g) =>
        Math.abs(x - places[peak]!) < Math.abs(again.places[best]! - places[peak]!) ? g : best,
      0,
    );
    const error = standardError[peak]!;
    assert.ok(error > 0.003 && error < 0.15, `${error}`);
    assert.ok(Math.abs(again.density[nearest]! - density[peak]!) < 5 * error);
  });

  test("the same seed gives the same numbers; input that cannot be used is refused", () => {
    const few = { places: 16, resamplings: 2, bandwidth: 0.3 };
    const [a, b] = [1, 1].map((seed) => populationDensity(means, deviations, { ...few, seed }));
    assert.deepEqual(a, b);
    assert.throws(
      () => populationDensity(means.slice(0, 5), deviations.slice(0, 5)),
      /means: expected 10 particles/,
    );
    assert.throws(
      () => populationDensity(means, deviations, { bandwidth: 0 }),
      /bandwidth: expected a number above 0/,
    );
    assert.throws(
      () => populationDensity(new Float32Array(20), deviations.slice(0, 20)),
      /means: expected places that differ/,
    );
  });
});
