import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { rotationFromVector } from "../optics/pose";
import { turned } from "../optics/symmetry";
import { RigidBodies } from "./rigidBodies";
import { someModel, someNumbers } from "./testData.test.helper";

const n = 30;
const neutral = someModel(n);
/** Two bodies of ten; every third Gaussian moves on its own. */
const of = Uint8Array.from({ length: n }, (_, i) => i % 3);
const bodies = new RigidBodies(neutral.params, of);

/** A shape other than that of the neutral model. */
const shape = Float64Array.from(someNumbers(60, 5), (x) => 0.02 * x);
const unchanged = new Float64Array(60);
const shaped = Float64Array.from(neutral.params);
bodies.apply(shaped, shape);

/** Two models with every parameter changed. */
const changed = (size: number) =>
  Float64Array.from(someNumbers(10 * n, 3), (x, i) => neutral.params[i % (5 * n)]! + size * x);

const centre = (params: ArrayLike<number>, i: number): [number, number, number] => [
  params[i]!,
  params[n + i]!,
  params[2 * n + i]!,
];
const distance = (params: ArrayLike<number>, i: number, j: number) =>
  Math.hypot(...centre(params, i).map((x, axis) => x - centre(params, j)[axis]!));

describe("rigid bodies", () => {
  test("keep all distances within a body, however far they turn, and leave everything else alone", () => {
    for (const size of [0.01, 0.3]) {
      const before = changed(size);
      const after = before.slice();
      const tape = new Float64Array(2 * bodies.tapeLength);
      bodies.apply(after, shape, tape);
      for (const at of [0, 5 * n]) {
        const params = after.subarray(at, at + 5 * n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < i; j++) {
            if (of[i] === 0 || of[i] !== of[j]) continue;
            const error = Math.abs(distance(params, i, j) - distance(shaped, i, j));
            assert.ok(error < 1e-12, `${i} and ${j}: ${error}`);
          }
        }
        for (let k = 0; k < 5 * n; k++) {
          if (k >= 3 * n || of[k % n] === 0) assert.equal(after[at + k], before[at + k]);
        }
      }
      const angles = [0, 3, 6, 9].map((b) => Math.hypot(...tape.subarray(b, b + 3)));
      assert.ok(Math.max(...angles) > 0.5 * size);
    }
  });

  test("move by the mean offset, and turn by the rotation vector of offsets ω × r, through any angle", () => {
    for (const angle of [1e-5, 0.1, 2.5]) {
      const turn: [number, number, number] = [0.6 * angle, 0, 0.8 * angle];
      const shift = [0.02, -0.03, 0.01];
      const members = [...of.keys()].filter((i) => of[i] === 1);
      const middle = [0, 1, 2].map((a) =>
        members.reduce((s, i) => s + centre(neutral.params, i)[a]! / 10, 0),
      );
      const params = Float64Array.from(neutral.params);
      const arm = (i: number) => centre(neutral.params, i).map((x, a) => x - middle[a]!);
      for (const i of members) {
        const [x, y, z] = arm(i) as [number, number, number];
        const offset = [turn[1] * z - turn[2] * y, turn[2] * x - turn[0] * z, turn[0] * y - turn[1] * x];
        for (let a = 0; a < 3; a++) params[a * n + i]! += offset[a]! + shift[a]!;
      }
      bodies.apply(params, unchanged);
      const rotation = rotationFromVector(turn);
      for (const i of members) {
        const expected = turned(rotation, arm(i) as [number, number, number]);
        for (let a = 0; a < 3; a++) {
          assert.ok(Math.abs(params[a * n + i]! - middle[a]! - shift[a]! - expected[a]!) < 1e-9);
        }
      }
    }
  });

  test("neutral centres stay, but for the shape", () => {
    for (let i = 0; i < n; i++) {
      const first = of[i] === 1 ? 0 : 10;
      const k = first + [...of.keys()].filter((j) => j < i && of[j] === of[i]).length;
      for (let a = 0; a < 3; a++) {
        const expected = neutral.params[a * n + i]! + (of[i] === 0 ? 0 : shape[3 * k + a]!);
        assert.ok(Math.abs(shaped[a * n + i]! - expected) < 1e-12);
      }
    }
    const params = Float64Array.from(neutral.params);
    bodies.apply(params, unchanged);
    for (const [i, x] of params.entries()) assert.ok(Math.abs(x - neutral.params[i]!) < 1e-12);
  });

  // Small, large, and rotations of more than a right angle.
  test.for([1e-5, 0.05, 0.5])(
    "the gradient agrees with finite differences, for offsets of %f box units",
    (size) => {
      const raw = changed(size);
      const direction = Float64Array.from(someNumbers(10 * n, 11));
      const score = (params: Float64Array, own = shape) => {
        const models = params.slice();
        bodies.apply(models, own);
        return models.reduce((sum, x, i) => sum + direction[i]! * x, 0);
      };
      const tape = new Float64Array(2 * bodies.tapeLength);
      bodies.apply(raw.slice(), shape, tape);
      const gradient = direction.slice();
      const inShape = bodies.backward(gradient, shape, tape);
      const step = 1e-6;
      for (let i = 0; i < 10 * n; i++) {
        const at = (x: number) => score(Float64Array.from(raw, (value, k) => (k === i ? x : value)));
        const expected = (at(raw[i]! + step) - at(raw[i]! - step)) / (2 * step);
        assert.ok(Math.abs(gradient[i]! - expected) < 1e-7, `${i}: ${gradient[i]}, differences ${expected}`);
      }
      for (let i = 0; i < shape.length; i++) {
        const at = (by: number) =>
          score(
            raw,
            Float64Array.from(shape, (x, k) => (k === i ? x + by : x)),
          );
        const expected = (at(step) - at(-step)) / (2 * step);
        assert.ok(
          Math.abs(inShape[i]! - expected) < 1e-7,
          `shape ${i}: ${inShape[i]}, differences ${expected}`,
        );
      }
    },
  );

  test("one, two and three members on a line have no rotation that is not defined", () => {
    const line = Float32Array.from(neutral.params);
    for (let i = 0; i < 3; i++) for (let axis = 0; axis < 3; axis++) line[axis * n + i] = 0.1 * i;
    for (const count of [1, 2, 3]) {
      const few = new RigidBodies(
        line,
        Uint8Array.from({ length: n }, (_, i) => Number(i < count)),
      );
      const params = changed(0.1).subarray(0, 5 * n);
      const tape = new Float64Array(3);
      few.apply(params, new Float64Array(3 * count), tape);
      assert.ok(params.every(Number.isFinite));
      const along = Math.abs(tape[0]! + tape[1]! + tape[2]!) / Math.sqrt(3);
      assert.ok(along < 1e-9, `turned about the line by ${along}`);
      if (count === 1) assert.deepEqual([...tape], [0, 0, 0]);
      for (let i = 1; i < count; i++) {
        assert.ok(Math.abs(distance(params, 0, i) - distance(line, 0, i)) < 1e-9);
      }
    }
  });
});
