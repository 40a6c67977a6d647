import assert from "node:assert/strict";
import { test } from "vitest";
import { emptyModel } from "../../model/gaussianModel";
import { GaussianHead } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import type { EpochParts } from "../stepParts";
import { unsupported } from "./unsupported";

/** What is not supported of a model with these axes and rigid bodies. */
function obstacle(latent: number, bodies?: Uint8Array, base?: object): string | undefined {
  const neutral = emptyModel(4, 16, 1);
  neutral.params.forEach((_, i) => {
    neutral.params[i] = i / 20;
  });
  const head = new GaussianHead(neutral, ["position"], { bodies });
  const spec = { latent, featureSize: 3, hidden: [4], dropout: 0.1 };
  const model = new LatentModel(spec, head, undefined, 1);
  model.dispose();
  return unsupported({ context: { base } as unknown as EpochParts["context"], model });
}

test("what kernels for training steps do not do is told in words", () => {
  assert.equal(obstacle(8), undefined);
  assert.equal(obstacle(9), "9 axes (at most 8)");
  assert.equal(obstacle(1, Uint8Array.of(1, 1, 1, 0)), undefined);
  assert.equal(obstacle(1, undefined, {}), "axes of several earlier runs that stay as they are");
});
