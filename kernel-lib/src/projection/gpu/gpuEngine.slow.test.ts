import assert from "node:assert/strict";
import { afterAll, beforeEach, test } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { expectAgreement, expectProducts } from "../agreement";
import { exampleBatch } from "../examples";
import { chooseSpread } from "../plan";
import type { PlanInput } from "../spreadPlan";
import { WasmEngine } from "../wasm";
import { GpuEngine } from "./gpuEngine";

/** On SwiftShader, a software GPU: slow, with the code path of a real one. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

/** Runs a task with an engine that is disposed of afterwards. */
async function withEngine<T>(
  options: ConstructorParameters<typeof GpuEngine>[0],
  task: (engine: GpuEngine) => Promise<T>,
): Promise<T> {
  const engine = new GpuEngine(options);
  try {
    return await task(engine);
  } finally {
    await engine.dispose();
  }
}

test("kernels agree with the reference: scores, gradients, products, one model for all particles", () =>
  withEngine({}, async (engine) => {
    await expectAgreement(engine, { count: 5, gaussians: 33, boxSize: 24, shared: true });
    await expectProducts(engine, { count: 2, gaussians: 33, boxSize: 24 });
  }));

test("more Gaussians than a workgroup has threads, targets with more rings, weights of their own: as the reference", () =>
  withEngine({}, (engine) =>
    expectAgreement(engine, {
      count: 2,
      gaussians: 300,
      boxSize: 32,
      rings: 9,
      targetRings: 12,
      ownWeights: true,
    }),
  ));

test("classes of widths agree with the reference, and a batch in parts gives the same bits as in one, twice", async () => {
  const example = exampleBatch({ count: 3, gaussians: 40, boxSize: 24, ownWeights: true });
  const n = example.batch.gaussians;
  // Widths in two groups, and an amplitude of 0.
  for (let i = 0; i < example.batch.model.length; i++) {
    const row = Math.floor(i / n) % 5;
    if (row === 4) example.batch.model[i] = i % 2 ? 0.9 : 2.1;
    if (row === 3 && i % n === 7) example.batch.model[i] = 0;
  }
  let classes = 0;
  const plan = (input: PlanInput) => {
    const found = chooseSpread(input);
    classes = found?.classes.length ?? 0;
    return found;
  };
  const all = await withEngine({ plan }, async (engine) => {
    await expectAgreement(engine, example);
    return engine.evaluate(example.batch, example.request);
  });
  assert.ok(classes > 1, `${classes} classes`);
  const parts = await withEngine({ most: 2 }, (engine) => engine.evaluate(example.batch, example.request));
  for (const [name, expected] of Object.entries(all)) assert.deepEqual(parts[name as "frc"], expected, name);
});

test("Gaussians whose widths fit no grid are left to the CPU", async () => {
  const { batch, request } = exampleBatch({ count: 1, gaussians: 3, boxSize: 8 });
  const cpu = new WasmEngine({ threads: 1 });
  const expected = await cpu.evaluate(batch, request);
  const found = await withEngine({ plan: () => undefined }, (engine) => engine.evaluate(batch, request));
  assert.deepEqual(found.frc, expected.frc);
  await cpu.dispose();
});
