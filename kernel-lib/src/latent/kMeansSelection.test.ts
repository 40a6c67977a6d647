import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { densityClusters } from "./density";
import { selectKMeans } from "./kMeansSelection";

const random = new Random(2);
const clouds = (centres: readonly number[][], n: number, deviation: number) =>
  Float32Array.from({ length: 2 * n }, (_, i) => {
    const centre = centres[Math.floor(i / 2) % centres.length]!;
    return centre[i % 2]! + deviation * random.normal();
  });

test("the gap statistic finds separate clouds, and one cluster in one cloud", async () => {
  const three = await selectKMeans(
    clouds(
      [
        [0, 0],
        [4, 1],
        [1, 5],
      ],
      300,
      0.5,
    ),
    2,
    { most: 6 },
  );
  assert.deepEqual([...three.sizes], [100, 100, 100]);
  assert.match(three.advice, /best for 3 clusters \(1 to 4 tried\)/);
  assert.ok(three.gaps[2]! > three.gaps[0]! && three.gapErrors.every((error) => error > 0));
  const one = await selectKMeans(clouds([[0, 0]], 300, 1), 2, { most: 4 });
  assert.equal(one.sizes.length, 1);
  assert.match(one.advice, /no clusters beyond one/);
});

test("the gap statistic of few or coincident points is no error", async () => {
  assert.equal(
    (await selectKMeans(new Float32Array(20).fill(1), 2)).sizes.reduce((a, b) => a + b),
    10,
  );
  assert.ok((await selectKMeans(Float32Array.of(0, 1, 5), 1)).sizes.length <= 3);
});

test("density clusters ignore an axis on which nothing is known", async () => {
  const n = 400;
  const points = new Float32Array(2 * n);
  const deviations = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    points.set([(i % 2) + 0.1 * random.normal(), 20 * random.normal()], 2 * i);
    deviations.set([0.1, 60], 2 * i);
  }
  const found = await densityClusters(points, 2, { deviations });
  assert.equal(found.sizes.length, 2);
  assert.ok(
    Math.abs(found.centres[0]!) < 0.1 && Math.abs(found.centres[2]! - 1) < 0.1,
    "centres in their own units",
  );
  assert.match(
    found.advice,
    /^HDBSCAN finds 2 clusters of at least 20 particles; \d+ particles \(\d+ %\) are in none/,
  );
  assert.ok((await densityClusters(points, 2)).sizes.length < 2);
});
