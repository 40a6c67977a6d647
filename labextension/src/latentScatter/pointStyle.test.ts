import assert from "node:assert/strict";
import { test } from "vitest";
import { pointStyle } from "./pointStyle.js";

const ranges = { x: [0, 1], y: [0, 1] } as const;
/** Points on a lattice over a square whose edge is a part of the plot. */
const lattice = (edge: number, part: number) => {
  const at = (i: number) => ((i + 0.5) / edge) * part;
  return {
    x: Float32Array.from({ length: edge ** 2 }, (_, i) => at(i % edge)),
    y: Float32Array.from({ length: edge ** 2 }, (_, i) => at(Math.floor(i / edge))),
  };
};

test("points that do not overlap are clear; the more lie above each other, the fainter they are", () => {
  assert.equal(pointStyle(lattice(20, 1), ranges).opacity, 0.85);
  const opacities = [30, 100, 200, 300].map((edge) => pointStyle(lattice(edge, 0.2), ranges).opacity);
  assert.deepEqual(
    opacities,
    [...opacities].sort((a, b) => b - a),
  );
  assert.ok(opacities[0]! > 3 * opacities[3]!, String(opacities));
  assert.ok(opacities[3]! >= 0.06);
});

test("zooming in makes points clearer, as do points outside of the shown part", () => {
  const points = lattice(150, 0.3);
  const whole = pointStyle(points, ranges).opacity;
  assert.ok(pointStyle(points, { x: [0, 0.1], y: [0, 0.1] }).opacity > 2 * whole);
  assert.equal(pointStyle(points, { x: [0.5, 1], y: [0.5, 1] }).opacity, 0.85);
});

test("many points are smaller; among three axes the number alone decides", () => {
  assert.ok(pointStyle(lattice(200, 1), ranges).size < pointStyle(lattice(10, 1), ranges).size);
  assert.deepEqual(pointStyle(lattice(200, 0.1), undefined), { size: 2.0999999999999996, opacity: 0.5 });
});
