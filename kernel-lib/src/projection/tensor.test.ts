import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { test } from "vitest";
import { useBackend } from "../compute/backends";
import { examples, expectAgreement } from "./agreement";
import { exampleBatch } from "./examples";
import { ReferenceEngine } from "./reference";
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

test("the tensor engine leaves no tensors on the device", async () => {
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

test("a batch in several parts gives the same result as in one", async () => {
  await useBackend("wasm");
  const engine = new TensorEngine();
  const options = { gaussians: 5000, boxSize: 128, rings: 60, targetRings: 62, ownWeights: true };
  // 5,000 Gaussians and 60 rings: 13 particles are one part.
  const { batch, request } = exampleBatch({ ...options, count: 15 });
  const own = request.ringWeights.length / 15;
  const all = await engine.evaluate(batch, request);
  const last = await engine.evaluate(
    {
      ...batch,
      count: 1,
      model: batch.model.slice(-5 * 5000),
      rotations: batch.rotations.slice(-9),
      shifts: batch.shifts.slice(-2),
      targets: batch.targets.slice(-batch.targets.length / 15),
    },
    { ...request, ringWeights: request.ringWeights.slice(-own) },
  );
  for (const name of ["frc", "score", "modelGradient", "rotationGradient", "shiftGradient"] as const) {
    const expected = last[name]!;
    assert.deepEqual(all[name]!.slice(-expected.length), expected, name);
  }
  await engine.dispose();
});

test("Gaussians of amplitude 0 have an FRC of 0 and finite gradients", async () => {
  await useBackend("wasm");
  const { batch, request } = exampleBatch({ count: 2, gaussians: 6, boxSize: 16, shared: true });
  batch.model.fill(0, 3 * 6, 4 * 6);
  const engine = new TensorEngine();
  const found = await engine.evaluate(batch, request);
  const expected = await new ReferenceEngine().evaluate(batch, request);
  assert.deepEqual(found.frc, expected.frc);
  assert.ok(found.frc.every((value) => value === 0));
  for (const name of ["modelGradient", "rotationGradient", "shiftGradient"] as const) {
    assert.ok(found[name]!.every(Number.isFinite), name);
    assert.deepEqual(found[name]!.map(Math.abs), expected[name]!.map(Math.abs), name);
  }
  await engine.dispose();
});
