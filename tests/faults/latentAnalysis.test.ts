import assert from "node:assert/strict";
import * as e2 from "e2gmm";
import { KdTree, neighbourBuffers } from "e2gmm/dist/latent/kdTree";
import { test } from "vitest";

/** An analysis of points in the latent space, [n · dimensions]. All numbers that it returns must be finite. */
type Analysis = (points: Float32Array, dimensions: number) => unknown;

const plane = e2.latent.pca(Float32Array.of(0, 1, 2, 5, 4, 4), 2);
const analyses: Record<string, Analysis> = {
  "k-means": (points, dimensions) => e2.latent.kMeans(points, dimensions, 2),
  "k-means, asynchronous": (points, dimensions) => e2.latent.kMeansAsync(points, dimensions, 2),
  "Gaussian mixture": (points, dimensions) => e2.latent.gaussianMixture(points, dimensions, 2),
  "density clusters": (points, dimensions) =>
    e2.latent.densityClusters(points, dimensions, { minClusterSize: 2 }),
  UMAP: (points, dimensions) => e2.latent.umap(points, dimensions, { epochs: 5 }),
  "principal components": (points, dimensions) => e2.latent.pca(points, dimensions),
  "coordinates along components": (points) => e2.latent.pcaTransform(plane, points),
  "rows from coordinates": (points) => e2.latent.pcaInverse(plane, points),
  "neighbours' interpolation": (points, dimensions) => {
    const n = points.length / dimensions;
    const other = { points: new Float32Array(n), dimensions: 1 };
    return new e2.latent.NeighbourInterpolation({ points, dimensions }, other).at(
      points.slice(0, dimensions),
    );
  },
  "k-d tree": (points, dimensions) => {
    const near = neighbourBuffers(3);
    const found = new KdTree(points, dimensions).nearest(new Float32Array(dimensions), 0, near);
    return near.squared.slice(0, found);
  },
};

/** 30 points in a plane, optionally changed. */
function points(change: (points: Float32Array) => void = () => {}): Float32Array {
  const random = new e2.Random(2);
  const made = Float32Array.from({ length: 60 }, () => random.normal());
  change(made);
  return made;
}

const inPlane = () => ({ points: points(), dimensions: 2 });

