import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { InputError, StoppedError } from "../errors";
import { Random } from "../random";
import { kMeans, kMeansAsync } from "./kmeans";
import { pca, pcaInverse, pcaTransform } from "./pca";
import { pearson, ranks, spearman } from "./statistics";

/** Points of a plane in three dimensions, with variances 9 and 1 along known directions, around (1, 2, 3). */
function planePoints(count: number): Float32Array {
  const random = new Random(4);
  const points = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const a = 3 * random.normal();
    const b = random.normal();
    points.set([1 + 0.6 * a, 2 + 0.8 * a, 3 + b], 3 * i);
  }
  return points;
}

describe("principal components", () => {
  test("recover known directions and variances, largest first", () => {
    const found = pca(planePoints(4000), 3);
    for (const [axis, expected] of [
      [0, [0.6, 0.8, 0]],
      [1, [0, 0, 1]],
    ] as const) {
      for (let d = 0; d < 3; d++) assert.ok(Math.abs(found.axes[axis * 3 + d]! - expected[d]!) < 0.03);
    }
    assert.ok(Math.abs(found.variance[0]! - 9) < 0.5 && Math.abs(found.variance[1]! - 1) < 0.06);
    assert.ok(found.explained[0]! > 0.88 && found.explained[2]! < 1e-6);
  });

  test("the inverse transform restores the points, and two components suffice for a plane", () => {
    const points = planePoints(50);
    const found = pca(points, 3);
    for (const components of [3, 2]) {
      const back = pcaInverse(found, pcaTransform(found, points, components), components);
      for (let i = 0; i < points.length; i++) assert.ok(Math.abs(back[i]! - points[i]!) < 1e-5);
    }
  });

  test("one point has no components", () => {
    assert.throws(() => pca(new Float32Array(3), 3), /points: expected two or more rows of 3 numbers/);
  });
});

describe("k-means", () => {
  const random = new Random(7);
  const points = new Float32Array(2 * 300);
  for (let i = 0; i < 300; i++) {
    const centre = [-5, 0, 5][i % 3]!;
    points.set([centre + 0.4 * random.normal(), -centre + 0.4 * random.normal()], 2 * i);
  }

  test("separate clouds become one cluster each, numbered along the first axis", () => {
    const { labels, sizes, centres } = kMeans(points, 2, 3);
    assert.deepEqual([...sizes], [100, 100, 100]);
    for (let i = 0; i < 300; i++) assert.equal(labels[i], i % 3);
    assert.ok(Math.abs(centres[0]! + 5) < 0.2 && Math.abs(centres[1]! - 5) < 0.2);
  });

  test("with as many clusters as points inertia is 0, and a seed is reproducible", () => {
    const few = points.subarray(0, 20);
    assert.ok(kMeans(few, 2, 10).inertia < 1e-9);
    assert.deepEqual(kMeans(points, 2, 5, { seed: 3 }), kMeans(points, 2, 5, { seed: 3 }));
  });

  test("many points are clustered without blocking the event loop", async () => {
    const many = new Float32Array(2 * 60_000);
    const drawn = new Random(8);
    for (let i = 0; i < 60_000; i++) {
      const centre = [-5, 0, 5][i % 3]!;
      many.set([centre + drawn.normal(), -centre + drawn.normal()], 2 * i);
    }
    let turns = 0;
    const found = await kMeansAsync(many, 2, 3, { onProgress: () => turns++ });
    assert.ok(turns > 0);
    assert.deepEqual(kMeans(many, 2, 3), found);
    const right = found.labels.filter((label, i) => label === i % 3).length;
    assert.ok(right > 59_800, `${right} of 60000`);
    assert.ok(
      Math.abs(found.inertia / 60_000 - 2) < 0.03 && found.sizes.reduce((a, b) => a + b, 0) === 60_000,
    );
    assert.deepEqual(await kMeansAsync(points, 2, 5, { seed: 3 }), kMeans(points, 2, 5, { seed: 3 }));
  });

  test("a clustering can be aborted", async () => {
    const controller = new AbortController();
    const stopped = kMeansAsync(
      new Float32Array(2e6).map(() => random.normal()),
      2,
      50,
      {
        signal: controller.signal,
        onProgress: () => controller.abort(),
      },
    );
    await assert.rejects(stopped, StoppedError);
    await assert.rejects(kMeansAsync(points, 2, 301), InputError);
  });

  test("more clusters than points are refused", () => {
    assert.throws(
      () => kMeans(points.subarray(0, 4), 2, 3),
      /k: expected an integer from 1 to the 2 points, found 3/,
    );
  });
});

describe("correlations", () => {
  test("agree with values worked out by hand; ties share their rank", () => {
    assert.ok(Math.abs(pearson([1, 2, 3, 4], [2, 1, 4, 3]) - 0.6) < 1e-12);
    assert.deepEqual([...ranks([10, 20, 20, 5])], [1, 2.5, 2.5, 0]);
    assert.ok(Math.abs(spearman([1, 2, 3, 4], [1, 8, 27, 64]) - 1) < 1e-12);
    assert.ok(Math.abs(spearman([1, 2, 2, 3], [3, 2, 2, 1]) + 1) < 1e-12);
  });
});
