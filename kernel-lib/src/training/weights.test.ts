import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { disc } from "../fourier/disc";
import { Random } from "../random";
import { RingWeights } from "./weights";

describe("ring weights", () => {
  const rings = 6;
  const particles = 400;
  const { samplesInRing } = disc(rings);
  const random = new Random(3);
  const ctfPower = Float32Array.from({ length: particles * (rings + 1) }, () => random.uniform());
  const snr = [0, 20, 5, 2, 0.5, 0.1, 0];
  const meanFrc = new Float64Array(rings + 1);
  for (let r = 1; r <= rings; r++) {
    for (let i = 0; i < particles; i++) {
      const power = snr[r]! * ctfPower[i * (rings + 1) + r]!;
      meanFrc[r]! += Math.sqrt(power / (1 + power)) / particles;
    }
  }

  test("information weights recover the signal-to-noise ratio, and weight each particle by its CTF", () => {
    const weights = new RingWeights({ weighting: "information", meanFrc, ctfPower, particles });
    assert.equal(weights.lastRing, 5);
    for (let i = 0; i < particles; i += 37) {
      for (let r = 1; r <= rings; r++) {
        const at = i * (rings + 1) + r;
        const power = snr[r]! * ctfPower[at]!;
        const f = Math.min(Math.sqrt(power / (1 + power)), 0.98);
        assert.ok(Math.abs(weights.expectedFrc(i, r) - f) < 1e-3, `ring ${r}`);
        const expected = (2 * samplesInRing[r]! * f) / (1 - f * f);
        assert.ok(Math.abs(weights.of([i])[r]! - expected) < 0.02 * (1 + expected), `ring ${r}`);
      }
    }
  });

  test("fewer rings give the same weights, truncated", () => {
    const weights = new RingWeights({ weighting: "information", meanFrc, ctfPower, particles });
    const [all, few] = [weights.of([3, 9]), weights.of([3, 9], 2)];
    assert.deepEqual([...few], [all[0], all[1], all[2], all[7], all[8], all[9]]);
    assert.ok(weights.meanTotal(2) < weights.meanTotal());
  });

  test("leading rings without signal are detected, and only members count", () => {
    const without = meanFrc.slice();
    without.fill(0, 1, 3);
    const weights = new RingWeights({ weighting: "information", meanFrc: without, ctfPower, particles });
    assert.deepEqual([weights.firstRing, weights.lastRing], [3, 5]);
    assert.equal(weights.meanTotal(2), 0);
    const members = Int32Array.from({ length: particles / 2 }, (_, i) => 2 * i);
    const some = new RingWeights({ weighting: "information", meanFrc, ctfPower, particles, members });
    let total = 0;
    for (const i of members) total += some.of([i]).reduce((sum, w) => sum + w, 0) / members.length;
    assert.ok(Math.abs(some.meanTotal() / total - 1) < 1e-6);
  });

  test("a ring at a zero of a particle's CTF has weight 0", () => {
    const zeroed = ctfPower.slice();
    zeroed[2] = 0;
    assert.equal(
      new RingWeights({ weighting: "information", meanFrc, ctfPower: zeroed, particles }).of([0])[2],
      0,
    );
  });

  test("uniform weights are the plain mean over the rings", () => {
    const weights = new RingWeights({ weighting: "uniform", meanFrc, ctfPower, particles });
    assert.ok(Math.abs(weights.meanTotal() - 1) < 1e-6);
    assert.ok(Math.abs(weights.of([0])[1]! - 1 / rings) < 1e-7);
    assert.ok(Math.abs(weights.of([7])[rings]! - 1 / rings) < 1e-7);
  });
});
