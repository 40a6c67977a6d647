import assert from "node:assert/strict";
import { test } from "vitest";
import { disc, sampleIndex } from "../fourier/disc";
import { CtfEvaluator, ctfValue, electronWavelength } from "./ctf";
import { plainCtf as plain } from "./ctf.test.helper";
import { ctfOnDisc, flipPhases, ringPower } from "./ctfDisc";

test("electron wavelengths equal the textbook values", () => {
  for (const [voltage, expected] of [
    [100, 0.037014],
    [200, 0.025079],
    [300, 0.019687],
  ] as const) {
    assert.ok(Math.abs(electronWavelength(voltage) - expected) < 1e-6);
  }
});

test("at the origin the CTF is the amplitude contrast, and positive near it", () => {
  assert.ok(Math.abs(ctfValue(plain, 0, 0, 100) - 0.1) < 1e-12);
  assert.ok(ctfValue(plain, 1, 0, 400) > 0.1);
  assert.ok(Math.abs(ctfValue({ ...plain, phaseShift: 90, amplitudeContrast: 0 }, 0, 0, 100) - 1) < 1e-12);
});

test("zeros are where underfocus places them", () => {
  // Without Cs and amplitude contrast the first zero is at λ Δf s² = 1.
  const simple = { ...plain, amplitudeContrast: 0, sphericalAberration: 0 };
  const zero = 1 / Math.sqrt(electronWavelength(300) * 15000);
  const evaluator = new CtfEvaluator(simple);
  assert.ok(evaluator.at(0.99 * zero, 0) > 0);
  assert.ok(evaluator.at(1.01 * zero, 0) < 0);
});

test("defocus U is along its angle, measured from x towards y", () => {
  const stigmatic = (defocus: number) => new CtfEvaluator({ ...plain, defocusU: defocus, defocusV: defocus });
  const tilted = new CtfEvaluator({ ...plain, defocusU: 16000, defocusV: 14000, angle: 30 });
  const along = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)] as const;
  for (const s of [0.02, 0.05, 0.09]) {
    assert.ok(Math.abs(tilted.at(s * along[0], s * along[1]) - stigmatic(16000).at(s, 0)) < 1e-9);
    assert.ok(Math.abs(tilted.at(-s * along[1], s * along[0]) - stigmatic(14000).at(s, 0)) < 1e-9);
  }
});

test("B factor and scale multiply the function", () => {
  const s = 0.1;
  const evaluator = new CtfEvaluator({ ...plain, bFactor: 80, scale: 0.5 });
  const expected = 0.5 * Math.exp(-80 * 0.25 * s * s) * new CtfEvaluator(plain).at(s, 0);
  assert.ok(Math.abs(evaluator.at(s, 0) - expected) < 1e-12);
});

test("on a disc the CTF has Friedel symmetry and is zero outside", () => {
  const layout = disc(12);
  const values = ctfOnDisc({ ...plain, defocusV: 12000, angle: 25 }, layout, 80);
  assert.equal(values[sampleIndex(12, 0, 0)], 0);
  assert.equal(values[sampleIndex(12, 12, 12)], 0);
  assert.equal(values[sampleIndex(12, 0, 5)], values[sampleIndex(12, 0, -5)]);
  assert.ok(
    Math.abs(
      values[sampleIndex(12, 3, -4)]! - ctfValue({ ...plain, defocusV: 12000, angle: 25 }, 3, -4, 80),
    ) < 1e-12,
  );
});

test("phase flipping inverts the sign only where the CTF is negative", () => {
  const transform = new Float32Array(10).fill(1);
  flipPhases(transform, 2, Float64Array.from([0.5, -0.2, 0, -1]));
  assert.deepEqual([...transform], [1, 1, 1, 1, -1, -1, 1, 1, -1, -1]);
});

test("the mean of CTF² over a ring counts every independent sample once", () => {
  const layout = disc(3);
  const ctf = new Float64Array(layout.samples);
  // Ring 1: (1,0), (1,±1) and (0,±1); the two of kx = 0 are one sample.
  for (const [kx, ky, value] of [
    [1, 0, 1],
    [1, 1, 2],
    [1, -1, 3],
    [0, 1, 4],
    [0, -1, 4],
  ] as const) {
    ctf[sampleIndex(3, kx, ky)] = value;
  }
  const out = new Float32Array(9);
  ringPower(ctf, layout, out, 4);
  assert.equal(out[4], 1);
  assert.equal(out[5], (1 + 4 + 9 + 16) / 4);
  assert.equal(out[6], 0);
  assert.equal(out[3], 0);
});
