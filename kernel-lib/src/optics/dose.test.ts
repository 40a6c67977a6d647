import assert from "node:assert/strict";
import { test } from "vitest";
import { disc } from "../fourier/disc";
import { ImageKernel } from "../particles/images/imageKernel";
import { kernelModule } from "../wasm/wasmMemory";
import { type Ctf, CtfEvaluator } from "./ctf";
import { ctfOnDisc, ringPower } from "./ctfDisc";
import { criticalExposure, doseEnvelope } from "./dose";

test("the critical exposure is that of Grant and Grigorieff, and three quarters of it at 200 kV", () => {
  // 0.245·0.1^−1.665 + 2.81
  assert.ok(Math.abs(criticalExposure(0.1, 300) - 14.139) < 0.001);
  assert.ok(Math.abs(criticalExposure(0.1, 200) - 0.75 * 14.139) < 0.001);
  assert.ok(Math.abs(doseEnvelope(2 * 14.139, 0.1, 300) - Math.exp(-1)) < 1e-4);
  assert.equal(doseEnvelope(50, 0, 300), 1);
});

const ctf: Ctf = {
  ...{ defocusU: 15000, defocusV: 14500, angle: 30, phaseShift: 0, voltage: 300 },
  ...{ sphericalAberration: 2.7, amplitudeContrast: 0.1, bFactor: 0, scale: 0.8 },
};

test("exposure weakens the CTF by its envelope, and does not change where it is zero", () => {
  const [before, after] = [new CtfEvaluator(ctf), new CtfEvaluator({ ...ctf, dose: 40 })];
  for (const s of [0.01, 0.05, 0.12, 0.2]) {
    const expected = before.at(s, s / 2) * doseEnvelope(40, Math.hypot(s, s / 2), 300);
    assert.ok(Math.abs(after.at(s, s / 2) - expected) < 1e-12);
  }
});

test("the power of the CTF in each ring is weakened as the CTF at its samples", () => {
  const [layout, boxLength] = [disc(15), 128];
  const kernel = new ImageKernel(layout, boxLength, kernelModule());
  const [found, expected] = [new Float32Array(16), new Float32Array(16)];
  kernel.ringPower({ ...ctf, dose: 60 }, found, 0);
  ringPower(ctfOnDisc({ ...ctf, dose: 60 }, layout, boxLength), layout, expected);
  // Rings are half a sample wide to either side, and the envelope changes within them.
  for (let r = 2; r <= 15; r++) {
    assert.ok(
      Math.abs(found[r]! - expected[r]!) < 0.1 * expected[r]! + 3e-4,
      `ring ${r}: ${found[r]}, ${expected[r]}`,
    );
  }
});
