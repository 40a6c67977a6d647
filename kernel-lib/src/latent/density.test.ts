import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { StoppedError } from "../errors";
import { Random } from "../random";
import { densityClusters } from "./density";
import { KdTree } from "./kdTree";

/** Three round clouds of different width, and every sixth point far around them. */
function clouds(n: number, seed = 21): Float32Array {
  const random = new Random(seed);
  const points = new Float32Array(2 * n);
  const centres = [
    [-3, 0],
    [0, 2],
    [3, -1],
  ];
  for (let i = 0; i < n; i++) {
    const wide = i % 6 === 5;
    for (let d = 0; d < 2; d++) {
      points[2 * i + d] = wide
        ? 3 * random.normal()
        : centres[i % 3]![d]! + (0.3 + 0.2 * (i % 3)) * random.normal();
    }
  }
  return points;
}

/**
 * Labels of clouds(300) by scikit-learn 1.5.2, HDBSCAN(min_cluster_size=15, min_samples=6, algorithm="brute"), clusters
 * numbered by their mean x, noise as a dot; and the strengths of every thirtieth point.
 */
const byScikitLearn =
  "01201201201.01201.01201.01201.01201.01201101201201201.01201201201201201.01201.01201.01201.01201001201001201201201.01201.01201.01201201201201201201201.01201.01201201201.01201201201.01201.01201101201.01201201201.01201.01201101201.01201101201201201.01201.01201.01201.01201201201.01201201201.01201.01201.";
const strengthByScikitLearn = [
  0.333916, 0.606046, 0.690329, 0.593307, 0.626864, 0.842744, 0.501141, 0.690329, 0.760925, 1.0,
];