const set = (value: number) => (made: Float32Array) => {
  made[2 * 17 + 1] = value;
};
const refused: [name: string, points: Float32Array, message: RegExp][] = [
  ["NaN", points(set(Number.NaN)), /^point 17: expected finite numbers, found NaN$/],
  ["an infinite coordinate", points(set(Number.POSITIVE_INFINITY)), /^point 17: .*found Infinity$/],
  ["minus infinity", points(set(Number.NEGATIVE_INFINITY)), /^point 17: .*found -Infinity$/],
  ["all NaN", points((made) => made.fill(Number.NaN)), /^point 0: expected finite numbers, found NaN$/],
  ["half a point", points().slice(0, 59), /^points: expected .*rows of 2 numbers, found 59 numbers$/],
];
for (const [name, given, message] of refused) {
  for (const [analysis, run] of Object.entries(analyses)) {
    test(`${analysis} refuses ${name}`, async () => {
      await assert.rejects(
        async () => run(given, 2),
        (error: unknown) => {
          assert.ok(error instanceof e2.InputError, String(error));
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
}

/** Unusual but valid points. */
const allowed: [name: string, points: Float32Array][] = [
  ["30 equal points", points((made) => made.fill(0.25))],
  ["points on a line", points((made) => made.set(made.map((_, i) => i >> 1)))],
  ["two distinct points", points((made) => made.set(made.map((_, i) => (i >> 1) % 2)))],
  ["coordinates of 1e30", points((made) => made.set(made.map((x) => 1e30 * x)))],
  ["coordinates of 1e-30", points((made) => made.set(made.map((x) => 1e-30 * x)))],
  ["one far away", points(set(1e12))],
  ["three points", points().slice(0, 6)],
];
/** Every number in what an analysis returns. */
function numbersOf(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}
for (const [name, given] of allowed) {
  for (const [analysis, run] of Object.entries(analyses)) {
    test(`${analysis} gives finite numbers for ${name}`, async () => {
      const numbers = numbersOf(await run(given, 2));
      assert.ok(numbers.length > 0 && numbers.every(Number.isFinite), numbers.slice(0, 20).join(" "));
    });
  }
}

const none = new Float32Array(0);
const options: [name: string, run: () => unknown, message: RegExp][] = [
  ["k-means of nothing", () => e2.latent.kMeans(none, 2, 1), /^points: expected at least 1, found 0$/],
  [
    "a mixture of nothing",
    () => e2.latent.gaussianMixture(none, 2, 1),
    /^points: expected at least 1, found 0$/,
  ],
  [
    "density clusters of nothing",
    () => e2.latent.densityClusters(none, 2),
    /^points: expected at least 1, found 0$/,
  ],
  [
    "UMAP of two points",
    () => e2.latent.umap(points().slice(0, 4), 2),
    /^points: expected at least 3, found 2$/,
  ],
  [
    "components of one point",
    () => e2.latent.pca(points().slice(0, 2), 2),
    /^points: expected two or more rows/,
  ],
  ["no dimensions", () => e2.latent.kMeans(points(), 0, 1), /^points: expected rows of 0 numbers/],
  [
    "more clusters than points",
    () => e2.latent.kMeans(points(), 2, 31),
    /^k: expected an integer from 1 to the 30 points, found 31$/,
  ],
  ["no clusters", () => e2.latent.kMeans(points(), 2, 0), /^k: .*found 0$/],
  ["half a cluster", () => e2.latent.gaussianMixture(points(), 2, 1.5), /^k: .*found 1.5$/],
  ["NaN clusters", () => e2.latent.kMeansAsync(points(), 2, Number.NaN), /^k: .*found NaN$/],
  [
    "no restarts",
    () => e2.latent.kMeans(points(), 2, 2, { restarts: 0 }),
    /^restarts: expected an integer of 1 or more, found 0$/,
  ],
  [
    "no restarts of a mixture",
    () => e2.latent.gaussianMixture(points(), 2, 2, { restarts: 0 }),
    /^restarts: /,
  ],
  [
    "a mixture of no points",
    () => e2.latent.gaussianMixture(points(), 2, 2, { maxPoints: Number.NaN }),
    /^maxPoints: .*NaN$/,
  ],
  [
    "no iterations",
    () => e2.latent.gaussianMixture(points(), 2, 2, { maxIterations: 0 }),
    /^maxIterations: /,
  ],
  [
    "a ridge below 0",
    () => e2.latent.gaussianMixture(points(), 2, 2, { ridge: -1 }),
    /^ridge: expected a number of 0 or more/,
  ],
  [
    "no tolerance",
    () => e2.latent.gaussianMixture(points(), 2, 2, { tolerance: Number.NaN }),
    /^tolerance: /,
  ],
  [
    "no ridge for coinciding points",
    () =>
      e2.latent.gaussianMixture(
        points((made) => made.fill(1)),
        2,
        1,
        { ridge: 0 },
      ),
    /^ridge: /,
  ],
  [
    "no rounds of UMAP",
    () => e2.latent.umap(points(), 2, { epochs: 0 }),
    /^epochs: expected an integer of 1 or more, found 0$/,
  ],
  [
    "half a neighbour",
    () => e2.latent.densityClusters(points(), 2, { minSamples: 2.5 }),
    /^minSamples: .*found 2.5$/,
  ],
  [
    "density clusters of no points",
    () => e2.latent.densityClusters(points(), 2, { maxPoints: 0 }),
    /^maxPoints: /,
  ],
  [
    "more components than axes",
    () => e2.latent.pcaTransform(plane, points(), 3),
    /^components: expected an integer from 1 to 2, found 3$/,
  ],
  ["no component", () => e2.latent.pcaInverse(plane, points(), 0), /^components: .*found 0$/],
  [
    "no neighbours",
    () => new e2.latent.NeighbourInterpolation(inPlane(), inPlane(), { neighbours: Number.NaN }),
    /^neighbours: /,
  ],
  [
    "labels that are not integers",
    () => e2.latent.matchLabels([0, Number.NaN], [0, 1]),
    /^point 1: expected integers as labels, found NaN and 1$/,
  ],
];
for (const [name, run, message] of options) {
  test(`${name}: refused with an InputError`, async () => {
    await assert.rejects(
      async () => run(),
      (error: unknown) => {
        assert.ok(error instanceof e2.InputError, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test("a rank correlation with NaN is NaN, and infinities have ranks", () => {
  assert.ok(Number.isNaN(e2.latent.spearman([1, Number.NaN, 3], [1, 2, 3])));
  const infinite = Number.POSITIVE_INFINITY;
  assert.equal(e2.latent.spearman([1, infinite, infinite, -infinite], [2, 3, 3, 1]), 1);
});
