import assert from "node:assert/strict";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../compute/backends";
import { examples, expectAgreement } from "./agreement";
import { exampleBatch } from "./examples";
import { TensorEngine } from "./tensor";

const small = examples.filter(({ gaussians }) => gaussians < 400);

for (const backend of ["wasm", "cpu"] as const) {
  for (const options of small) {
    const { gaussians, boxSize, rings } = options;
    const name = `N ${gaussians}, S ${boxSize}${rings ? `, rings to ${rings}` : ""}`;
    test(`tensor operations agree with the reference on ${backend}: ${name}`, async () => {
      await useBackend(backend);
      const engine = new TensorEngine();
      await expectAgreement(engine, options);
      await engine.dispose();
    });
  }
}

test("tensor operations leave nothing behind on the device", async () => {
  await useBackend("wasm");
  const kept = tf.memory().numTensors;
  const engine = new TensorEngine();
  const { batch, request } = exampleBatch({ count: 2, gaussians: 10, boxSize: 16 });
  await engine.evaluate(batch, request);
  const once = tf.memory().numTensors;
  await engine.evaluate(batch, request);
  await engine.project(batch, request);
  assert.equal(tf.memory().numTensors, once);
  await engine.dispose();
  assert.equal(tf.memory().numTensors, kept);
});
