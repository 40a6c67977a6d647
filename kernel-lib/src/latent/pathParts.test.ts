import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../random";
import { pathLine, pathThrough } from "./path";
import { type PathPartsOptions, partsAlongPath, placesOnPath, reachOfPath } from "./pathParts";
import { columnsOf } from "./selection";

const random = new Random(5);
const cloud = (n: number, dimensions: number, scale = 1) =>
  Float32Array.from({ length: n * dimensions }, () => scale * random.normal());

/** Projection by brute force: the nearest of very many stations. */
function bruteForce(points: Float32Array, anchors: number[], dimensions: number, count: number) {
  const { stations, length } = pathThrough(anchors, dimensions, count);
  return Array.from({ length: points.length / dimensions }, (_, i) => {
    let best = { along: Number.NaN, distance: Number.POSITIVE_INFINITY };
    for (let s = 0; s < count; s++) {
      let squared = 0;
      for (let d = 0; d < dimensions; d++)
        squared += (points[i * dimensions + d]! - stations[s * dimensions + d]!) ** 2;
      if (squared < best.distance) best = { along: (length * s) / (count - 1), distance: squared };
    }
    return { along: best.along, distance: Math.sqrt(best.distance) };
  });
}

/** Half a turn, and back through the third dimension. */
const halfTurn = Array.from({ length: 9 }, (_, i) => [
  Math.cos((Math.PI * i) / 8),
  Math.sin((Math.PI * i) / 8),
]).flat();

describe("the position of a particle on a path", () => {
  const cases: [string, number, number[]][] = [
    ["one dimension", 1, [-1, 2]],
    ["a straight line in three dimensions", 3, [-1, 0, 0.5, 2, 1, -1]],
    ["half a turn", 2, halfTurn],
    ["a path of many anchors in four dimensions", 4, [...cloud(7, 4, 2)]],
    ["an anchor twice", 2, [0, 0, 1, 0, 1, 0, 1, 2]],
  ];
  for (const [name, dimensions, anchors] of cases) {
    test(`is its nearest point: ${name}`, () => {
      const points = cloud(150, dimensions, 1.5);
      const line = pathLine(anchors, dimensions);
      const { along, distance } = placesOnPath(columnsOf(points, dimensions), line);
      const stations = 8001;
      const step = line.length / (stations - 1);
      bruteForce(points, anchors, dimensions, stations).forEach((expected, i) => {
        assert.ok(distance[i]! <= expected.distance + 1e-5, `point ${i} is nearer`);
        assert.ok(expected.distance - distance[i]! <= step, `point ${i}: ${distance[i]}`);
        // If two positions are about as near, either may be found.
        if (Math.abs(along[i]! - expected.along) > 2 * step) {
          const there = pathThrough(anchors, dimensions, stations).stations;
          const at = Math.round(along[i]! / step) * dimensions;
          const far = Math.hypot(
            ...Array.from({ length: dimensions }, (_, d) => there[at + d]! - points[i * dimensions + d]!),
          );
          assert.ok(
            far - expected.distance < 2 * step,
            `point ${i} is at ${along[i]}, not ${expected.along}`,
          );
        }
      });
    });
  }

  test("is NaN for a particle with NaN, and refused for another number of dimensions", () => {
    const { along, distance } = placesOnPath([[Number.NaN], [0]], pathLine([0, 0, 1, 0], 2));
    assert.ok(Number.isNaN(along[0]) && Number.isNaN(distance[0]));
    assert.throws(() => placesOnPath([[0]], pathLine([0, 0, 1, 0], 2)), /path: expected 1 dimensions/);
  });
});

