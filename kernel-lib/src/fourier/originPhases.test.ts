import assert from "node:assert/strict";
import { test } from "vitest";
import { originPhases } from "./originPhases";

test("origin phases equal their definition for even and odd sizes, negative frequencies, and both signs", () => {
  for (const n of [1, 7, 8, 15, 16]) {
    for (const sign of [1, -1] as const) {
      const phases = originPhases(n, { first: -9, last: 20, sign });
      assert.equal(phases.length, 60);
      for (let k = -9; k <= 20; k++) {
        const angle = (sign * 2 * Math.PI * k * Math.floor(n / 2)) / n;
        assert.ok(Math.abs(phases[2 * (k + 9)]! - Math.cos(angle)) < 1e-12, `${n}, ${k}`);
        assert.ok(Math.abs(phases[2 * (k + 9) + 1]! - Math.sin(angle)) < 1e-12, `${n}, ${k}`);
      }
    }
  }
});
