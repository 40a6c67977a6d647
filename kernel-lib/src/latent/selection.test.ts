import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { InputError } from "../errors";
import { Random } from "../random";
import {
  checkedRows,
  columnsOf,
  intersectRows,
  nearestRows,
  otherRows,
  partsAlongLine,
  rowsByLabel,
  rowsByNearest,
  rowsInBox,
  rowsInPolygon,
  rowsWithin,
  subtractRows,
  unionRows,
} from "./selection";

const random = new Random(11);
const n = 4000;
/** Points around the origin, some with NaN. */
const columns = [0, 1, 2].map((axis) =>
  Float32Array.from({ length: n }, (_, i) => (i % 97 === axis ? Number.NaN : random.normal())),
);
const [x, y, z] = columns as [Float32Array, Float32Array, Float32Array];
const rowsBy = (chosen: (i: number) => boolean) => Array.from({ length: n }, (_, i) => i).filter(chosen);

/** Twice the area swept around a point by going round the polygon, in turns: the winding number. */
function turns(polygon: ArrayLike<number>, px: number, py: number): number {
  let total = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const j = (i + 2) % polygon.length;
    const [ax, ay, bx, by] = [polygon[i]! - px, polygon[i + 1]! - py, polygon[j]! - px, polygon[j + 1]! - py];
    total += Math.atan2(ax * by - ay * bx, ax * bx + ay * by);
  }
  return Math.round(total / (2 * Math.PI));
}

describe("a lasso", () => {
  const check = (polygon: ArrayLike<number>) => {
    const inside = rowsBy((i) => !Number.isNaN(x[i]! + y[i]!) && turns(polygon, x[i]!, y[i]!) % 2 !== 0);
    assert.ok(inside.length > 20, `${inside.length} points inside`);
    assert.deepEqual([...rowsInPolygon(x, y, polygon)], inside);
  };

  test("contains the points with an odd winding number", () => {
    check([-1, -1, 1, -1, 1, 1, -1, 1]);
    check([-1.2, 0.3, 0.4, -1.1, 2, 1.4, 0.1, 0.2]);
    const star = Array.from({ length: 5 }, (_, i) => [
      2 * Math.cos(0.8 * Math.PI * i),
      2 * Math.sin(0.8 * Math.PI * i),
    ]).flat();
    check(star);
    const wild = Array.from({ length: 2 * 300 }, () => random.normal());
    check(wild);
    const round = Array.from({ length: 1000 }, (_, i) => {
      const radius = 1 + 0.3 * Math.sin(i / 20);
      return [radius * Math.cos(i / 159.1), radius * Math.sin(i / 159.1)];
    }).flat();
    check(round);
  });

  test("partitions grid points that lie on its vertices and edges", () => {
    const gx = Float32Array.from({ length: 100 }, (_, i) => i % 10);
    const gy = Float32Array.from({ length: 100 }, (_, i) => Math.floor(i / 10));
    const quarters = [
      [0, 0, 5, 0, 5, 5, 0, 5],
      [5, 0, 10, 0, 10, 5, 5, 5],
      [0, 5, 5, 5, 5, 10, 0, 10],
      [5, 5, 10, 5, 10, 10, 5, 10],
    ].map((polygon) => rowsInPolygon(gx, gy, polygon));
    assert.deepEqual(
      quarters.map((rows) => rows.length),
      [25, 25, 25, 25],
    );
    assert.equal(quarters.reduce(unionRows).length, 100);
  });

  test("with fewer than three vertices, or without area, contains nothing", () => {
    assert.equal(rowsInPolygon(x, y, []).length, 0);
    assert.equal(rowsInPolygon(x, y, [0, 0, 1, 1]).length, 0);
    assert.equal(rowsInPolygon(x, y, [-1, 0.5, 1, 0.5, 0, 0.5]).length, 0);
  });

  test("with vertices that are not finite is refused", () => {
    assert.throws(() => rowsInPolygon(x, y, [0, 1, Number.NaN, 2, 3, 4]), InputError);
    assert.throws(() => rowsInPolygon(x, y, [0, 1, 2]), InputError);
    assert.throws(() => rowsInPolygon(x, y.subarray(1), [0, 0, 1, 0, 1, 1]), /columns of equal length/);
  });
});

