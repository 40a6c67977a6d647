import assert from "node:assert/strict";
import { test } from "vitest";
import { rolesOf } from "./survey";

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
