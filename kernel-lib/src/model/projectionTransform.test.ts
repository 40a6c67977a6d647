import assert from "node:assert/strict";
import { test } from "vitest";
import { disc, sampleIndex } from "../fourier/disc";
import { halfWidth } from "../fourier/fft";
import { ReferenceEngine } from "../projection/reference";
import { Random } from "../random";
import { emptyModel, Row } from "./gaussianModel";
import { uniformRotations } from "./projectionFrc";
import { projectionTransform } from "./projectionTransform";

for (const boxSize of [20, 21]) {
  test(`the transform of a projection in a box of ${boxSize} equals that of the reference engine`, async () => {
    const model = emptyModel(6, boxSize, 2);
    const random = new Random(8);
    for (let i = 0; i < 6; i++) {
      for (let axis = 0; axis < 3; axis++) model.params[axis * 6 + i] = 0.6 * (random.uniform() - 0.5);
      model.params[Row.amplitude * 6 + i] = 0.5 + random.uniform();
      model.params[Row.sigma * 6 + i] = 0.6 + random.uniform();
    }
    const rotations = uniformRotations(3);
    const shifts = Float32Array.of(0.05, -0.02, 0, 0, -0.1, 0.03);
    const rings = 9;
    const batch = { count: 3, gaussians: 6, model: model.params, rotations, shifts };
    const expected = await new ReferenceEngine().project(batch, { boxSize, rings });
    const layout = disc(rings);
    const width = halfWidth(boxSize);
    const half = new Float64Array(2 * width * boxSize);
    for (let n = 0; n < 3; n++) {
      const shift = [shifts[2 * n]!, shifts[2 * n + 1]!] as const;
      projectionTransform(model, { rotation: rotations, rotationAt: 9 * n, shift }, half);
      for (let kx = 0; kx <= rings; kx++) {
        for (let ky = -rings; ky <= rings; ky++) {
          const sample = sampleIndex(rings, kx, ky);
          if (layout.multiplicity[sample] === 0) continue;
          for (const part of [0, 1]) {
            const ours = half[2 * (kx + width * ((ky + boxSize) % boxSize)) + part]!;
            const theirs = expected[2 * (n * layout.samples + sample) + part]!;
            assert.ok(Math.abs(ours - theirs) < 1e-4, `(${kx}, ${ky}): ${ours} for ${theirs}`);
          }
        }
      }
    }
  });
}

test("uniform rotations are proper rotations from uniformly distributed directions", () => {
  const count = 200;
  const rotations = uniformRotations(count);
  const second = new Float64Array(9);
  for (let n = 0; n < count; n++) {
    const r = rotations.subarray(9 * n, 9 * n + 9);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const product = [0, 1, 2].reduce((sum, k) => sum + r[3 * i + k]! * r[3 * j + k]!, 0);
        assert.ok(Math.abs(product - (i === j ? 1 : 0)) < 1e-6);
        second[3 * i + j]! += (r[6 + i]! * r[6 + j]!) / count;
      }
    }
    const cross = r[0]! * r[4]! - r[1]! * r[3]!;
    assert.ok(Math.abs(cross - r[8]!) < 1e-6, "no reflection");
  }
  // Second moments of uniform directions are 1/3 along each axis, and 0 between axes.
  for (let i = 0; i < 9; i++) assert.ok(Math.abs(second[i]! - (i % 4 === 0 ? 1 / 3 : 0)) < 0.01);
});