describe("box, radius and nearest", () => {
  const centre = [0.3, -0.2, 0.1];
  const away = (i: number) =>
    (x[i]! - centre[0]!) ** 2 + (y[i]! - centre[1]!) ** 2 + (z[i]! - centre[2]!) ** 2;

  test("a box contains the points between its limits, in either order", () => {
    const inside = rowsBy((i) => x[i]! >= -0.5 && x[i]! <= 1 && z[i]! >= 0);
    assert.deepEqual([...rowsInBox([x, z], [-0.5, 0], [1, Number.POSITIVE_INFINITY])], inside);
    assert.deepEqual([...rowsInBox([x, z], [1, Number.POSITIVE_INFINITY], [-0.5, 0])], inside);
  });

  test("a sphere contains the points within its radius", () => {
    assert.deepEqual(
      [...rowsWithin(columns, centre, 0.8)],
      rowsBy((i) => away(i) <= 0.8 * 0.8),
    );
    assert.equal(rowsWithin(columns, centre, -1).length, 0);
    assert.deepEqual([...rowsWithin([[1, 2, 3]], [2], 0)], [1]);
  });

  test("the nearest are the first of all sorted by distance", () => {
    const sorted = rowsBy((i) => !Number.isNaN(away(i))).sort((a, b) => away(a) - away(b));
    for (const count of [0, 1, 2, 100, 2500, sorted.length - 1, sorted.length, n + 5]) {
      const expected = sorted.slice(0, count).sort((a, b) => a - b);
      assert.deepEqual([...nearestRows(columns, centre, count)], expected);
    }
  });

  test("of equally near points the first are selected", () => {
    const same = new Float32Array(50).fill(1);
    assert.deepEqual([...nearestRows([same], [0], 3)], [0, 1, 2]);
    assert.deepEqual([...nearestRows([[3, 1, 2, 1, 3, 1, 0]], [0], 3)], [1, 3, 6]);
    assert.deepEqual(
      [...nearestRows([Float32Array.from({ length: 100 }, (_, i) => i)], [99], 4)],
      [96, 97, 98, 99],
    );
  });

  test("each point is assigned to the nearest station, or to none if too far", () => {
    const stations = [-1, 0, 0, 0, 0, 0, 1, 0, 0];
    const distance = (i: number, s: number) => Math.hypot(x[i]! - stations[3 * s]!, y[i]!, z[i]!);
    const nearest = (i: number) => [0, 1, 2].sort((a, b) => distance(i, a) - distance(i, b))[0]!;
    const found = rowsByNearest(columns, stations, 1.5);
    for (const s of [0, 1, 2]) {
      assert.deepEqual(
        [...found[s]!],
        rowsBy((i) => distance(i, s) <= 1.5 && nearest(i) === s),
      );
    }
  });
});

