import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { informationImbalance, neighbourhoodSimilarity, type TwoSpaces } from "./neighbourhoods";

/** True points on a line, and places that follow them with noise. */
function spaces(count: number, noise: number, latent = 1): TwoSpaces {
  const random = new Random(2);
  const truth = Float64Array.from({ length: count }, () => random.uniform());
  const places = Float64Array.from({ length: count * latent }, (_, i) => {
    return (i % latent === 0 ? truth[i / latent]! : 0) + noise * random.normal();
  });
  return { truth, truthDimensions: 1, places, latent };
}

/** Ranks of all points around each point, by counting: 0 for itself. */
function ranks(values: ArrayLike<number>, dimensions: number): number[][] {
  const n = values.length / dimensions;
  const distance = (i: number, j: number) =>
    Array.from(
      { length: dimensions },
      (_, d) => (values[i * dimensions + d]! - values[j * dimensions + d]!) ** 2,
    ).reduce((sum, x) => sum + x, 0);
  return Array.from({ length: n }, (_, i) => {
    const own = Array.from({ length: n }, (_, j) => distance(i, j));
    return own.map((d) => own.filter((other) => other < d).length);
  });
}

describe("neighbourhood similarity", () => {
  test("counts, over every fifth particle, neighbours in both spaces as the published formula does", async () => {
    const data = spaces(300, 0.05, 2);
    const found = await neighbourhoodSimilarity(data, { sizes: [3, 12] });
    for (const { k, matches, deviation, fraction } of found) {
      const means = [0, 1, 2, 3, 4].map((start) => {
        const rows = Array.from({ length: 60 }, (_, i) => start + 5 * i);
        const truth = ranks(
          rows.map((row) => data.truth[row]!),
          1,
        );
        const places = ranks(
          rows.flatMap((row) => [data.places[2 * row]!, data.places[2 * row + 1]!]),
          2,
        );
        const both = (i: number) =>
          truth[i]!.filter((rank, j) => rank < k + 1 && places[i]![j]! < k + 1).length;
        return rows.reduce((sum, _, i) => sum + both(i) / 60, 0);
      });
      const mean = means.reduce((sum, x) => sum + x / 5, 0);
      const spread = Math.sqrt(means.reduce((sum, x) => sum + (x - mean) ** 2 / 5, 0));
      assert.ok(Math.abs(matches - mean) < 1e-9 && Math.abs(deviation - spread) < 1e-9);
      assert.ok(Math.abs(fraction - (mean - 1) / k) < 1e-9);
    }
  });

  test("is 1 for places that are a copy of the truth, and k/(n − 1) for places that say nothing", async () => {
    const random = new Random(7);
    const perfect = await neighbourhoodSimilarity(spaces(500, 0));
    assert.ok(perfect.length === 5 && perfect.every(({ fraction }) => Math.abs(fraction - 1) < 1e-9));
    const states = Float64Array.from({ length: 500 }, (_, i) => i % 4);
    const places = Float64Array.from(states, () => random.normal());
    const [chance] = await neighbourhoodSimilarity(
      { truth: states, truthDimensions: 1, places, latent: 1 },
      { sizes: [20] },
    );
    assert.ok(Math.abs(chance!.fraction - 20 / 99) < 0.03);
  });

  test("has a chance level from permuted places, k/(n − 1), which places that say nothing do not leave", async () => {
    const random = new Random(7);
    const places = Float64Array.from({ length: 500 }, () => random.normal());
    for (const { k, fraction, chance } of await neighbourhoodSimilarity({ ...spaces(500, 0), places })) {
      assert.ok(Math.abs(chance.mean - k / 99) < 0.005, `${chance.mean} for ${k}`);
      assert.ok(chance.deviation > 0 && Math.abs(fraction - chance.mean) < 4 * chance.deviation);
    }
    const [followed] = await neighbourhoodSimilarity(spaces(500, 0.02), { sizes: [10] });
    assert.ok(followed!.fraction > followed!.chance.mean + 20 * followed!.chance.deviation);
    const again = await neighbourhoodSimilarity(spaces(500, 0.02), { sizes: [10] });
    assert.deepEqual(again, [followed]);
    const other = await neighbourhoodSimilarity(spaces(500, 0.02), { sizes: [10], seed: 2 });
    assert.notDeepEqual(other, again);
  });

  test("of permuted places is that of the places put in that order", async () => {
    const data = spaces(60, 0.05);
    const [found] = await informationImbalance(data, { sizes: [3], permutations: 1, seed: 3 });
    // The same draws as inside: the order of the particles, then the permutation.
    const draws = new Random(3);
    const rows = draws.permutation(60);
    const permutation = draws.fork(1).permutation(60);
    const places = new Float64Array(60);
    for (let i = 0; i < 60; i++) places[rows[i]!] = data.places[rows[permutation[i]!]!]!;
    const [direct] = await informationImbalance({ ...data, places }, { sizes: [3], seed: 3 });
    assert.ok(Math.abs(found!.chance.truthToPlaces.mean - direct!.truthToPlaces) < 1e-12);
    assert.ok(Math.abs(found!.chance.placesToTruth.mean - direct!.placesToTruth) < 1e-12);
    assert.ok(Math.abs(direct!.truthToPlaces - found!.truthToPlaces) > 0.5);
    await assert.rejects(informationImbalance(data, { permutations: 0 }), /permutations: expected/);
  });
});

describe("information imbalance", () => {
  test("is 2/N times the mean rank of the nearest neighbours", async () => {
    const data = spaces(80, 0.1);
    const [truth, places] = [ranks(data.truth, 1), ranks(data.places, 1)];
    for (const { k, truthToPlaces, placesToTruth } of await informationImbalance(data)) {
      const mean = (from: number[][], to: number[][]) => {
        const all = from.flatMap((own, i) =>
          own.flatMap((rank, j) => (rank >= 1 && rank <= k ? [to[i]![j]!] : [])),
        );
        return all.reduce((sum, rank) => sum + rank, 0) / all.length;
      };
      assert.ok(Math.abs(truthToPlaces - (2 / 80) * mean(truth, places)) < 1e-9);
      assert.ok(Math.abs(placesToTruth - (2 / 80) * mean(places, truth)) < 1e-9);
    }
  });

  test("tells which space knows more: a coordinate is in a plane, the plane is not in a coordinate", async () => {
    const random = new Random(4);
    const truth = Float64Array.from({ length: 600 }, () => random.uniform());
    const places = truth.filter((_, i) => i % 2 === 0);
    const [first] = await informationImbalance({ truth, truthDimensions: 2, places, latent: 1 });
    assert.ok(first!.truthToPlaces < 0.2 && first!.placesToTruth > 0.4);
  });

  test("points of different particles are refused", async () => {
    const data = spaces(100, 0);
    await assert.rejects(informationImbalance({ ...data, truth: [1, 2] }), /places and truth: expected/);
    await assert.rejects(
      neighbourhoodSimilarity(data, { sizes: [20] }),
      /sizes: expected whole numbers from 1 to 19/,
    );
  });
});
