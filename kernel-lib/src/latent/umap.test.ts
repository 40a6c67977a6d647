import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { NeighbourInterpolation } from "./interpolation";
import { kMeans } from "./kmeans";
import { assertStopsAtThirdTurn } from "./stopping.test.helper";
import { umap } from "./umap";
import { fitCurve } from "./umapCurve";

/** Rows of the other points by their distance from each, nearest first. */
function neighbours(points: Float32Array, dimensions: number): Int32Array[] {
  const n = points.length / dimensions;
  return Array.from({ length: n }, (_, i) => {
    const distance = Float64Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let d = 0; d < dimensions; d++)
        sum += (points[i * dimensions + d]! - points[j * dimensions + d]!) ** 2;
      return sum;
    });
    return Int32Array.from({ length: n }, (_, j) => j)
      .sort((p, q) => distance[p]! - distance[q]!)
      .filter((j) => j !== i);
  });
}

/** Trustworthiness of Venna and Kaski (2001): 1 where the k nearest in the map are the k nearest of the points. */
function trustworthiness(
  points: Float32Array,
  dimensions: number,
  map: Float32Array,
  components: number,
  k = 12,
) {
  const n = points.length / dimensions;
  const before = neighbours(points, dimensions);
  const after = neighbours(map, components);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const rank = new Int32Array(n);
    before[i]!.forEach((j, place) => {
      rank[j] = place + 1;
    });
    for (const j of after[i]!.subarray(0, k)) sum += Math.max(rank[j]! - k, 0);
  }
  return 1 - (2 * sum) / (n * k * (2 * n - 3 * k - 1));
}

/** Five clouds in five dimensions, taken in turn. */
function clouds(n: number): Float32Array {
  const random = new Random(9);
  return Float32Array.from({ length: 5 * n }, (_, i) => {
    const cloud = Math.floor(i / 5) % 5;
    return (i % 5 === cloud ? 6 : 0) + random.normal() * (0.5 + 0.1 * cloud);
  });
}

describe("UMAP", () => {
  test("fits the same curve as umap-learn for minimal distances of 0.1 and 0.5", () => {
    // umap-learn 0.5.7, find_ab_params(1, 0.1) and (1, 0.5).
    const near = fitCurve(0.1);
    assert.ok(Math.abs(near.a - 1.57694) < 1e-4 && Math.abs(near.b - 0.89506) < 1e-4);
    const wide = fitCurve(0.5);
    assert.ok(Math.abs(wide.a - 0.58303) < 1e-4 && Math.abs(wide.b - 1.33417) < 1e-4);
  });

  test("keeps clouds apart and neighbours together", async () => {
    const points = clouds(400);
    const { points: map, components, mapped } = await umap(points, 5);
    assert.deepEqual([components, map.length, mapped.length], [2, 800, 400]);
    const { labels, sizes } = kMeans(map, 2, 5);
    assert.deepEqual([...sizes], [80, 80, 80, 80, 80]);
    for (let i = 5; i < 400; i++) assert.equal(labels[i], labels[i % 5]);
    const kept = trustworthiness(points, 5, map, 2);
    assert.ok(kept > 0.93, `trustworthiness ${kept}`);
    const mean = map.reduce((sum, x) => sum + x, 0) / 800;
    assert.ok(Math.abs(mean) < 1e-3);
  });

  test("maps a loop in four dimensions to a loop", async () => {
    const random = new Random(1);
    const n = 500;
    const points = new Float32Array(4 * n);
    for (let i = 0; i < n; i++) {
      const t = (2 * Math.PI * i) / n;
      const at = [Math.cos(t), Math.sin(t), 0.7 * Math.cos(2 * t), 0.7 * Math.sin(2 * t)];
      points.set(
        at.map((x) => x + 0.03 * random.normal()),
        4 * i,
      );
    }
    const { points: map } = await umap(points, 4);
    // Once round the loop is once round the middle of the map.
    let turned = 0;
    for (let i = 0; i < n; i += 10) {
      const [ax, ay, bx, by] = [i, (i + 10) % n].flatMap((p) => [map[2 * p]!, map[2 * p + 1]!]) as [
        number,
        number,
        number,
        number,
      ];
      turned += Math.atan2(ax * by - ay * bx, ax * bx + ay * by);
    }
    assert.equal(Math.abs(Math.round(turned / (2 * Math.PI))), 1);
    const kept = trustworthiness(points, 4, map, 2);
    assert.ok(kept > 0.98, `trustworthiness ${kept}`);
  });

  test("preserves more in three dimensions than in two", async () => {
    const random = new Random(12);
    const points = Float32Array.from({ length: 3 * 300 }, () => random.normal());
    const flat = await umap(points, 3);
    const solid = await umap(points, 3, { components: 3 });
    const kept = trustworthiness(points, 3, solid.points, 3);
    assert.ok(kept > 0.97 && kept > trustworthiness(points, 3, flat.points, 2), `${kept}`);
  });

  test("embeds a sample of many points and interpolates the others", async () => {
    const points = clouds(900);
    const { points: map, mapped } = await umap(points, 5, { maxPoints: 300 });
    assert.equal(mapped.length, 300);
    const { labels } = kMeans(map, 2, 5);
    for (let i = 5; i < 900; i++) assert.equal(labels[i], labels[i % 5]);
    const kept = trustworthiness(points, 5, map, 2);
    assert.ok(kept > 0.9, `trustworthiness ${kept}`);
  });

  test("is reproducible for a seed", async () => {
    const points = clouds(120);
    const options = { epochs: 30, maxPoints: 100 };
    const first = await umap(points, 5, options);
    assert.deepEqual(await umap(points, 5, options), first);
    const other = await umap(points, 5, { ...options, seed: 2 });
    assert.notDeepEqual(other.points, first.points);
    assert.notDeepEqual(other.mapped, first.mapped);
  });

  test("works for one dimension, few points and coincident points", async () => {
    const one = Float32Array.from({ length: 200 }, (_, i) => i % 50);
    for (const points of [one, new Float32Array(200).fill(3), one.subarray(0, 3), one.subarray(0, 17)]) {
      const { points: map } = await umap(points, 1, { epochs: 50 });
      assert.equal(map.length, 2 * points.length);
      assert.ok(map.every(Number.isFinite));
    }
  });

  test("is refused for invalid input", async () => {
    await assert.rejects(umap(new Float32Array(4), 2), /points: expected at least 3, found 2/);
    await assert.rejects(umap(Float32Array.of(0, 1, Number.NaN), 1), /point 2: expected finite numbers/);
    await assert.rejects(umap(new Float32Array(9), 1, { neighbours: 1 }), /neighbours: expected an integer/);
    await assert.rejects(umap(new Float32Array(9), 1, { minDistance: 0 }), /minDistance: expected a number/);
    await assert.rejects(umap(new Float32Array(9), 1, { components: 4 as 3 }), /components: expected 2 or 3/);
  });

  test("can be aborted, and does not block the event loop", async () => {
    await assertStopsAtThirdTurn((signal) => umap(clouds(300), 5, { epochs: 10_000_000, signal }));
  });

  test("reports progress", async () => {
    const tasks = new Map<string, number>();
    await umap(clouds(1500), 5, {
      maxPoints: 1000,
      epochs: 100,
      onProgress: ({ task, done, total }) => {
        assert.ok(done >= (tasks.get(task) ?? 0) && done <= total);
        tasks.set(task, done);
      },
    });
    assert.equal(tasks.get("UMAP"), 100);
  });
});

