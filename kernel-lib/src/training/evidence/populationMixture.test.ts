import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { fitPopulation, marginal, type PlaceMeasurements, PlaceUnder } from "./populationMixture";

/** Measurements of places [n · 2] in random directions, each exact to 1 / √precision there and to ten times that across. */
function measure(truth: Float64Array, random: Random, precision: () => number): PlaceMeasurements {
  const count = truth.length / 2;
  const information = new Float64Array(4 * count);
  const pull = new Float64Array(truth.length);
  for (let i = 0; i < count; i++) {
    const angle = Math.PI * random.uniform();
    const own = precision();
    for (const [x, y, exact] of [
      [Math.cos(angle), Math.sin(angle), own],
      [-Math.sin(angle), Math.cos(angle), own / 100],
    ] as const) {
      const found = truth[2 * i]! * x + truth[2 * i + 1]! * y + random.normal() / Math.sqrt(exact);
      for (const [k, value] of [x * x, x * y, x * y, y * y].entries())
        information[4 * i + k]! += exact * value;
      pull[2 * i]! += exact * found * x;
      pull[2 * i + 1]! += exact * found * y;
    }
  }
  return { latent: 2, information, pull };
}

/** Posterior means with a normal prior of unit variance, as trainings have them. */
function posteriorMeans({ information, pull }: PlaceMeasurements): Float32Array {
  const places = new Float32Array(pull.length);
  for (let i = 0; 2 * i < pull.length; i++) {
    const [a, b, d] = [information[4 * i]! + 1, information[4 * i + 1]!, information[4 * i + 3]! + 1];
    const [x, y] = [pull[2 * i]!, pull[2 * i + 1]!];
    places[2 * i] = (d * x - b * y) / (a * d - b * b);
    places[2 * i + 1] = (a * y - b * x) / (a * d - b * b);
  }
  return places;
}

const measurementOf = ({ information, pull }: PlaceMeasurements, i: number) =>
  [information.subarray(4 * i, 4 * i + 4), pull.subarray(2 * i, 2 * i + 2)] as const;

describe("density of a population from measurements with errors", () => {
  test("of one place is a point: measurements no longer move from it", () => {
    const random = new Random(5);
    const truth = Float64Array.from({ length: 800 }, (_, i) => [0.3, -0.2][i % 2]!);
    const measured = measure(truth, random, () => 1 + 4 * random.uniform());
    const under = new PlaceUnder(fitPopulation(measured, posteriorMeans(measured)));
    let square = 0;
    for (let i = 0; i < 400; i++) {
      const place = under.find(...measurementOf(measured, i));
      square += ((place[0]! - 0.3) ** 2 + (place[1]! + 0.2) ** 2) / 400;
    }
    // With errors of about 0.6 along and 6 across.
    assert.ok(Math.sqrt(square) < 0.12, `${Math.sqrt(square)}`);
  });

  test("has a rare state with its fraction and place, and tells its particles from the others", () => {
    const random = new Random(6);
    const rare = (i: number) => i % 25 === 0;
    const truth = Float64Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 && rare(i >> 1) ? 4 : 0));
    const measured = measure(truth, random, () => 6);
    const mixture = fitPopulation(measured, posteriorMeans(measured));
    const first = marginal(mixture, [0]);
    const far = [...first.weights.keys()].filter((k) => first.means[k]! > 2);
    const weight = far.reduce((sum, k) => sum + first.weights[k]!, 0);
    assert.ok(Math.abs(weight - 0.04) < 0.015, `${weight}`);
    const place = far.reduce((sum, k) => sum + (first.weights[k]! / weight) * first.means[k]!, 0);
    assert.ok(Math.abs(place - 4) < 0.4, `${place}`);
    const under = new PlaceUnder(mixture);
    let [right, wrong] = [0, 0];
    for (let i = 0; i < 1000; i++) {
      const isFar = under.find(...measurementOf(measured, i))[0]! > 2;
      if (isFar && rare(i)) right++;
      if (isFar && !rare(i)) wrong++;
    }
    assert.ok(right > 24 && wrong < 6, `${right} of 40 found, ${wrong} others`);
  });

  test("of a normal population gives the posterior of that prior", () => {
    const mixture = {
      ...{ latent: 2, weights: Float64Array.of(1), means: Float64Array.of(1, -1) },
      covariances: Float64Array.of(2, 0.5, 0.5, 1),
    };
    const under = new PlaceUnder(mixture);
    const place = under.find(Float64Array.of(3, 1, 1, 2), [4, 1]);
    // (V⁻¹ + C)⁻¹ (V⁻¹·m + b) with V⁻¹ = (4, −2; −2, 8) / 7
    const [a, b, d] = [4 / 7 + 3, -2 / 7 + 1, 8 / 7 + 2];
    const [x, y] = [4 / 7 + 2 / 7 + 4, -2 / 7 - 8 / 7 + 1];
    const determinant = a * d - b * b;
    assert.ok(Math.abs(place[0]! - (d * x - b * y) / determinant) < 1e-9);
    assert.ok(Math.abs(place[1]! - (a * y - b * x) / determinant) < 1e-9);
    assert.ok(Math.abs(under.covariances[1]! + b / determinant) < 1e-9);
  });

  test("shares follow a correction of the likelihood", () => {
    const under = new PlaceUnder({
      ...{ latent: 1, weights: Float64Array.of(0.9, 0.1), means: Float64Array.of(0, 3) },
      covariances: Float64Array.of(1e-9, 1e-9),
    });
    under.find(Float64Array.of(0), [0]);
    assert.ok(Math.abs(under.correct(0, Math.log(9))[0]! - 1.5) < 1e-6);
    under.find(Float64Array.of(0), [0]);
    assert.ok(under.correct(0, -1000)[0]! < 1e-6);
    under.find(Float64Array.of(0), [0]);
    assert.ok(under.correct(0, 1000)[0]! > 3 - 1e-6);
  });
});
