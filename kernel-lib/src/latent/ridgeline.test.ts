import assert from "node:assert/strict";
import { test } from "vitest";
import { mergedGaussians } from "./ridgeline";

/** Two Gaussians side by side on a line along the first axis, in which they overlap. */
const onLine = (offset: number, deviation: number) => ({
  weights: Float64Array.of(0.5, 0.5),
  means: Float64Array.of(-0.6, 0, 0.6, offset),
  covariances: Float64Array.of(0.25, 0, 0, deviation ** 2, 0.25, 0, 0, deviation ** 2),
});

test("a difference of means far below the errors of the points is no gap, however thin the Gaussians are without the errors", () => {
  const thin = onLine(0.03, 0.004);
  assert.deepEqual(mergedGaussians(thin, 2), Int32Array.of(0, 1));
  assert.deepEqual(mergedGaussians(thin, 2, { errors: [0.1, 0.16] }), Int32Array.of(0, 0));
});

test("groups that are several errors apart stay groups", () => {
  assert.deepEqual(mergedGaussians(onLine(0.8, 0.004), 2, { errors: [0.1, 0.16] }), Int32Array.of(0, 1));
  // Unless fewer are wanted.
  const one = mergedGaussians(onLine(0.8, 0.004), 2, { wanted: 1, errors: [0.1, 0.16] });
  assert.deepEqual(one, Int32Array.of(0, 0));
});
