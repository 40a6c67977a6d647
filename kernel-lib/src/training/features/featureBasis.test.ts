import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { test } from "vitest";
import { useBackend } from "../../compute/backends";
import { Random } from "../../random";
import { type GradientComponents, tensorComponents } from "./components";
import { FeatureBasis } from "./featureBasis";
import type { GradientSource } from "./gradientSource";

let basis: FeatureBasis;

const fitting = {
  rows: Int32Array.from({ length: 40 }, (_, i) => i),
  rings: [1],
  components: 4,
  seed: 1,
};

/** Gradients of 40 particles in two Gaussians, of random numbers. */
function source(): GradientSource {
  const random = new Random(3);
  const each = 10;
  const all = Float32Array.from({ length: 40 * each }, () => random.normal());
  const gradients = async (particles: Int32Array) => {
    const out = new Float32Array(particles.length * each);
    for (const [i, p] of particles.entries()) out.set(all.subarray(p * each, (p + 1) * each), i * each);
    return out;
  };
  return {
    count: 40,
    gaussians: 2,
    particlesPerPass: 128,
    unitsPerParticle: 1,
    gradients,
    share: () => {},
    projector: (of: GradientComponents) => tensorComponents(of, gradients),
  } as unknown as GradientSource;
}

for (const [name, work] of Object.entries({
  "while the basis is fitted": () => FeatureBasis.fit(source(), fitting),
  "while particles are projected": async () => basis.project(source()),
})) {
  for (const failing of [0, 1, 3, 5]) {
    test(`a read that fails ${name}, after ${failing} others, leaves no tensor behind`, async () => {
      await useBackend("wasm");
      basis ??= await FeatureBasis.fit(source(), fitting);
      const { numTensors } = tf.memory();
      const { prototype } = tf.Tensor;
      const { data } = prototype;
      let reads = 0;
      let failed = false;
      prototype.data = function (this: tf.Tensor) {
        if (reads++ < failing) return data.call(this) as never;
        failed = true;
        return Promise.reject(new Error("the device is lost"));
      };
      try {
        await work().catch((error: Error) => assert.match(error.message, /the device is lost/));
      } finally {
        prototype.data = data;
      }
      assert.ok(failed || failing > 0);
      assert.equal(tf.memory().numTensors, numTensors);
    });
  }
}
