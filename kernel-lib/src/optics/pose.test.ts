import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { eulerFromRotation, rotationFromEuler, rotationFromVector, vectorFromRotation } from "./pose";

function assertClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance = 1e-12): void {
  for (let i = 0; i < b.length; i++) {
    assert.ok(Math.abs(a[i]! - b[i]!) <= tolerance, `element ${i}: ${a[i]} and ${b[i]}`);
  }
}

test("Euler angles rotate about z, then y, then z", () => {
  assertClose(rotationFromEuler([90, 0, 0]), [0, 1, 0, -1, 0, 0, 0, 0, 1]);
  assertClose(rotationFromEuler([0, 90, 0]), [0, 0, -1, 0, 1, 0, 1, 0, 0]);
  assertClose(rotationFromEuler([0, 0, 90]), [0, 1, 0, -1, 0, 0, 0, 0, 1]);
});

test("angles and matrices convert into each other, also at the poles", () => {
  const random = new Random(3);
  const angles = Array.from({ length: 50 }, () => [
    360 * random.uniform() - 180,
    180 * random.uniform(),
    360 * random.uniform() - 180,
  ]);
  angles.push([0, 0, 0], [0, 180, 0], [0, 0, -77], [0, 180, 120], [40, 1e-5, 10]);
  for (const [rot, tilt, psi] of angles as [number, number, number][]) {
    const found = eulerFromRotation(rotationFromEuler([rot, tilt, psi]));
    assertClose([found.rot, found.tilt, found.psi], [rot, tilt, psi], 1e-6);
  }
  const { rot, tilt, psi } = eulerFromRotation(rotationFromEuler([30, 180, 50]));
  assertClose(rotationFromEuler([rot, tilt, psi]), rotationFromEuler([30, 180, 50]));
});

test("a rotation vector rotates about its direction by its length", () => {
  const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
  assertClose(rotationFromVector([0, 0, 0.7]), [c, -s, 0, s, c, 0, 0, 0, 1]);
  assertClose(rotationFromVector([0.7, 0, 0]), [1, 0, 0, 0, c, -s, 0, s, c]);
  assertClose(rotationFromVector([0, 0, 0]), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  assertClose(rotationFromVector([1e-9, 0, 0]), [1, 0, 0, 0, 1, -1e-9, 0, 1e-9, 1]);
  // A third of a turn about (1, 1, 1) takes x to y to z.
  const third = (2 * Math.PI) / 3 / Math.sqrt(3);
  assertClose(rotationFromVector([third, third, third]), [0, 0, 1, 1, 0, 0, 0, 1, 0]);
});

test("matrices are written at the given index", () => {
  const out = new Float32Array(18);
  rotationFromEuler([10, 20, 30], out, 9);
  assert.deepEqual([...out.subarray(0, 9)], new Array(9).fill(0));
  assertClose(out.subarray(9), rotationFromEuler([10, 20, 30]), 1e-7);
});

test("a matrix gives its rotation vector back, also near no turn and half a turn", () => {
  const random = new Random(8);
  const vectors: number[][] = [
    [0, 0, 0],
    [1e-9, -2e-9, 3e-9],
    [0, 0, Math.PI],
    [0, Math.PI - 1e-7, 0],
    [1e-7, 1e-3 - Math.PI, 2e-4],
  ];
  for (let i = 0; i < 60; i++) {
    const direction = [random.normal(), random.normal(), random.normal()];
    const length = (i === 0 ? 1 : random.uniform()) * Math.PI * 0.999999;
    vectors.push(direction.map((x) => (x * length) / Math.hypot(...direction)));
  }
  for (const vector of vectors as [number, number, number][]) {
    const padded = new Float64Array(18);
    rotationFromVector(vector, padded, 9);
    assertClose(vectorFromRotation(padded, 9), vector, 1e-9);
  }
});
