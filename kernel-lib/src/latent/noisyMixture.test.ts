import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { InputError } from "../errors";
import { Random } from "../random";
import { typicalErrors, withoutPrior } from "./deconvolution";
import { gaussianMixture } from "./mixture";
import { selectMixture } from "./mixtureSelection";

/** Points with known errors. */
interface Measured {
  points: Float32Array;
  deviations: Float32Array;
  /** State that each was drawn from, [n]. */
  truth: Int32Array;
}

/** Draws points: a state with its mean, and errors with deviations from `low` to `high`. */
function measured(
  {
    seed,
    n,
    dimensions,
    errors: [low, high],
  }: { seed: number; n: number; dimensions: number; errors: [number, number] },
  draw: (random: Random) => { state: number; mean: ArrayLike<number> },
): Measured {
  const random = new Random(seed);
  const points = new Float32Array(n * dimensions);
  const deviations = new Float32Array(n * dimensions);
  const truth = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const { state, mean } = draw(random);
    truth[i] = state;
    for (let d = 0; d < dimensions; d++) {
      const deviation = low + (high - low) * random.uniform();
      deviations[i * dimensions + d] = deviation;
      points[i * dimensions + d] = mean[d]! + deviation * random.normal();
    }
  }
  return { points, deviations, truth };
}

