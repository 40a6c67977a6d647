import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { SplineReader, splineCoefficients } from "./cubicSpline";
import { displacementField } from "./displacementField";
import { fieldLattice, latticePoint } from "./fieldLattice";
import { mobilityClasses } from "./mobilityClasses";
import { centredBlobs } from "./motion";
import { firstOfDomain, stateAt } from "./movingDomain.test.helper";

test("a cubic spline passes through the voxels and follows a wave between them", () => {
  const n = 24;
  const wave = (x: number, y: number, z: number) =>
    Math.sin(0.7 * x + 0.4) * Math.cos(0.5 * y) + Math.sin(0.6 * z);
  const data = new Float32Array(n ** 3);
  for (let i = 0; i < data.length; i++) data[i] = wave(i % n, Math.floor(i / n) % n, Math.floor(i / (n * n)));
  const reader = new SplineReader(splineCoefficients(data, n), n);
  const random = new Random(1);
  for (let i = 0; i < 200; i++) {
    const [x, y, z] = [0, 0, 0].map(() => 6 + 12 * random.uniform()) as [number, number, number];
    assert.ok(Math.abs(reader.at(x, y, z) - wave(x, y, z)) < 2e-3);
    const [a, b, c] = [x, y, z].map(Math.floor) as [number, number, number];
    assert.ok(Math.abs(reader.at(a, b, c) - wave(a, b, c)) < 1e-5);
  }
});

test("the field turns places within a domain as the domain turns, and leaves volumes as they are", () => {
  const [target, other] = [centredBlobs(stateAt(0)), centredBlobs(stateAt(1))];
  const lattice = fieldLattice(target);
  const { displacements, volume } = displacementField(lattice, { target, other, moving: other });
  let checked = 0;
  for (const at of lattice.near) {
    const [x, y, z] = latticePoint(lattice, at);
    // Well within the domain, whose middle is at 0.16 of 96 Å.
    if (Math.hypot(x - 0.2 * 96, y, z) > 6) continue;
    checked++;
    const [c, s] = [Math.cos(0.35), Math.sin(0.35)];
    const expected = [c * x - s * y - x, s * x + c * y - y, 0];
    for (const [axis, u] of expected.entries()) assert.ok(Math.abs(displacements[3 * at + axis]! - u) < 0.8);
    assert.ok(Math.abs(volume[at]! - 1) < 0.1);
  }
  assert.ok(checked > 20 && firstOfDomain > 0);
  assert.ok(displacements.slice(0, 3).every((u) => u === 0));
});

test("parts by mobility share every voxel between them", () => {
  const mobility = Float32Array.from({ length: 50 }, (_, i) => i / 5);
  const parts = mobilityClasses(mobility);
  assert.equal(parts.length, 3);
  for (let i = 0; i < 50; i++) assert.ok(Math.abs(parts.reduce((sum, part) => sum + part[i]!, 0) - 1) < 1e-6);
  assert.equal(mobilityClasses(new Float32Array(4)).length, 1);
});