describe("parts along a line", () => {
  const along = (i: number) => (x[i]! - 1 + 2 * (y[i]! - 1)) / 5;
  const real = rowsBy((i) => !Number.isNaN(along(i)));

  test("of equal count are consecutive pieces of the points sorted by their projection", () => {
    for (const parts of [1, 2, 7, 30]) {
      const { rows, edges } = partsAlongLine([x, y], { from: [1, 1], to: [2, 3] }, parts);
      const sorted = [...real].sort((a, b) => along(a) - along(b));
      let from = 0;
      for (const [p, part] of rows.entries()) {
        assert.ok(Math.abs(part.length - real.length / parts) < 1);
        const piece = sorted.slice(from, from + part.length);
        assert.deepEqual(
          [...part],
          [...piece].sort((a, b) => a - b),
        );
        assert.ok(Math.abs(edges[p]! - along(piece[0]!)) < 1e-12);
        from += part.length;
      }
      assert.equal(from, real.length);
    }
  });

  test("of equal count are equal also with many ties, and with fewer points than parts", () => {
    const steps = Float32Array.from({ length: 1000 }, (_, i) => i % 3);
    const { rows } = partsAlongLine([steps], { from: [0], to: [1] }, 8);
    assert.deepEqual(
      rows.map((part) => part.length),
      new Array(8).fill(125),
    );
    for (let p = 1; p < 8; p++) {
      const highest = Math.max(...Array.from(rows[p - 1]!, (row) => steps[row]!));
      assert.ok(Array.from(rows[p]!).every((row) => steps[row]! >= highest));
    }
    const few = partsAlongLine([[2, 1]], { from: [0], to: [1] }, 4);
    assert.deepEqual(
      few.rows.flatMap((part) => [...part]),
      [1, 0],
    );
    assert.deepEqual(
      partsAlongLine([[Number.NaN]], { from: [0], to: [1] }, 2).rows.map((part) => part.length),
      [0, 0],
    );
  });

  test("of equal length contain the points that project between their edges", () => {
    const { rows, edges } = partsAlongLine([x, y], { from: [1, 1], to: [2, 3] }, 5, { by: "length" });
    assert.ok(Math.abs(edges[1]! - edges[0]! - (edges[5]! - edges[0]!) / 5) < 1e-12);
    for (const [p, part] of rows.entries()) {
      for (const row of part) assert.ok(along(row) >= edges[p]! - 1e-9 && along(row) <= edges[p + 1]! + 1e-9);
    }
    assert.equal(
      rows.reduce((sum, part) => sum + part.length, 0),
      real.length,
    );
  });

  test("can exclude points beyond the ends or far from the line", () => {
    const near = (i: number) => {
      const t = along(i);
      return Math.hypot(x[i]! - 1 - t, y[i]! - 1 - 2 * t) <= 0.7;
    };
    const options = { by: "length", within: true, maxDistance: 0.7 } as const;
    const { rows, edges } = partsAlongLine([x, y], { from: [1, 1], to: [2, 3] }, 2, options);
    assert.deepEqual([...edges], [0, 0.5, 1]);
    assert.deepEqual(
      [...rows[0]!],
      rowsBy((i) => along(i) >= 0 && along(i) < 0.5 && near(i)),
    );
    assert.deepEqual(
      [...rows[1]!],
      rowsBy((i) => along(i) >= 0.5 && along(i) <= 1 && near(i)),
    );
  });

  test("need two different points", () => {
    assert.throws(() => partsAlongLine([x, y], { from: [1, 1], to: [1, 1] }, 3), /another point than from/);
    assert.throws(
      () => partsAlongLine([x, y], { from: [1, 1], to: [1, 2] }, 0),
      /parts: expected an integer of 1 or more/,
    );
  });
});

describe("lists of rows", () => {
  const a = Uint32Array.of(1, 2, 5, 9);
  const b = Uint32Array.of(0, 2, 3, 9, 12);

  test("are joined, intersected and subtracted as sets", () => {
    assert.deepEqual([...unionRows(a, b)], [0, 1, 2, 3, 5, 9, 12]);
    assert.deepEqual([...intersectRows(a, b)], [2, 9]);
    assert.deepEqual([...subtractRows(a, b)], [1, 5]);
    assert.deepEqual([...subtractRows(b, a)], [0, 3, 12]);
    assert.deepEqual([...otherRows(a, 7)], [0, 3, 4, 6]);
    const none = new Uint32Array(0);
    assert.deepEqual([unionRows(a, none), intersectRows(none, b), subtractRows(a, none)], [a, none, a]);
    const many = (step: number) => Uint32Array.from({ length: 900 }, (_, i) => i * step);
    const [twos, threes] = [many(2), many(3)];
    const all = [...new Set([...twos, ...threes])].sort((p, q) => p - q);
    assert.deepEqual([...unionRows(twos, threes)], all);
    assert.deepEqual(
      [...intersectRows(twos, threes)],
      [...twos].filter((row) => row % 3 === 0),
    );
  });

  test("are validated and sorted", () => {
    assert.deepEqual([...checkedRows([5, 1, 5, 0], 6)], [0, 1, 5]);
    assert.deepEqual([...checkedRows([], 6)], []);
    for (const bad of [6, -1, 1.5, Number.NaN]) {
      assert.throws(() => checkedRows([0, bad], 6), /rows: entry 2: expected a row from 0 to 5/);
    }
  });

  test("are made from labels, without noise", () => {
    const found = rowsByLabel([1, -1, 0, 1, 3], 3);
    assert.deepEqual(
      found.map((rows) => [...rows]),
      [[2], [0, 3], []],
    );
  });
});

test("columns are extracted from points", () => {
  const points = Float32Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(
    columnsOf(points, 3).map((c) => [...c]),
    [
      [1, 4],
      [2, 5],
      [3, 6],
    ],
  );
  assert.deepEqual(
    columnsOf(points, 2, [1]).map((c) => [...c]),
    [[2, 4, 6]],
  );
  assert.throws(() => columnsOf(points, 4), /rows of 4 numbers/);
  assert.throws(() => columnsOf(points, 3, [3]), /axis: expected an index from 0 to 2, found 3/);
});
