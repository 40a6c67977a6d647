import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { gaussianMixture } from "./mixture";
import { assertStopsAtThirdTurn } from "./stopping.test.helper";

/** Points of Gaussians with given means and lower factors of their covariances, taken in turn. */
function cloud(seed: number, n: number, parts: { mean: number[]; factor: number[][] }[]): Float32Array {
  const random = new Random(seed);
  const dimensions = parts[0]!.mean.length;
  const points = new Float32Array(n * dimensions);
  for (let i = 0; i < n; i++) {
    const { mean, factor } = parts[i % parts.length]!;
    const normal = mean.map(() => random.normal());
    mean.forEach((m, d) => {
      points[i * dimensions + d] = m + factor[d]!.reduce((sum, f, e) => sum + f * normal[e]!, 0);
    });
  }
  return points;
}

/** Two long clouds that cross, which k-means cannot tell apart. */
const crossing = cloud(3, 4000, [
  {
    mean: [0, 0],
    factor: [
      [2, 0],
      [1.8, 0.3],
    ],
  },
  {
    mean: [0.5, 0],
    factor: [
      [2, 0],
      [-1.8, 0.3],
    ],
  },
]);

const near = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string) => {
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < found.length; i++) {
    assert.ok(
      Math.abs(found[i]! - expected[i]!) <= tolerance,
      `${what} ${i}: ${found[i]}, not ${expected[i]}`,
    );
  }
};

/** Density of a Gaussian in two dimensions, by the inverse and determinant written out. */
function density2([x, y]: [number, number], mean: ArrayLike<number>, c: ArrayLike<number>): number {
  const determinant = c[0]! * c[3]! - c[1]! * c[2]!;
  const [p, q] = [x - mean[0]!, y - mean[1]!];
  const squared = (c[3]! * p * p - (c[1]! + c[2]!) * p * q + c[0]! * q * q) / determinant;
  return Math.exp(-squared / 2) / (2 * Math.PI * Math.sqrt(determinant));
}

