import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { typicalErrors } from "./deconvolution";
import { adjustedRandIndex } from "./match";
import { gaussianMixture } from "./mixture";
import { selectMixture } from "./mixtureSelection";
import { mixtureSets } from "./mixtureSets";

/** Places of particles as a training gives them: posterior means and deviations of measurements whose errors differ. */
function places(seed: number, n: number, draw: (random: Random) => { state: number; at: number[] }) {
  const random = new Random(seed);
  const dimensions = draw(new Random(seed)).at.length;
  const points = new Float32Array(n * dimensions);
  const deviations = new Float32Array(n * dimensions);
  const truth = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const { state, at } = draw(random);
    truth[i] = state;
    const quality = 0.75 + 0.6 * random.uniform();
    at.forEach((x, d) => {
      const variance = (0.5 * quality) ** 2;
      const measured = x + Math.sqrt(variance) * random.normal();
      // With a prior of variance 1.
      points[i * dimensions + d] = measured / (1 + variance);
      deviations[i * dimensions + d] = Math.sqrt(variance / (1 + variance));
    });
  }
  return { points, deviations, truth, dimensions };
}

/** The most probable state of each particle, with states, fractions and errors known. */
function idealLabels(data: ReturnType<typeof places>, states: number[][], fractions: number[]): Int32Array {
  const { points, deviations, dimensions } = data;
  return data.truth.map((_, i) => {
    const scores = states.map((state, k) =>
      state.reduce((sum, x, d) => {
        const left = 1 - deviations[i * dimensions + d]! ** 2;
        const measured = points[i * dimensions + d]! / left;
        return sum - ((measured - x) ** 2 * left) / (2 * (1 - left));
      }, Math.log(fractions[k]!)),
    );
    return scores.indexOf(Math.max(...scores));
  });
}

const divided = ({ points, deviations, dimensions }: ReturnType<typeof places>) =>
  selectMixture(points, dimensions, { deviations: typicalErrors(points, deviations, dimensions) });

describe("points with equal errors", () => {
  test("have the mixture that extreme deconvolution finds", async () => {
    const { points } = places(3, 800, (random) => {
      const state = random.integer(2);
      return { state, at: [2.4 * state - 1.2 + 0.3 * random.normal(), 0.5 * random.normal()] };
    });
    const deviations = points.map((_, i) => (i % 2 ? 0.3 : 0.35));
    // One error that differs by rounding takes the general algorithm.
    const nearly = deviations.slice();
    nearly[0]! += 1e-6;
    const options = { tolerance: 1e-9, maxIterations: 5000 };
    const found = await gaussianMixture(points, 2, 2, { deviations, ...options });
    const reference = await gaussianMixture(points, 2, 2, { deviations: nearly, ...options });
    assert.ok(Math.abs(found.logLikelihood - reference.logLikelihood) < 0.02);
    for (const name of ["weights", "means", "covariances"] as const) {
      found[name].forEach((x, i) => {
        assert.ok(Math.abs(x - reference[name][i]!) < 5e-3, `${name} ${i}: ${x}, not ${reference[name][i]}`);
      });
    }
    assert.ok(found.iterations < reference.iterations);
  });

  test("overlapping states of unequal precision are counted, with one of 2 %", async () => {
    const corners = [
      [-0.9, -0.8, 0.1],
      [0.9, -0.8, 0],
      [-0.8, 0.9, 0.2],
      [0.9, 1, -0.1],
      [0.3, 0.2, 2.6],
    ];
    const data = places(11, 2500, (random) => {
      const state = random.uniform() < 0.02 ? 4 : random.integer(4);
      return { state, at: corners[state]! };
    });
    const found = await divided(data);
    assert.equal(found.sizes.length, 5, found.advice);
    assert.equal(found.structure, "groups");
    assert.match(found.structureSentence, /^Separate groups: /);
    const ideal = idealLabels(data, corners, [0.245, 0.245, 0.245, 0.245, 0.02]);
    const [own, best] = [found.labels, ideal].map((labels) => adjustedRandIndex(labels, data.truth));
    assert.ok(own! > best! - 0.03, `${own}, ideal ${best}`);
    const rare = found.weights.indexOf(Math.min(...found.weights));
    const both = data.truth.filter((state, i) => state === 4 && found.labels[i] === rare).length;
    assert.ok(both > 0.9 * found.sizes[rare]!, `precision ${both} of ${found.sizes[rare]}`);
    assert.ok(both > 0.9 * data.truth.filter((state) => state === 4).length, `recall ${both}`);
  });

  test("the tails of states are no groups of their own", async () => {
    const random = new Random(4);
    const points = new Float32Array(2 * 1600);
    const deviations = new Float32Array(points.length).fill(0.2);
    for (let i = 0; i < 1600; i++) {
      // Student's t with 6 degrees of freedom.
      const squares = Array.from({ length: 6 }, () => random.normal() ** 2).reduce((a, b) => a + b, 0);
      for (const d of [0, 1])
        points[2 * i + d] = (i % 2 ? 3 : 0) + 0.5 * random.normal() * Math.sqrt(6 / squares);
    }
    const found = await selectMixture(points, 2, { deviations, most: 5 });
    assert.equal(found.groupOf.length, 2, found.advice);
    assert.ok(found.tied && found.mixture.tails! <= 16);
    // The scale matrix: 0.25 less the variance of the errors.
    for (const e of [0, 3, 4, 7]) assert.ok(Math.abs(found.mixture.covariances[e]! - 0.21) < 0.04);
    const sum = found.mixture.responsibilities.slice(0, 2).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6);
  });

  test("a motion is a continuum, and two states that each move are two groups", async () => {
    const moving = places(5, 1500, (random) => ({ state: 0, at: [4 * (random.uniform() - 0.5)] }));
    const line = await divided(moving);
    assert.equal(line.sizes.length, 1, line.advice);
    assert.equal(line.structure, "continuum");
    assert.match(line.structureSentence, /^A continuum, no separate groups: /);
    const both = places(6, 1500, (random) => {
      const state = random.integer(2);
      return { state, at: [4 * (random.uniform() - 0.5), 4 * state - 2] };
    });
    const found = await divided(both);
    assert.equal(found.sizes.length, 2, found.advice);
    assert.ok(adjustedRandIndex(found.labels, both.truth) > 0.97);
    assert.equal(found.structure, "groups");
  });

  test("one state is one group, whatever its precision", async () => {
    const { points, deviations, dimensions } = places(7, 1500, () => ({ state: 0, at: [0, 0, 0] }));
    const found = await mixtureSets(points, dimensions, { clusters: "auto", deviations });
    assert.equal(found.sizes.length, 1, found.advice);
    assert.match(found.advice, /^No separate groups: .*\n.*: one group/);
  });
});
