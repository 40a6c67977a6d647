import assert from "node:assert/strict";
import { test } from "vitest";
import { rotationFromEuler, rotationFromVector } from "../../optics/pose";
import { product } from "../../optics/symmetry";
import { Random } from "../../random";
import { commonFrame, poseChange, withoutFrame } from "./commonFrame";
import { perturbed } from "./wrongPoses.test.helper";

function randomPoses(count: number) {
  const random = new Random(2);
  const poses = { rotations: new Float64Array(9 * count), shifts: new Float64Array(2 * count) };
  for (let i = 0; i < count; i++) {
    const tilt = (Math.acos(1 - 2 * random.uniform()) * 180) / Math.PI;
    rotationFromEuler([360 * random.uniform(), tilt, 360 * random.uniform()], poses.rotations, 9 * i);
    poses.shifts.set([random.normal(), random.normal()], 2 * i);
  }
  return poses;
}

/** Poses that show a reference x → R·x + shift as the given ones show x. */
function moved(poses: ReturnType<typeof randomPoses>, rotation: Float64Array, shift: number[]) {
  const back = Float64Array.from({ length: 9 }, (_, j) => rotation[3 * (j % 3) + Math.floor(j / 3)]!);
  const out = { rotations: poses.rotations.slice(), shifts: poses.shifts.slice() };
  for (let i = 0; 2 * i < out.shifts.length; i++) {
    const own = product(poses.rotations.subarray(9 * i, 9 * i + 9), back);
    out.rotations.set(own, 9 * i);
    for (const axis of [0, 1]) {
      for (let k = 0; k < 3; k++) out.shifts[2 * i + axis]! -= own[3 * axis + k]! * shift[k]!;
    }
  }
  return out;
}

const turn = rotationFromVector([0.2, -0.1, 0.3]) as Float64Array;
const shift = [1, -2, 3];

test("a motion that all poses share is found, and taken out without a trace", () => {
  const poses = randomPoses(40);
  const other = moved(poses, turn, shift);
  const frame = commonFrame(poses, other);
  assert.ok(frame.rotation.every((x, j) => Math.abs(x - turn[j]!) < 1e-9));
  assert.ok(
    frame.shift.every((x, j) => Math.abs(x - shift[j]!) < 1e-4),
    String(frame.shift),
  );
  const same = withoutFrame(other, frame);
  assert.ok(same.rotations.every((x, j) => Math.abs(x - poses.rotations[j]!) < 1e-9));
  assert.ok(same.shifts.every((x, j) => Math.abs(x - poses.shifts[j]!) < 1e-4));
});

test("errors of single poses are reported apart from what all share", () => {
  const poses = randomPoses(2000);
  const change = poseChange(
    poses,
    moved(perturbed(poses, { rotation: 3, shift: 1.5 }) as never, turn, shift),
  );
  assert.ok(Math.abs(change.angle.rms - 3 * Math.sqrt(3)) < 0.2, `${change.angle.rms}`);
  assert.ok(Math.abs(change.shift.rms - 1.5 * Math.sqrt(2)) < 0.1, `${change.shift.rms}`);
  assert.ok(change.angle.median < change.angle.rms && change.angle.p90 < change.angle.p99);
  assert.ok(Math.abs(change.common.angle - (Math.hypot(0.2, 0.1, 0.3) * 180) / Math.PI) < 0.3);
  assert.ok(Math.abs(change.common.shift - Math.hypot(...shift)) < 0.3, `${change.common.shift}`);
});

test("where all particles have the same view, the frame is still finite", () => {
  const poses = { rotations: rotationFromEuler([10, 20, 30]), shifts: [1, 2] };
  const frame = commonFrame(poses, { ...poses, shifts: [2, 1] });
  assert.ok([...frame.rotation, ...frame.shift].every(Number.isFinite));
});
