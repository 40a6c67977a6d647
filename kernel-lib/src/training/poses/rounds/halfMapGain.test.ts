import assert from "node:assert/strict";
import { test } from "vitest";
import type { FscCurve } from "../../../reconstruction/fsc";
import { halfMapGain } from "./halfMapGain";

function curve(values: number[]): FscCurve {
  const shell = Int32Array.from(values, (_, r) => r);
  return {
    shell,
    frequency: Float64Array.from(shell, (r) => r / 100),
    resolution: Float64Array.from(shell, (r) => 100 / r),
    fsc: Float64Array.from(values),
  };
}

test("the gain is the mean difference over the shells that one of the curves reaches", () => {
  const before = curve([1, 1, 0.9, 0.5, 0.1, 0.05, 0.3]);
  const after = curve([1, 1, 0.95, 0.6, 0.2, 0.02, 0.3]);
  const { gain, standardError, lastShell } = halfMapGain(before, after);
  assert.equal(lastShell, 4);
  assert.ok(Math.abs(gain - (0 + 0.05 + 0.1 + 0.1) / 4) < 1e-12);
  assert.ok(standardError > 0.03 && standardError < 0.06, `${standardError}`);
  assert.ok(Math.abs(halfMapGain(after, before).gain + gain) < 1e-12);
  // Of a symmetric map a quarter of the samples are independent.
  const symmetric = halfMapGain(before, after, 4);
  assert.equal(symmetric.gain, gain);
  assert.ok(Math.abs(symmetric.standardError - 2 * standardError) < 1e-12);
});
