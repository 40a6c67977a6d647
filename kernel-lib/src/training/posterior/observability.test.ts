import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../../random";
import { observabilityOf } from "./observability";

test("a view tells all of an axis if its posterior is sharp, and nothing if it is as wide as the population", () => {
  const random = new Random(2);
  const n = 2000;
  // Truth of variance 1. The first half of the images measures it with an error of 0.1, the second not at all.
  const means = new Float32Array(2 * n);
  const deviations = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const sharp = i < n / 2;
    const variance = sharp ? 1 / (1 + 1 / 0.01) : 1;
    means[2 * i] = sharp ? Math.sqrt(1 - variance) * random.normal() : 0;
    deviations[2 * i] = Math.sqrt(variance);
    // An axis of ten times the size, of which each image tells half.
    means[2 * i + 1] = 10 * Math.SQRT1_2 * random.normal();
    deviations[2 * i + 1] = 10 * Math.SQRT1_2;
  }
  const told = observabilityOf(means, deviations, 2);
  const mean = (from: number, to: number, axis: number) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += told[2 * i + axis]! / (to - from);
    return sum;
  };
  assert.ok(mean(0, n / 2, 0) > 0.98, `${mean(0, n / 2, 0)}`);
  assert.ok(mean(n / 2, n, 0) < 0.03, `${mean(n / 2, n, 0)}`);
  assert.ok(Math.abs(mean(0, n, 1) - 0.5) < 0.03, `${mean(0, n, 1)}`);
  assert.ok(told.every((x) => x >= 0 && x <= 1));
});
