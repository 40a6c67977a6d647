import assert from "node:assert/strict";
import { test } from "vitest";
import { type AxisKinds, axisKinds, rolesAreUncertain, rolesOf } from "./axisRoles";

const kinds = (position: number, density: number, gain: number, standardError: number) => [
  { position, density, difference: { gain, standardError } },
];

test("an axis is a motion where motion explains it as well as amplitudes do within the error", () => {
  // A tilt of 8°, 4,000 particles: amplitudes of neighbours imitate it.
  assert.deepEqual(rolesOf(1, kinds(0.79, 1.02, 0.31, 0.67)), { position: [0], density: [] });
  assert.deepEqual(rolesOf(1, kinds(0.96, 0.79, -4.8, 0.35)), { position: [0], density: [] });
});

test("an axis is a composition where amplitudes explain it better, or alone", () => {
  assert.deepEqual(rolesOf(1, kinds(0.79, 0.9, 1.67, 0.31)), { position: [], density: [0] });
  assert.deepEqual(rolesOf(1, kinds(0.5, 0.8, 0.1, 0.5)), { position: [], density: [0] });
});

test("an axis that neither kind explains alone keeps both", () => {
  assert.deepEqual(rolesOf(1, kinds(0.6, 0.7, 0.3, 0.1)), { position: [0], density: [0] });
});

test("what is left of a gain is counted over the same particles, with its margin beyond three quarters", () => {
  const none = Float64Array.of(1, 2, 3, 4);
  const own = (...gains: number[]) => none.map((score, i) => score + gains[i]!);
  const found = axisKinds({
    none,
    whole: own(4, 4, 8, 8),
    position: own(2, 2, 4, 4),
    density: own(4, 3, 6, 8),
  });
  assert.equal(found.position, 0.5);
  assert.equal(found.density, 21 / 24);
  assert.equal(found.difference!.gain, 21 / 4 - 3);
  assert.equal(found.margin!.position.gain, -1.5);
  assert.equal(found.margin!.density.gain, 0.75);
  // Margins of position are -1, -1, -2, -2.
  assert.ok(Math.abs(found.margin!.position.standardError - Math.sqrt(1 / 12)) < 1e-12);
});

test("more particles are asked where the margin, or the difference that decides, is within its error", () => {
  const axis = (position: number, density: number, difference = 2): AxisKinds => ({
    position: 0.75 + position / 10,
    density: 0.75 + density / 10,
    difference: { gain: difference, standardError: 0.5 },
    margin: {
      position: { gain: position, standardError: 0.5 },
      density: { gain: density, standardError: 0.5 },
    },
  });
  assert.equal(rolesAreUncertain([axis(-2, 2), axis(2, -2)]), false);
  assert.equal(rolesAreUncertain([axis(-2, 2), axis(0.4, -2)]), true);
  assert.equal(rolesAreUncertain([axis(-2, -0.4)]), true);
  // Which of two sufficient kinds it is, is decided at one standard error.
  assert.equal(rolesAreUncertain([axis(2, 2, 0.9)]), true);
  assert.equal(rolesAreUncertain([axis(2, 2, 1.1)]), false);
  assert.equal(rolesAreUncertain([axis(2, 2, -0.1)]), false);
  assert.equal(rolesAreUncertain([axis(-2, 2, 0.9)]), false);
});