describe("a Gaussian mixture", () => {
  test("finds the Gaussians that the points were drawn from", async () => {
    const found = await gaussianMixture(crossing, 2, 2);
    near(found.weights, [0.5, 0.5], 0.03, "weight");
    near(found.means, [0, 0, 0.5, 0], 0.15, "mean");
    const expected = [4, 3.6, 3.6, 3.33, 4, -3.6, -3.6, 3.33];
    near(found.covariances, expected, 0.3, "covariance");
    assert.ok(found.converged);
    const right = found.labels.filter((label, i) => label === i % 2).length;
    assert.ok(right > 0.86 * 4000, `${right} of 4000`);
    assert.equal(found.sizes[0]! + found.sizes[1]!, 4000);
  });

  test("has the likelihood, probabilities and BIC of the formulas, and is a maximum", async () => {
    const found = await gaussianMixture(crossing, 2, 2, { ridge: 0, tolerance: 1e-10 });
    const at = (i: number): [number, number] => [crossing[2 * i]!, crossing[2 * i + 1]!];
    const joint = (i: number, c: number) =>
      found.weights[c]! *
      density2(at(i), found.means.subarray(2 * c, 2 * c + 2), found.covariances.subarray(4 * c, 4 * c + 4));
    let logLikelihood = 0;
    const mean = [0, 0, 0, 0];
    const share = [0, 0];
    for (let i = 0; i < 4000; i++) {
      const both = [joint(i, 0), joint(i, 1)];
      const total = both[0]! + both[1]!;
      logLikelihood += Math.log(total);
      for (const c of [0, 1]) {
        const p = both[c]! / total;
        assert.ok(Math.abs(found.responsibilities[2 * i + c]! - p) < 1e-6);
        share[c]! += p;
        for (const d of [0, 1]) mean[2 * c + d]! += p * at(i)[d]!;
      }
    }
    assert.ok(Math.abs(found.logLikelihood - logLikelihood) < 1e-6);
    assert.ok(Math.abs(found.bic - (-2 * logLikelihood + 11 * Math.log(4000))) < 1e-6);
    // At the maximum another step changes nothing.
    near(
      found.weights,
      share.map((s) => s / 4000),
      1e-4,
      "weight",
    );
    near(
      found.means,
      mean.map((m, i) => m / share[i >> 1]!),
      1e-3,
      "mean",
    );
  });

  test("of one Gaussian is the mean and covariance of the points", async () => {
    const points = cloud(5, 500, [
      {
        mean: [5, -3, 100],
        factor: [
          [1, 0, 0],
          [0.5, 2, 0],
          [0, 0.2, 0.1],
        ],
      },
    ]);
    const found = await gaussianMixture(points, 3, 1, { ridge: 0 });
    const mean = [0, 1, 2].map((d) => points.reduce((sum, x, i) => sum + (i % 3 === d ? x : 0), 0) / 500);
    near(found.means, mean, 1e-9, "mean");
    const covariance = [0, 1, 2].flatMap((d) =>
      [0, 1, 2].map((e) => {
        let sum = 0;
        for (let i = 0; i < 500; i++)
          sum += (points[3 * i + d]! - mean[d]!) * (points[3 * i + e]! - mean[e]!);
        return sum / 500;
      }),
    );
    near(found.covariances, covariance, 1e-9, "covariance");
    assert.deepEqual([...found.sizes], [500]);
  });

  test("has the lowest BIC for the true number of Gaussians", async () => {
    const three = cloud(8, 900, [
      {
        mean: [0, 0],
        factor: [
          [1, 0],
          [0.5, 0.5],
        ],
      },
      {
        mean: [3, 3],
        factor: [
          [0.3, 0],
          [0, 1],
        ],
      },
      {
        mean: [6, 0],
        factor: [
          [0.5, 0],
          [0, 0.5],
        ],
      },
    ]);
    const fits = await Promise.all([1, 2, 3, 4, 5].map((k) => gaussianMixture(three, 2, k)));
    const lowest = fits.reduce((best, fit, i) => (fit.bic < fits[best]!.bic ? i : best), 0);
    assert.equal(lowest + 1, 3);
    near(fits[2]!.means, [0, 0, 3, 3, 6, 0], 0.2, "mean");
  });

  test("works for collinear and coincident points", async () => {
    const line = Float32Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i : 3));
    const found = await gaussianMixture(line, 2, 3);
    assert.ok([...found.means, ...found.covariances, found.bic].every(Number.isFinite));
    const same = await gaussianMixture(new Float32Array(40).fill(2), 2, 2);
    near(same.means, [2, 2, 2, 2], 1e-6, "mean");
  });

  test("is fitted to a sample of many points, and labels all", async () => {
    const options = { maxPoints: 500, seed: 4 };
    const found = await gaussianMixture(crossing, 2, 2, options);
    const right = found.labels.filter((label, i) => label === i % 2).length;
    assert.ok(Math.max(right, 4000 - right) > 0.84 * 4000, `${right} of 4000`);
    assert.deepEqual(await gaussianMixture(crossing, 2, 2, options), found);
  });

  test("is refused for more Gaussians than points, and coordinates that are not finite", async () => {
    await assert.rejects(
      gaussianMixture(new Float32Array(4), 2, 3),
      /k: expected an integer from 1 to the 2 points/,
    );
    await assert.rejects(
      gaussianMixture(Float32Array.of(0, 1, Number.NaN, 2), 2, 1),
      /point 1: expected finite/,
    );
    await assert.rejects(gaussianMixture(new Float32Array(5), 2, 1), /rows of 2 numbers/);
  });

  test("can be aborted, and does not block the event loop", async () => {
    await assertStopsAtThirdTurn((signal) =>
      gaussianMixture(crossing, 2, 2, { tolerance: -1, maxIterations: 1_000_000, signal }),
    );
  });
});
