import assert from "node:assert/strict";
import { test } from "vitest";
import { arrowsBetween, distances, extentOf, positionsOf, radiiOf, roundedUp } from "./gaussians.js";

const box = { boxSize: 50, apix: 2 };
/** Two Gaussians: x, y, z, amplitude, sigma. */
const rest = Float32Array.of(0.1, -0.2, 0, 0.3, 0.05, 0.25, 1, 2, 1.5, 0.8);
const moved = rest.slice();
moved[1] = -0.1;
moved[3] = 0.35;

test("positions are in Å from the middle of the box, radii are sigma in Å times the scale", () => {
  assert.deepEqual(
    [...positionsOf(rest, box)].map((value) => Math.round(value * 100) / 100),
    [10, 0, 5, -20, 30, 25],
  );
  assert.deepEqual(
    [...radiiOf(rest, 2, 2)].map((value) => Math.round(value * 100) / 100),
    [6, 3.2],
  );
});

test("distances between states are in Å", () => {
  const [still, far] = distances(rest, moved, box);
  assert.equal(still, 0);
  assert.ok(Math.abs(far! - Math.hypot(10, 5)) < 1e-4);
});

test("arrows are as long as the motion times the scale, and short motions have none", () => {
  const arrows = arrowsBetween(rest, moved, box, { scale: 3, least: -1 });
  assert.equal(arrows.lengths.length, 1);
  assert.ok(Math.abs(arrows.limit - Math.hypot(10, 5) / 10) < 1e-4);
  const along = [0, 1, 2].map((axis) => arrows.to[axis]! - arrows.from[axis]!);
  assert.ok(Math.abs(along[0]! - 30) < 1e-3 && Math.abs(along[1]! - 15) < 1e-3 && along[2] === 0);
  assert.equal(arrowsBetween(rest, moved, box, { scale: 1, least: 20 }).lengths.length, 0);
  assert.equal(arrowsBetween(rest, rest, box, { scale: 1, least: -1 }).lengths.length, 0);
});

test("the end of a scale is a round number at or above what is shown", () => {
  assert.deepEqual(
    [0.2, 1, 1.2, 4, 5, 26, 71].map((value) => roundedUp(value)),
    [1, 1, 1.5, 5, 5, 30, 100],
  );
});

test("the extent includes the farthest sphere; without spheres it is the model's box", () => {
  const { box: around, radius } = extentOf([0, 0, 0, 0, 40, 0], [1, 3], 100);
  assert.deepEqual(around, { lowest: [0, 0, 0], highest: [0, 40, 0] });
  assert.equal(radius, 23);
  assert.deepEqual(extentOf([], [], 100).box, { lowest: [-50, -50, -50], highest: [50, 50, 50] });
});
