import assert from "node:assert/strict";
import { test } from "vitest";
import { pathOf, placeOf, rangeOf, ticksOf } from "./chart.js";

test("a range holds all finite numbers and has a width", () => {
  assert.deepEqual(rangeOf([3, Number.NaN, -1, Number.POSITIVE_INFINITY]), { low: -1, high: 3 });
  assert.deepEqual(rangeOf([]), { low: 0, high: 1 });
  const one = rangeOf([0.5]);
  assert.ok(one.low < 0.5 && one.high > 0.5);
  assert.deepEqual(rangeOf([0]), { low: -0.5, high: 0.5 });
});

test("ticks are round, evenly spaced, and within the range", () => {
  assert.deepEqual(ticksOf({ low: 0, high: 1 }, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticksOf({ low: 0.517, high: 0.542 }, 5), [0.52, 0.525, 0.53, 0.535, 0.54]);
  assert.deepEqual(ticksOf({ low: -3, high: 12 }, 3), [0, 5, 10]);
});

test("a path goes through its points and is interrupted where one is not finite", () => {
  const x = (value: number) => placeOf(value, { low: 0, high: 10 }, 0, 100);
  const y = (value: number) => placeOf(value, { low: 0, high: 1 }, 50, 0);
  assert.equal(
    pathOf(
      [
        [0, 0],
        [5, 0.5],
        [6, Number.NaN],
        [10, 1],
      ],
      x,
      y,
    ),
    "M0.0 50.0L50.0 25.0M100.0 0.0",
  );
  assert.equal(pathOf([], x, y), "");
});
