import assert from "node:assert/strict";
import { test } from "vitest";
import type { Volume } from "../maps/volume";
import { rotationFromVector } from "../optics/pose";
import { Random } from "../random";
import { modelDensity } from "./density";
import { mergedModels, movedModel, rescaledModel } from "./edit";
import { emptyModel, type GaussianModel, pickGaussians, Row } from "./gaussianModel";
import { gaussiansInRegion, maskFlags } from "./regions";
import { displacements, rigidMotion } from "./rigidMotion";

function randomModel(count: number, seed = 1): GaussianModel {
  const model = emptyModel(count, 32, 2);
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) model.params[axis * count + i] = 0.5 * (random.uniform() - 0.5);
    model.params[Row.amplitude * count + i] = 0.5 + random.uniform();
    model.params[Row.sigma * count + i] = 1 + random.uniform();
  }
  return model;
}

function closeTo(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what = "value") {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(
      Math.abs(actual[i]! - expected[i]!) <= tolerance,
      `${what} ${i}: ${actual[i]} for ${expected[i]}`,
    );
  }
}

test("regions select by mask, box and sphere", () => {
  const model = emptyModel(3, 32, 2);
  model.params.set([-0.25, 0, 0.25]);
  model.params.fill(1, 9);
  const mask: Volume = { data: new Float32Array(16 ** 3), size: [16, 16, 16], apix: 4 };
  // Voxel 12 along x is (12 − 8)/16 = 0.25 box units from the origin.
  mask.data[12 + 16 * (8 + 16 * 8)] = 1;
  assert.deepEqual([...maskFlags(model, mask)], [0, 0, 1]);
  assert.deepEqual([...gaussiansInRegion(model, { mask })], [2]);
  assert.deepEqual(
    [...gaussiansInRegion(model, { lowest: [-0.3, -0.1, -0.1], highest: [0, 0.1, 0.1] })],
    [0, 1],
  );
  assert.deepEqual([...gaussiansInRegion(model, { centre: [0.2, 0, 0], radius: 0.06 })], [2]);
});

test("a mask of another box length is refused with both lengths", () => {
  const mask: Volume = { data: new Float32Array(8), size: [2, 2, 2], apix: 4 };
  assert.throws(
    () => maskFlags(randomModel(1), mask, "mask.mrc"),
    /mask\.mrc: expected a box of 64\.0 Å.*found 8\.0 Å/,
  );
  const slab: Volume = { data: new Float32Array(4096), size: [32, 32, 4], apix: 2 };
  assert.throws(
    () => maskFlags(randomModel(1), slab, "slab.mrc"),
    /slab\.mrc: expected a box of 64\.0 Å .* like the model, found 64\.0 × 64\.0 × 8\.0 Å \(32×32×4 voxels/,
  );
  const rounded: Volume = { data: new Float32Array(48 ** 3).fill(1), size: [48, 48, 48], apix: 1.334 };
  assert.deepEqual([...maskFlags(randomModel(1), rounded)], [1]);
});

test("picking the parts of a model and merging them gives the model", () => {
  const model = randomModel(7);
  assert.deepEqual(
    mergedModels([pickGaussians(model, [0, 1, 2]), pickGaussians(model, [3, 4, 5, 6])]),
    model,
  );
  assert.throws(
    () => mergedModels([model, rescaledModel(model, 16)]),
    /model 2: expected a box of 32 pixels/,
  );
});

test("a model in another box has the same density at every position in Å", () => {
  const model = randomModel(9);
  const expected = modelDensity(model, { boxSize: 40, apix: 1.5 }).data;
  for (const other of [rescaledModel(model, 24), rescaledModel(model, 50, 1.7)]) {
    closeTo(modelDensity(other, { boxSize: 40, apix: 1.5 }).data, expected, 2e-5, "voxel");
  }
  assert.equal(rescaledModel(model, 24).apix, (32 * 2) / 24);
});

test("the known motion of a region is recovered: angle, axis, shift, and no residual", () => {
  const model = randomModel(12);
  const angle = 37;
  const axis = [2 / 3, -1 / 3, 2 / 3];
  const vector = axis.map((v) => (v * angle * Math.PI) / 180) as [number, number, number];
  const moved = movedModel(model, rotationFromVector(vector), [1, -2, 3]);
  const motion = rigidMotion(model, moved);
  assert.ok(Math.abs(motion.angle - angle) < 1e-3, `angle ${motion.angle}`);
  closeTo(motion.axis, axis, 1e-5, "axis");
  assert.ok(motion.rmsd < 1e-5);
  // The motion rotates about the region's centre, then shifts it.
  const boxLength = 64;
  const i = 4;
  const place = [0, 1, 2].map((row) => boxLength * model.params[row * 12 + i]! - motion.centre[row]!);
  const expected = [0, 1, 2].map((row) => boxLength * moved.params[row * 12 + i]!);
  const predicted = [0, 1, 2].map(
    (row) =>
      place.reduce((sum, v, column) => sum + motion.rotation[3 * row + column]! * v, 0) +
      motion.centre[row]! +
      motion.shift[row]!,
  );
  closeTo(predicted, expected, 1e-4, "coordinate");
});

test("only the chosen Gaussians determine the motion, and a mirror image does not give a reflection", () => {
  const model = randomModel(10);
  const moved = movedModel(model, rotationFromVector([0, 0, Math.PI / 2]));
  const half = [0, 1, 2, 3, 4];
  const mixed = mergedModels([pickGaussians(moved, half), pickGaussians(model, [5, 6, 7, 8, 9])]);
  assert.ok(Math.abs(rigidMotion(model, mixed, half).angle - 90) < 1e-3);
  assert.ok(rigidMotion(model, mixed, [5, 6, 7, 8, 9]).angle < 1e-3);
  const mirrored = movedModel(model, [-1, 0, 0, 0, 1, 0, 0, 0, 1]);
  const r = rigidMotion(model, mirrored).rotation;
  const determinant =
    r[0]! * (r[4]! * r[8]! - r[5]! * r[7]!) -
    r[1]! * (r[3]! * r[8]! - r[5]! * r[6]!) +
    r[2]! * (r[3]! * r[7]! - r[4]! * r[6]!);
  assert.ok(Math.abs(determinant - 1) < 1e-9);
  assert.ok(rigidMotion(model, mirrored).rmsd > 1);
  assert.throws(() => rigidMotion(model, mixed, [1, 2]), /three Gaussians or more, found 2/);
});

test("displacements are vectors in Å, and need models of equal size", () => {
  const model = randomModel(3);
  const moved = movedModel(model, [1, 0, 0, 0, 1, 0, 0, 0, 1], [0.5, 0, -2]);
  closeTo(displacements(model, moved), [0.5, 0, -2, 0.5, 0, -2, 0.5, 0, -2], 1e-5);
  assert.throws(() => displacements(model, randomModel(4)), /second model: expected 3 Gaussians/);
});
