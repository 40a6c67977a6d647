import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { test } from "vitest";
import { exampleBatch } from "../projection/examples";
import { TensorEngine } from "../projection/tensor";
import { measureMatmul, useBackend } from "./backends";
import { readAndDispose, withTensors } from "./tensors";

/** Makes every read of a tensor fail while `work` runs, as on a device that is lost or out of memory. */
async function withoutReads(work: () => Promise<unknown>): Promise<void> {
  const { prototype } = tf.Tensor;
  const { data } = prototype;
  prototype.data = () => Promise.reject(new Error("the device is lost"));
  try {
    await assert.rejects(work(), /the device is lost/);
  } finally {
    prototype.data = data;
  }
}

const { batch, request } = exampleBatch({ count: 2, gaussians: 10, boxSize: 16 });
const engine = new TensorEngine();
const reads: Record<string, () => Promise<unknown>> = {
  "one tensor": () => readAndDispose(tf.zeros([3])),
  "several tensors": () =>
    withTensors(async (keep) => {
      const [a, b] = [keep(tf.ones([3])), keep(tf.ones([3]))];
      return readAndDispose(tf.add(a, b));
    }),
  "an evaluation": () => engine.evaluate(batch, request),
  "a projection": () => engine.project(batch, request),
  "the measurement of a backend": () => measureMatmul(),
};

for (const [name, read] of Object.entries(reads)) {
  test(`nothing stays allocated if the device cannot be read: ${name}`, async () => {
    await useBackend("wasm");
    // Tensors that the engine keeps for later calls already exist.
    await engine.evaluate(batch, request);
    const { numTensors } = tf.memory();
    await withoutReads(read);
    assert.equal(tf.memory().numTensors, numTensors);
  });
}

test("kept tensors are disposed of at the end, and the result is returned", async () => {
  await useBackend("wasm");
  const { numTensors } = tf.memory();
  const sum = await withTensors(async (keep) => {
    const a = keep(tf.ones([3]));
    const b = keep(tf.mul(a, 2));
    a.dispose();
    return readAndDispose(tf.sum(b));
  });
  assert.deepEqual(Array.from(sum), [6]);
  assert.equal(tf.memory().numTensors, numTensors);
});
