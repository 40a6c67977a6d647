import assert from "node:assert/strict";
import { test } from "vitest";
import { randomRotation } from "../projection/examples";
import { Random } from "../random";
import { type NineNumbers, quaternionOf } from "./hornQuaternion";
import { rotationMatrix } from "./rigidMotion";

type Point = [number, number, number];

/** Σ a bᵀ of points and the same turned. */
function covarianceOf(points: readonly Point[], rotation: ArrayLike<number>): NineNumbers {
  const sums: NineNumbers = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (const p of points)
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++)
        sums[3 * i + j]! += p[i]! * [0, 1, 2].reduce((sum, k) => sum + rotation[3 * j + k]! * p[k]!, 0);
  return sums;
}

test("the rotation between points is found exactly, of many, of three, and of points in a plane", () => {
  const random = new Random(3);
  for (let k = 0; k < 300; k++) {
    const rotation = randomRotation(random);
    const points = Array.from(
      { length: k % 3 === 0 ? 3 : 12 },
      () => [random.normal(), 3 * random.normal(), k % 3 === 1 ? 0 : random.normal()] as Point,
    );
    const found = rotationMatrix(quaternionOf(covarianceOf(points, rotation)));
    for (let i = 0; i < 9; i++) assert.ok(Math.abs(found[i]! - rotation[i]!) < 1e-9, `${k}: ${found[i]}`);
  }
});

test("where no rotation is best the quaternion is still one, with w ≥ 0", () => {
  const line: NineNumbers = [0, 0, 0, 0, 0, 0, 0, 0, 4];
  for (const covariance of [
    line,
    [0, 0, 0, 0, 0, 0, 0, 0, 0] as NineNumbers,
    [-1, 0, 0, 0, -1, 0, 0, 0, -1] as NineNumbers,
  ]) {
    const q = quaternionOf(covariance);
    assert.ok(Math.abs(Math.hypot(...q) - 1) < 1e-9 && q[0] >= 0);
  }
  // Along a line the line is kept.
  assert.ok(Math.abs(rotationMatrix(quaternionOf(line))[8]! - 1) < 1e-9);
});
