import assert from "node:assert/strict";
import { test } from "vitest";
import { PartLikelihoods } from "./deconvolvedWeights";

/** Cells of a population of two parts: most near the first, and some whose likelihoods are given. */
const cells = (far: readonly [number, number]) =>
  new PartLikelihoods(Float64Array.of(90, 10), 2, (cell, out) => out.set(cell === 0 ? [1, 0.01] : far));

test("measurements far outside, of likelihoods that are hardly above 0, count as those of ordinary ones with the same ratio", () => {
  const ordinary = cells([0.001, 1]).weights();
  for (const scale of [1e-200, 1e-315]) {
    cells([0.001 * scale, scale])
      .weights()
      .forEach((weight, part) => {
        assert.ok(Math.abs(weight - ordinary[part]!) < 1e-3, `${scale}: ${weight}, not ${ordinary[part]}`);
      });
  }
  assert.ok(Math.abs(ordinary[1]! - 0.1) < 0.01, `${ordinary[1]}`);
});

test("the score falls with what a measurement is unlikely by, and stays finite where its likelihoods are 0", () => {
  const score = (scale: number) => cells([0, scale]).score(Float64Array.of(0.5, 0.5));
  assert.ok(Math.abs(score(1) - score(1e-10) - 10 * Math.log(1e10)) < 1e-6);
  assert.ok(score(0) < score(1e-300) && Number.isFinite(score(0)));
});
