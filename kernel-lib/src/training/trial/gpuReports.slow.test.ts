import assert from "node:assert/strict";
import { afterAll, beforeEach, test } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { listGpus } from "../../compute/adapters";
import { GpuDevice } from "../../compute/gpu/gpuDevice";
import { measureGpuHere, standardStep } from "./gpuReports";

/** On SwiftShader, a software GPU. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

test("GPUs are listed, opened by their number, and another number is an error that lists them", async () => {
  const gpus = await listGpus();
  assert.equal(gpus.length, 1);
  const [{ index, name, software, api }] = gpus as [(typeof gpus)[number]];
  assert.deepEqual([index, software, api], [0, true, "vulkan"]);
  assert.match(name, /^SwiftShader/);
  const device = await GpuDevice.open(0);
  assert.ok(device.isSoftware);
  device.dispose();
  await assert.rejects(GpuDevice.open(3), (error: Error) => {
    assert.match(error.message, /^gpu: expected one of 0 \(SwiftShader.*\), found 3$/);
    return true;
  });
});

test("a GPU is reported with its rate and the time of a step", async () => {
  const { head, ...rest } = standardStep();
  const small = { ...rest, head, batchSize: 2, spec: { ...rest.spec, hidden: [8] } };
  const { reason, gflops, stepMilliseconds } = await measureGpuHere(0, small, {
    rows: 8,
    inputs: 32,
    outputs: 100,
  });
  assert.equal(reason, undefined);
  assert.ok(gflops! > 0 && stepMilliseconds! > 0);
  assert.match((await measureGpuHere(5, small)).reason!, /^gpu: expected one of 0/);
});