const near = (found: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, not ${expected}`);

describe("a mixture of points with known errors", () => {
  test("of one Gaussian and equal errors is the covariance of the points less that of the errors", async () => {
    const random = new Random(3);
    const n = 400;
    const points = Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? 3 : 1) * random.normal());
    const errors = new Float32Array(2 * n).map((_, i) => (i % 2 ? 1.5 : 0.6));
    const found = await gaussianMixture(points, 2, 1, { deviations: errors, ridge: 0, tolerance: 1e-12 });
    const plain = await gaussianMixture(points, 2, 1, { ridge: 0 });
    for (const d of [0, 1]) near(found.means[d]!, plain.means[d]!, 1e-6, `mean ${d}`);
    const expected = [-0.36, 0, 0, -2.25].map((x, e) => plain.covariances[e]! + x);
    for (let e = 0; e < 4; e++) near(found.covariances[e]!, expected[e]!, 1e-3, `covariance ${e}`);
    near(found.logLikelihood, plain.logLikelihood, 1e-5, "log likelihood");
  });

  test("of unequal errors is the maximum of the likelihood, written out", async () => {
    const { points, deviations } = measured(
      { seed: 5, n: 300, dimensions: 1, errors: [0.2, 2] },
      (random) => ({
        state: 0,
        mean: [1 + 0.8 * random.normal()],
      }),
    );
    const found = await gaussianMixture(points, 1, 1, { deviations, ridge: 0, tolerance: 1e-12 });
    const logLikelihood = (mean: number, variance: number) => {
      let sum = 0;
      points.forEach((x, i) => {
        const total = variance + deviations[i]! ** 2;
        sum -= (Math.log(2 * Math.PI * total) + (x - mean) ** 2 / total) / 2;
      });
      return sum;
    };
    const [mean, variance] = [found.means[0]!, found.covariances[0]!];
    near(found.logLikelihood, logLikelihood(mean, variance), 1e-6, "log likelihood");
    for (const [dm, dv] of [
      [1e-2, 0],
      [-1e-2, 0],
      [0, 1e-2],
      [0, -1e-2],
    ] as const) {
      assert.ok(logLikelihood(mean + dm, variance + dv) < found.logLikelihood, `${dm}, ${dv}`);
    }
  });

  test("with errors of 0 is the mixture without errors", async () => {
    const { points } = measured({ seed: 6, n: 600, dimensions: 2, errors: [0.3, 0.3] }, (random) => {
      const state = random.integer(2);
      return { state, mean: [state * 2, -state] };
    });
    const plain = await gaussianMixture(points, 2, 2);
    const found = await gaussianMixture(points, 2, 2, { deviations: new Float32Array(points.length) });
    assert.deepEqual([...found.labels], [...plain.labels]);
    near(found.bic, plain.bic, 1e-3, "BIC");
    for (const [e, x] of plain.covariances.entries()) near(found.covariances[e]!, x, 1e-4, `covariance ${e}`);
  });

  test("errors that are negative, missing or not finite are refused", async () => {
    const points = new Float32Array(10);
    for (const [deviations, pattern] of [
      [new Float32Array(9), /deviations: expected 10 numbers, one per coordinate, found 9/],
      [new Float32Array(10).fill(-1), /deviation of point 0: expected a number of 0 or more, found -1/],
      [new Float32Array(10).fill(Number.NaN), /deviation of point 0: .*NaN/],
    ] as const) {
      await assert.rejects(gaussianMixture(points, 2, 1, { deviations }), pattern);
      assert.throws(() => withoutPrior(points, deviations, 2), InputError);
    }
  });
});

describe("the number of Gaussians and groups", () => {
  test("a state of 1 % is found among six, counted, and told apart", async () => {
    const places = [
      [0, 1.6, -0.4],
      [1.1, 0.2, 0.3],
      [-0.7, -0.3, 1.1],
      [-0.4, -1, -0.9],
      [1.4, -0.9, 0.6],
      [-1.3, 0.5, 0.1],
    ];
    const ends = [0.01, 0.15, 0.35, 0.55, 0.8, 1];
    const data = measured({ seed: 7, n: 1800, dimensions: 3, errors: [0.2, 0.5] }, (random) => {
      const at = random.uniform();
      const state = ends.findIndex((end) => at < end);
      return { state, mean: places[state]! };
    });
    const { points, deviations, truth } = data;
    const found = await selectMixture(points, 3, { deviations, most: 7 });
    assert.equal(found.sizes.length, 6, found.advice);
    const rare = found.weights.indexOf(Math.min(...found.weights));
    const share = truth.filter((state) => state === 0).length / truth.length;
    near(found.weights[rare]!, share, 0.002, "population");
    const both = truth.filter((state, i) => state === 0 && found.labels[i] === rare).length;
    assert.ok(both / found.sizes[rare]! > 0.9, `precision ${both} of ${found.sizes[rare]}`);
    assert.ok(both / (share * truth.length) > 0.9, `recall ${both} of ${share * truth.length}`);
    assert.match(found.advice, /^6 Gaussians describe .*each a group of its own, the smallest with \d\.\d %/);
  });

  test("two states that each move along a line are two groups of several Gaussians", async () => {
    const data = measured({ seed: 8, n: 1200, dimensions: 2, errors: [0.2, 0.4] }, (random) => {
      const state = random.integer(2);
      return { state, mean: [3.5 * (random.uniform() - 0.5), 2 * state - 1] };
    });
    const { points, deviations, truth } = data;
    const found = await selectMixture(points, 2, { deviations });
    assert.equal(found.sizes.length, 2, found.advice);
    assert.ok(found.groupOf.length > 2);
    let right = 0;
    truth.forEach((state, i) => {
      const group = found.centres[1]! < found.centres[3]! ? found.labels[i]! : 1 - found.labels[i]!;
      if (group === state) right++;
    });
    assert.ok(right > 0.98 * truth.length, `${right} of ${truth.length}`);
    near(found.weights[0]! + found.weights[1]!, 1, 1e-9, "all of the population");
    // As asked, the shallowest gaps are closed.
    const asked = await selectMixture(points, 2, { deviations, groups: 2, most: 6 });
    assert.deepEqual([...asked.labels], [...found.labels]);
    assert.match(asked.advice, /joined to 2 groups as asked\.$/);
    const two = await gaussianMixture(points, 2, 2, { deviations });
    near(Math.abs(two.means[1]! - two.means[3]!), 2, 0.1, "distance of the states");
  });

  test("a motion without gaps is one group, whatever the number of Gaussians", async () => {
    const { points, deviations } = measured(
      { seed: 9, n: 1000, dimensions: 1, errors: [0.2, 0.4] },
      (random) => ({
        state: 0,
        mean: [3.5 * (random.uniform() - 0.5)],
      }),
    );
    const found = await selectMixture(points, 1, { deviations });
    assert.equal(found.sizes.length, 1, found.advice);
    assert.match(found.advice, /one group, so that further sets are parts of a continuum\.$/);
    assert.deepEqual([...found.sizes], [1000]);
  });

  test("coincident points and fewer points than Gaussians are one Gaussian", async () => {
    assert.equal((await selectMixture(new Float32Array(20).fill(3), 2)).sizes.length, 1);
    assert.equal((await selectMixture(Float32Array.of(1, 2), 2)).sizes.length, 1);
  });
});

describe("posterior means without their prior", () => {
  test("are unbiased, with the errors of the measurements", () => {
    const data = measured({ seed: 10, n: 4000, dimensions: 2, errors: [0.3, 2] }, (random) => ({
      state: 0,
      mean: [1.5 * random.normal(), 0.4 * random.normal()],
    }));
    const prior = [1.5, 0.4];
    const means = new Float32Array(data.points.length);
    const posterior = new Float32Array(data.points.length);
    data.points.forEach((x, i) => {
      const variance = 1 / (1 / data.deviations[i]! ** 2 + 1 / prior[i % 2]! ** 2);
      means[i] = (x * variance) / data.deviations[i]! ** 2;
      posterior[i] = Math.sqrt(variance);
    });
    const known = withoutPrior(means, posterior, 2, { prior });
    data.points.forEach((x, i) => {
      near(known.points[i]!, x, 1e-3 * (1 + Math.abs(x)), `point ${i}`);
      near(known.deviations[i]!, data.deviations[i]!, 1e-3, `deviation ${i}`);
    });
    const found = withoutPrior(means, posterior, 2);
    near(found.prior[0]!, 1.5, 0.05, "prior of the first axis");
    near(found.prior[1]!, 0.4, 0.02, "prior of the second axis");
  });

  test("scatter by the typical error, which the prior makes smaller", () => {
    const random = new Random(12);
    const [prior, error] = [2, 1];
    const s = Math.sqrt(1 / (1 / error ** 2 + 1 / prior ** 2));
    const means = Float32Array.from({ length: 3000 }, () => {
      const measured = prior * random.normal() + error * random.normal();
      return (measured * s ** 2) / error ** 2;
    });
    const errors = typicalErrors(means, new Float32Array(3000).fill(s), 1);
    // A particle measured again has a mean that scatters by s²/error around its expectation.
    near(errors[0]!, (0.85 * s ** 2) / error, 0.02, "error");
    assert.ok(errors.every((e) => e === errors[0]));
  });

  test("that say nothing stay finite", () => {
    const { points, deviations } = withoutPrior(
      Float32Array.of(0.1, -0.1, 0, 0),
      Float32Array.of(1, 1, 0, 0),
      2,
    );
    assert.ok([...points, ...deviations].every(Number.isFinite));
    assert.throws(
      () => withoutPrior(points, deviations, 2, { prior: [1, 0] }),
      /prior: expected 2 numbers above 0, found \[1,0\]/,
    );
  });
});