describe("density clusters", () => {
  test("are those of scikit-learn's HDBSCAN", async () => {
    const { labels, strength, sizes, centres } = await densityClusters(clouds(300), 2, {
      minClusterSize: 15,
      minSamples: 6,
      allowSingleCluster: false,
    });
    const text = Array.from(labels, (label) => (label < 0 ? "." : String(label))).join("");
    assert.equal(text, byScikitLearn);
    strengthByScikitLearn.forEach((expected, i) => {
      assert.ok(Math.abs(strength[30 * i]! - expected) < 1e-5, `strength of point ${30 * i}`);
    });
    for (const c of [0, 1, 2]) assert.equal(sizes[c], text.split(String(c)).length - 1);
    assert.ok(centres[0]! < -2.5 && Math.abs(centres[2]!) < 0.5 && centres[4]! > 2.5);
    labels.forEach((label, i) => {
      assert.equal(label < 0, strength[i] === 0);
    });
  });

  test("may have any shape: concentric rings are separated", async () => {
    const random = new Random(4);
    const n = 1200;
    const points = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const angle = 2 * Math.PI * random.uniform();
      const radius = 1 + 2 * (i % 3) + 0.1 * random.normal();
      points.set([radius * Math.cos(angle), radius * Math.sin(angle)], 2 * i);
    }
    const { labels, sizes } = await densityClusters(points, 2, { minSamples: 5, minClusterSize: 50 });
    assert.equal(sizes.length, 3);
    for (const ring of [0, 1, 2]) {
      const found = new Set(labels.filter((label, i) => i % 3 === ring && label >= 0));
      assert.equal(found.size, 1);
    }
    assert.ok(labels.filter((label) => label < 0).length < 60);
  });

  test("one cloud is one cluster, and so are coincident points; too few points give no cluster", async () => {
    const random = new Random(2);
    const cloud = Float32Array.from({ length: 3000 }, () => random.normal());
    assert.deepEqual([...(await densityClusters(cloud, 3)).sizes], [1000]);
    for (const n of [1, 2, 300]) {
      const found = await densityClusters(new Float32Array(2 * n).fill(7), 2, { minClusterSize: 20 });
      assert.deepEqual([found.labels.length, ...found.sizes], n < 20 ? [n] : [n, n]);
    }
  });

  test("two clouds are two clusters if they are well separated, or if a single one is not allowed", async () => {
    const twoClouds = (apart: number) => {
      const random = new Random(3);
      return Float32Array.from({ length: 2000 }, (_, i) => random.normal() + (i % 4 === 0 ? apart : 0));
    };
    const sizes = async (apart: number, allowSingleCluster: boolean) =>
      (await densityClusters(twoClouds(apart), 2, { allowSingleCluster })).sizes.length;
    assert.deepEqual([await sizes(4, true), await sizes(4, false), await sizes(8, true)], [1, 2, 2]);
  });

  test("are found among coincident points", async () => {
    const places = Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 5 * (i % 4) : 0));
    const { labels, sizes } = await densityClusters(places, 2, { minClusterSize: 20, minSamples: 5 });
    assert.deepEqual([...sizes], [100, 100]);
    for (let i = 0; i < 200; i++) assert.equal(labels[i], i % 2);
  });

  test("of a sample are extended to all points", async () => {
    const points = clouds(6000);
    const options = { minClusterSize: 300, minSamples: 10 };
    const all = await densityClusters(points, 2, options);
    const some = await densityClusters(points, 2, { ...options, maxPoints: 2000 });
    assert.match(some.advice, /Found on 2,000 of the [\d,]+ particles, drawn at random/);
    assert.deepEqual([all.sizes.length, some.sizes.length], [3, 3]);
    let different = 0;
    let other = 0;
    all.labels.forEach((label, i) => {
      if (label !== some.labels[i]) different++;
      if (label >= 0 && some.labels[i]! >= 0 && label !== some.labels[i]) other++;
    });
    assert.ok(different < 300 && other < 10, `${different} different, ${other} in another cluster`);
    assert.deepEqual(await densityClusters(points, 2, { ...options, maxPoints: 2000 }), some);
  });

  test("are refused for coordinates that are not finite, and for options out of range", async () => {
    await assert.rejects(
      densityClusters(Float32Array.of(0, Number.NaN), 2),
      /point 0: expected finite numbers/,
    );
    await assert.rejects(densityClusters(new Float32Array(9), 2), /rows of 2 numbers/);
    await assert.rejects(
      densityClusters(new Float32Array(8), 2, { minClusterSize: 1 }),
      /minClusterSize: expected an integer/,
    );
    await assert.rejects(
      densityClusters(new Float32Array(8), 2, { minSamples: 1.5 }),
      /minSamples: expected/,
    );
  });

  test("can be aborted, and report progress", async () => {
    const controller = new AbortController();
    let reports = 0;
    const onProgress = () => {
      if (++reports === 2) controller.abort();
    };
    const stopped = densityClusters(clouds(60_000), 2, { signal: controller.signal, onProgress });
    await assert.rejects(stopped, StoppedError);
    assert.equal(reports, 2);
  });
});

describe("the k-d tree", () => {
  const random = new Random(6);
  for (const [n, dimensions] of [
    [1, 1],
    [7, 3],
    [500, 1],
    [700, 2],
    [400, 8],
  ] as const) {
    test(`finds the nearest of ${n} points in ${dimensions} dimensions like a brute-force search`, () => {
      // Rounded, so that some points are equally far.
      const points = Float32Array.from({ length: n * dimensions }, () => Math.round(8 * random.normal()) / 8);
      const tree = new KdTree(points, dimensions);
      assert.deepEqual(
        [...tree.rows].sort((a, b) => a - b),
        Array.from({ length: n }, (_, i) => i),
      );
      const k = 10;
      const near = { k, rows: new Int32Array(k + 1), squared: new Float64Array(k + 1) };
      const { rows, squared } = near;
      for (let trial = 0; trial < 60; trial++) {
        const query = Float32Array.from({ length: dimensions }, () => random.normal());
        const distances = Float64Array.from({ length: n }, (_, i) =>
          query.reduce((sum, q, d) => sum + (q - points[i * dimensions + d]!) ** 2, 0),
        );
        const count = tree.nearest(query, 0, near, 1);
        assert.equal(count, Math.min(k, n));
        const expected = distances.slice().sort().subarray(0, count);
        assert.deepEqual(squared.slice(1, 1 + count), expected);
        for (let j = 1; j <= count; j++) assert.equal(distances[rows[j]!], squared[j]);
        assert.equal(new Set(rows.subarray(1, 1 + count)).size, count);
      }
    });
  }
});
