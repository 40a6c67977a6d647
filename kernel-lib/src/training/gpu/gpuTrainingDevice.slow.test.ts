import { afterAll, beforeAll, beforeEach } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { useBackend } from "../../compute/backends";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { testDevice } from "../device/deviceCases.test.helper";

/** On SwiftShader, a software GPU. One device for all tests: it compiles kernels once. */

const before = process.env["VK_DRIVER_FILES"];
const gpu = new GpuEngine();
beforeAll(() => useBackend("wasm"));
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(async () => {
  await gpu.dispose();
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

testDevice(() => gpu, "GPU");