describe("interpolation between two spaces", () => {
  const random = new Random(5);
  const from = Float32Array.from({ length: 2 * 400 }, () => 2 * random.uniform() - 1);
  const to = Float32Array.from({ length: 3 * 400 }, (_, i) => {
    const [x, y] = [from[2 * Math.floor(i / 3)]!, from[2 * Math.floor(i / 3) + 1]!];
    return [x + y, x - 2 * y, 5][i % 3]!;
  });
  const carried = new NeighbourInterpolation({ points: from, dimensions: 2 }, { points: to, dimensions: 3 });

  test("is exact at the points, and accurate between them", () => {
    for (const i of [0, 7, 399]) {
      assert.deepEqual(carried.at(from.subarray(2 * i, 2 * i + 2)), to.slice(3 * i, 3 * i + 3));
    }
    for (let trial = 0; trial < 50; trial++) {
      const [x, y] = [1.6 * random.uniform() - 0.8, 1.6 * random.uniform() - 0.8];
      const found = carried.at([x, y]);
      [x + y, x - 2 * y, 5].forEach((expected, d) => {
        assert.ok(Math.abs(found[d]! - expected) < 0.25, `${found[d]}, not ${expected}`);
      });
    }
  });

  test("is continuous", () => {
    let last = carried.at([-1, -0.9]);
    for (let step = 1; step <= 4000; step++) {
      const next = carried.at([-1 + step / 2000, -0.9 + step / 2500]);
      for (const d of [0, 1, 2]) assert.ok(Math.abs(next[d]! - last[d]!) < 0.02, `jump at step ${step}`);
      last = next;
    }
  });

  test("averages coincident and equidistant points", () => {
    const line = (...points: number[]) => ({ points: Float32Array.from(points), dimensions: 1 });
    const same = new NeighbourInterpolation(line(0, 0, 4), line(1, 3, 8));
    assert.deepEqual([...same.at([0])], [2]);
    const two = new NeighbourInterpolation(line(-1, 1), line(1, 3));
    assert.deepEqual([...two.at([0])], [2]);
    const alone = new NeighbourInterpolation(line(1), line(7));
    assert.deepEqual([...alone.at([5])], [7]);
  });

  test("is refused for different numbers of points, and invalid places", () => {
    assert.throws(
      () => new NeighbourInterpolation({ points: from, dimensions: 2 }, { points: to, dimensions: 2 }),
      /points: expected 400 in both spaces/,
    );
    assert.throws(() => carried.at([1]), /place: expected 2 numbers/);
    assert.throws(() => carried.at([1, Number.NaN]), /place: expected 2 numbers/);
  });
});
