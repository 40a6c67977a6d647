import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { bodyShares } from "./bodyShares";
import { SplineReader, splineCoefficients } from "./cubicSpline";
import { DisplacementFields } from "./displacementField";
import { fieldLattice, latticePoint } from "./fieldLattice";
import { mobilityClasses } from "./mobilityClasses";
import { centredBlobs } from "./motion";
import { firstOfDomain, stateAt } from "./movingDomain.test.helper";
import { realMotion } from "./realMotion";

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
  const { displacements, volume } = new DisplacementFields(lattice, target).into(other, other);
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

test("a rigid body is turned exactly, through any angle, whatever its Gaussians jitter; the hinge lies between", () => {
  const random = new Random(4);
  const target = centredBlobs(stateAt(0));
  const exact = centredBlobs(stateAt(5));
  const other = { ...exact, centres: exact.centres.map((x) => x + 0.5 * random.normal()) };
  const of = Uint8Array.from({ length: target.count }, (_, i) => (i < firstOfDomain ? 1 : 2));
  const lattice = fieldLattice(target, [other]);
  const bodies = bodyShares(lattice, target, of)!;
  for (let i = 0; i < lattice.near.length; i++)
    assert.ok(Math.abs(bodies.shares.reduce((sum, share) => sum + share[i]!, 0) - 1) < 1e-9);
  const field = new DisplacementFields(lattice, target, bodies).into(other, other);
  const free = new DisplacementFields(lattice, target).into(other, other);
  const [c, s] = [Math.cos(1.75), Math.sin(1.75)];
  const wrong = { bodies: 0, free: 0, count: 0 };
  for (const at of lattice.near) {
    const [x, y, z] = latticePoint(lattice, at);
    if (Math.hypot(x - 0.2 * 96, y, z) > 8) continue;
    wrong.count++;
    for (const [axis, u] of [c * x - s * y - x, s * x + c * y - y, 0].entries()) {
      wrong.bodies += (field.displacements[3 * at + axis]! - u) ** 2;
      wrong.free += (free.displacements[3 * at + axis]! - u) ** 2;
    }
  }
  assert.ok(wrong.count > 20);
  assert.ok(Math.sqrt(wrong.bodies / wrong.count) < 0.3, `${Math.sqrt(wrong.bodies / wrong.count)} Å`);
  assert.ok(wrong.bodies < 0.75 * wrong.free, JSON.stringify(wrong));
});

test("axes that are not real are not followed", () => {
  const motion = {
    latent: 2,
    places: Float32Array.of(1, 2, 3, 4),
    decode: (z: ArrayLike<number>) => stateAt(z[0]! + 10 * z[1]!),
  };
  const one = realMotion(motion, [true, false]);
  assert.deepEqual([...one.places], [1, 0, 3, 0]);
  assert.deepEqual(one.decode([0.5, 2]).params, stateAt(0.5).params);
  assert.equal(realMotion(motion, [true, true]), motion);
});
