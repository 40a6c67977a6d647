import assert from "node:assert/strict";
import { test } from "vitest";
import { coreMotion } from "../../model/rigidMotion";
import { rotationFromEuler, rotationFromVector } from "../../optics/pose";
import { ReferenceEngine } from "../../projection/reference";
import { moleculeWithDomains } from "../../simulate/molecule";
import { withoutSharedMotion } from "./sharedMotion";

const box = { boxSize: 24, apix: 4 };
const boxLength = box.boxSize * box.apix;
const base = moleculeWithDomains(box, [[0.15, 0.1, 0]]);
const turn = rotationFromVector([0.05, 0.1, -0.08]);
const by = [0.02, -0.03, 0.01];

/** The model turned and moved as a body. */
function movedBody(params: Float32Array): Float32Array {
  const n = params.length / 5;
  const out = params.slice();
  for (let i = 0; i < n; i++) {
    for (let axis = 0; axis < 3; axis++) {
      out[axis * n + i] = by[axis]!;
      for (let k = 0; k < 3; k++) out[axis * n + i]! += turn[3 * axis + k]! * params[k * n + i]!;
    }
  }
  return out;
}

test("a rigid motion is found although a domain moves by itself", () => {
  const moved = moleculeWithDomains(box, [[0.15, -0.1, 0.05]]);
  const { rotation, shift } = coreMotion(base, { ...base, params: movedBody(moved.params) });
  assert.ok(
    rotation.every((x, j) => Math.abs(x - turn[j]!) < 2e-3),
    String(rotation),
  );
  assert.ok(
    shift.every((x, j) => Math.abs(x - by[j]! * boxLength) < 0.05),
    String(shift),
  );
});

test("what the decoder moves as a body becomes part of the pose, and the image stays the same", async () => {
  const rotations = rotationFromEuler([30, 60, 10]);
  const poses = { rotations, shifts: Float64Array.of(3, -2), places: Float32Array.of(1) };
  const decoder = { latent: 1, decode: () => movedBody(base.params) };
  const { shared, ...own } = await withoutSharedMotion(poses, { decoder, base }, {});
  assert.ok(Math.abs(shared.angle - (Math.hypot(0.05, 0.1, 0.08) * 180) / Math.PI) < 0.01, `${shared.angle}`);
  assert.ok(Math.abs(shared.shift - Math.hypot(...by) * boxLength) < 0.01, `${shared.shift}`);
  const engine = new ReferenceEngine();
  const project = (model: Float32Array, r: ArrayLike<number>, t: ArrayLike<number>) =>
    engine.project(
      {
        ...{ count: 1, gaussians: base.count, model, rotations: Float32Array.from(r) },
        shifts: Float32Array.from(t, (x) => x / boxLength),
      },
      { boxSize: box.boxSize, rings: 8 },
    );
  const moved = (await project(movedBody(base.params), rotations, poses.shifts)).slice();
  const still = await project(base.params, own.rotations, own.shifts);
  const largest = moved.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  assert.ok(moved.every((x, i) => Math.abs(x - still[i]!) < 1e-3 * largest));
});

test("without axes nothing is taken out", async () => {
  const poses = {
    ...{
      rotations: rotationFromEuler([1, 2, 3]),
      shifts: Float64Array.of(1, 2),
      places: new Float32Array(0),
    },
  };
  const decoder = { latent: 0, decode: () => assert.fail("there is nothing to decode") };
  const { shared, rotations, shifts } = await withoutSharedMotion(poses, { decoder, base }, {});
  assert.deepEqual(shared, { angle: 0, shift: 0 });
  assert.deepEqual([...rotations, ...shifts], [...poses.rotations, 1, 2]);
});
