import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { type GaussianModel, Row } from "../../model/gaussianModel";
import type { LatentModel } from "../../network/latentModel";
import { someModel, someNumbers } from "../../network/testData.test.helper";
import { contrastFrame, firstAxes } from "./kindContrast";

const neutral = someModel(6);
const { count: n } = neutral;

/** A model whose first two axes are both a mixture of a motion of one Gaussian and a change of another's amplitude. */
function mixedModel(mixture: number[][], latent: number): LatentModel {
  const decodeRaw = (z: Float32Array, count: number) => {
    const models = new Float32Array(count * 5 * n);
    for (let b = 0; b < count; b++) {
      models.set(neutral.params, b * 5 * n);
      const [moved, grown] = mixture.map((row) => row.reduce((sum, m, d) => sum + m * z[b * latent + d]!, 0));
      models[b * 5 * n + Row.x * n + 1]! += 0.02 * moved!;
      models[b * 5 * n + Row.amplitude * n + 4]! += 0.2 * grown!;
    }
    return models;
  };
  return { spec: { latent }, decodeRaw } as unknown as LatentModel;
}

/** What a unit step along each axis of a frame changes. */
function changes(model: LatentModel, frame: ReturnType<typeof contrastFrame>, latent: number) {
  return [0, 1].map((axis) => {
    const z = new Float32Array(latent);
    z.set(frame.toNetwork(Float32Array.of(Number(axis === 0), Number(axis === 1))));
    const decoded: GaussianModel["params"] = model.decodeRaw(z, 1);
    return {
      moved: Math.abs(decoded[Row.x * n + 1]! - neutral.params[Row.x * n + 1]!) / 0.02,
      grown: Math.abs(decoded[Row.amplitude * n + 4]! - neutral.params[Row.amplitude * n + 4]!) / 0.2,
    };
  });
}

describe("contrast of conformation and composition", () => {
  test.each([2, 3])(
    "a motion and a change of amplitude that share two of %i axes are told apart",
    (latent) => {
      const mixture = [[0.8, 0.6, 0].slice(0, latent), [0.5, -1.1, 0].slice(0, latent)];
      const model = mixedModel(mixture, latent);
      const z = someNumbers(1000 * latent, 1);
      const frame = contrastFrame(model, neutral, z, 2);
      const found = changes(model, frame, latent);
      found.sort((a, b) => b.moved - a.moved);
      const [motion, composition] = found;
      assert.ok(motion!.grown < 0.01 * motion!.moved, JSON.stringify(found));
      assert.ok(composition!.moved < 0.01 * composition!.grown, JSON.stringify(found));
      const y = frame.fromNetwork(firstAxes(z, latent, 2));
      for (const axis of [0, 1]) {
        const variance = y.reduce((sum, value, i) => sum + (i % 2 === axis ? value ** 2 / 1000 : 0), 0);
        assert.ok(Math.abs(variance - 1) < 1e-4, `variance of axis ${axis}: ${variance}`);
      }
    },
  );

  test("the first axes of places", () => {
    assert.deepEqual([...firstAxes(Float32Array.of(1, 2, 3, 4, 5, 6), 3, 2)], [1, 2, 4, 5]);
  });
});