describe("parts of a path", () => {
  // Particles along half a turn, and others where its chord passes
  const along = Array.from({ length: 400 }, (_, i) => (Math.PI * (i + 0.5)) / 400);
  const ring = along.flatMap((angle) => {
    const r = 1 + 0.05 * random.normal();
    return [r * Math.cos(angle), r * Math.sin(angle)];
  });
  const far = Array.from({ length: 60 }, () => [4 + 0.1 * random.normal(), 3 + 0.1 * random.normal()]).flat();
  const points = Float32Array.from([...ring, ...far]);
  const columns = columnsOf(points, 2);
  const line = pathLine(halfTurn, 2);

  for (const options of [{}, { by: "length" }, { maxDistance: 0.06 }, { by: "length", maxDistance: 0.06 }]) {
    test(`are ranges of arc length, as found by brute force: ${JSON.stringify(options)}`, () => {
      const count = 5;
      const { rows, edges, maxDistance, left } = partsAlongPath(
        columns,
        line,
        count,
        options as PathPartsOptions,
      );
      const places = bruteForce(points, halfTurn, 2, 20_001);
      const slack = 1e-3;
      const partOf = new Map(rows.flatMap((part, p) => Array.from(part, (row) => [row, p] as const)));
      places.forEach(({ along, distance }, row) => {
        if (Math.abs(distance - maxDistance) < slack) return;
        const part = partOf.get(row);
        if (distance > maxDistance) assert.equal(part, undefined, `row ${row} is too far`);
        else {
          assert.ok(part !== undefined, `row ${row} is in a part`);
          assert.ok(along >= edges[part]! - slack && along <= edges[part + 1]! + slack, `row ${row}`);
        }
      });
      const near = partOf.size;
      assert.equal(left, 460 - near);
      if (!("by" in options)) {
        for (const part of rows) assert.ok(Math.abs(part.length - near / count) <= 1.01);
      } else {
        for (const [p, edge] of edges.entries()) {
          assert.ok(Math.abs(edge - (line.length * p) / count) < 1e-9);
        }
      }
    });
  }

  test("follow the path, not the chord between its ends", () => {
    const { rows } = partsAlongPath(columns, line, 4, { by: "length" });
    rows.forEach((part, p) => {
      for (const row of part) {
        const quarters = (4 * Math.atan2(points[2 * row + 1]!, points[2 * row]!)) / Math.PI;
        assert.ok(quarters > p - 0.01 && quarters < p + 1.01, `row ${row} at ${quarters} in part ${p}`);
      }
    });
  });

  test("include points beyond an end within the maximal distance", () => {
    const z = [Float32Array.of(-1.4, -0.6, -0.2, 0.2, 0.6, 1.4, 9, Number.NaN)];
    const { rows, left } = partsAlongPath(z, pathLine([-1, 1], 1), 2);
    assert.deepEqual(
      rows.map((part) => [...part]),
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    );
    assert.equal(left, 1);
    assert.equal(partsAlongPath(z, pathLine([-1, 1], 1), 2, { maxDistance: Infinity }).left, 0);
  });

  test("do not separate particles of equal arc length", () => {
    const z = [Float32Array.from({ length: 100 }, (_, i) => (i < 90 ? -2 + i / 1e3 : (i - 90) / 10))];
    const { rows } = partsAlongPath(z, pathLine([0, 1], 1), 4, { maxDistance: 3 });
    assert.equal(
      rows.reduce((sum, part) => sum + part.length, 0),
      100,
    );
    const ends = rows.find((part) => part.includes(0))!;
    assert.ok(Array.from({ length: 90 }, (_, i) => i).every((row) => ends.includes(row)));
  });

  test("reach half the extent of the path by default", () => {
    assert.equal(reachOfPath(pathLine([0, 0, 4, 0], 2)), 2);
    const wound = Array.from({ length: 9 }, (_, i) => [i % 2 === 0 ? 0 : 4, i / 100]).flat();
    assert.ok(Math.abs(reachOfPath(pathLine(wound, 2, { shape: "straight" })) - 2) < 0.01);
  });

  test("need a path of some length, and valid options", () => {
    assert.throws(
      () => partsAlongPath(columns, pathLine([1, 1, 1, 1], 2), 3),
      /path: expected two different/,
    );
    assert.throws(() => partsAlongPath(columns, line, 0), /parts: expected an integer of 1 or more/);
    assert.throws(() => partsAlongPath(columns, line, 2, { maxDistance: -1 }), /maxDistance: expected 0 or/);
  });
});
