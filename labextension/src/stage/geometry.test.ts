import assert from "node:assert/strict";
import { test } from "vitest";
import { boxOf, distanceToSee, middleOf, radiusOf } from "./geometry.js";

const radians = Math.PI / 180;

test("the box around points has their lowest and highest coordinates, and there is none around no points", () => {
  const box = boxOf([1, -2, 3, 0, 5, 3]);
  assert.deepEqual(box, { lowest: [0, -2, 3], highest: [1, 5, 3] });
  assert.deepEqual(middleOf(box!), [0.5, 1.5, 3]);
  assert.equal(boxOf([]), undefined);
});

test("a rod along any axis is in view up to its ends, in wide and in narrow views", () => {
  for (const axis of [0, 1, 2]) {
    const highest = [0.1, 0.1, 0.1];
    highest[axis] = 50;
    const lowest = highest.map((value) => -value);
    const radius = radiusOf({ lowest, highest } as unknown as Parameters<typeof radiusOf>[0]);
    for (const size of [
      { width: 1800, height: 400 },
      { width: 300, height: 700 },
    ]) {
      const distance = distanceToSee(radius, 25, size);
      const vertical = distance * Math.tan(12.5 * radians);
      assert.ok(Math.min(vertical, (vertical * size.width) / size.height) >= 50);
    }
  }
});

test("a sphere touches the edges of the view that are nearest", () => {
  const half = 12.5 * radians;
  assert.ok(Math.abs(distanceToSee(10, 25, { width: 900, height: 300 }) - 10 / Math.sin(half)) < 1e-9);
  const narrow = Math.atan(Math.tan(half) / 2);
  assert.ok(Math.abs(distanceToSee(10, 25, { width: 150, height: 300 }) - 10 / Math.sin(narrow)) < 1e-9);
  assert.ok(Math.abs(distanceToSee(10, 25, { width: 0, height: 0 }) - 10 / Math.sin(half)) < 1e-9);
});
