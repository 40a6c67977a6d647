import assert from "node:assert/strict";
import { test } from "vitest";
import { pathThrough } from "./path";

const rowsOf = (values: ArrayLike<number>, dimensions: number) =>
  Array.from({ length: values.length / dimensions }, (_, i) =>
    Array.from({ length: dimensions }, (_, d) => values[i * dimensions + d]!),
  );
const distance = (a: number[], b: number[]) => Math.hypot(...a.map((x, d) => x - b[d]!));
const near = (found: number[], expected: number[], tolerance: number) =>
  assert.ok(distance(found, expected) <= tolerance, `${found} is not ${expected}`);

test("stations on straight pieces are evenly spaced along them", () => {
  const path = pathThrough([0, 0, 3, 4, 3, 9], 2, 5, { shape: "straight" });
  assert.equal(path.length, 10);
  assert.deepEqual([...path.anchorsAt], [0, 5, 10]);
  rowsOf(path.stations, 2).forEach((station, i) => {
    near(
      station,
      [
        [0, 0],
        [1.5, 2],
        [3, 4],
        [3, 6.5],
        [3, 9],
      ][i]!,
      1e-6,
    );
  });
});

test("a closed path returns to its first anchor without repeating its station", () => {
  const square = [0, 0, 1, 0, 1, 1, 0, 1];
  for (const anchors of [square, [...square, 0, 0]]) {
    const path = pathThrough(anchors, 2, 4, { shape: "straight", closed: true });
    assert.equal(path.length, 4);
    assert.deepEqual(rowsOf(path.stations, 2), rowsOf(square, 2));
  }
});

test("a smooth path passes through every anchor, and its stations are equally far apart along it", () => {
  const anchors = [0, 0, 0, 1, 0.2, 0, 1.1, 2, 0.5, -2, 1, 3];
  const count = 40001;
  const { stations, anchorsAt, length } = pathThrough(anchors, 3, count);
  const points = rowsOf(stations, 3);
  rowsOf(anchors, 3).forEach((anchor, a) => {
    near(points[Math.round((anchorsAt[a]! / length) * (count - 1))]!, anchor, length / count);
  });
  const step = length / (count - 1);
  for (let i = 1; i < count; i++) {
    const between = distance(points[i - 1]!, points[i]!);
    assert.ok(Math.abs(between - step) < 0.02 * step, `step ${i} is ${between}, not ${step}`);
  }
  const few = rowsOf(pathThrough(anchors, 3, 9).stations, 3);
  few.forEach((station, s) => {
    near(station, points[s * 5000]!, 1e-5);
  });
});

test("a smooth path is the centripetal Catmull-Rom spline", () => {
  // For anchors one apart all knots are one apart, and the middle of a piece is (−a + 9b + 9c − d)/16.
  const anchors = [0, 0, 1, 0, 1, 1, 2, 1];
  const { stations, length } = pathThrough(anchors, 2, 3);
  near(rowsOf(stations, 2)[1]!, [1, 0.5], 1e-6);
  assert.ok(length > 3 && length < 3.4);
  const closed = pathThrough([0, 0, 1, 0, 1, 1, 0, 1], 2, 8, { closed: true });
  near(rowsOf(closed.stations, 2)[1]!, [0.5, -1 / 8], 1e-5);
});

test("anchors on a line give a line for any spacing", () => {
  const { stations, length } = pathThrough([0, 0, 1, 2, 1.1, 2.2, 5, 10], 2, 11);
  assert.ok(Math.abs(length - Math.hypot(5, 10)) < 1e-9);
  rowsOf(stations, 2).forEach((station, s) => {
    near(station, [0.5 * s, s], 1e-6);
  });
});

test("a smooth path round a circle is as long as the circle", () => {
  const anchors = Array.from({ length: 24 }, (_, i) => [
    Math.cos((i * Math.PI) / 12),
    Math.sin((i * Math.PI) / 12),
  ]).flat();
  const { length, stations } = pathThrough(anchors, 2, 100, { closed: true });
  assert.ok(Math.abs(length / (2 * Math.PI) - 1) < 1e-4);
  for (const station of rowsOf(stations, 2)) assert.ok(Math.abs(Math.hypot(...station) - 1) < 2e-4);
});

test("repeated anchors count once, and a single anchor is the position of all stations", () => {
  const twice = pathThrough([0, 0, 0, 0, 2, 0, 2, 0], 2, 3);
  assert.deepEqual(rowsOf(twice.stations, 2), [
    [0, 0],
    [1, 0],
    [2, 0],
  ]);
  assert.deepEqual([...twice.anchorsAt], [0, 0, 2, 2]);
  for (const closed of [false, true]) {
    const alone = pathThrough([1, 2, 3], 3, 2, { closed });
    assert.deepEqual([...alone.stations, alone.length], [1, 2, 3, 1, 2, 3, 0]);
  }
  assert.deepEqual([...pathThrough([0, 0, 4, 0], 2, 1).stations], [0, 0]);
});

test("a path without anchors, or with coordinates that are not finite, is refused", () => {
  assert.throws(() => pathThrough([], 2, 3), /anchors: expected one or more rows of 2 finite numbers/);
  assert.throws(() => pathThrough([0, Number.NaN], 2, 3), /finite numbers/);
  assert.throws(() => pathThrough([0, 1], 2, 0), /stations: expected an integer of 1 or more/);
});
