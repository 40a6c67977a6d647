import assert from "node:assert/strict";
import { afterAll, beforeEach, test, vi } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { GpuDevice } from "../../compute/gpu/gpuDevice";
import { GpuFailure } from "../../compute/gpu/gpuFailure";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { requireSameStep } from "./stepTest";

/** On SwiftShader, a software GPU. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

/** Faults of a GPU, and what is said about them. */
const faults: { fault: (device: typeof GpuDevice.prototype) => () => void; message: RegExp }[] = [
  {
    // Products of layers of which the last columns are missing.
    fault: ({ dispatch }) => {
      const spy = vi.spyOn(GpuDevice.prototype, "dispatch").mockImplementation(function (
        this: GpuDevice,
        spec,
      ) {
        const { across = 0 } = spec.constants;
        const isProduct = spec.files.includes("denseForward");
        const constants = isProduct ? { ...spec.constants, across: across / 2 } : spec.constants;
        return dispatch.call(this, { ...spec, constants });
      });
      return () => spy.mockRestore();
    },
    message:
      /training step, gradients \(Adam's (first|second)\d+\), number \d+ of \d+: expected \S+, found \S+$/,
  },
  {
    // Twice the learning rate: the record of a step has 16 words, the fifth of which is the rate.
    fault: ({ write }) => {
      const spy = vi.spyOn(GpuDevice.prototype, "write").mockImplementation(function (
        this: GpuDevice,
        buffer,
        numbers,
        at,
      ) {
        const isStep = numbers instanceof Uint32Array && numbers.length === 16;
        if (isStep) new Float32Array(numbers.buffer)[4]! *= 2;
        write.call(this, buffer, numbers, at);
      });
      return () => spy.mockRestore();
    },
    message: /training step, \S+: expected a change of \S+, found one that differs from it by \S+$/,
  },
];

test("a GPU that takes a training step as the CPU does passes; one with a fault is refused with what it is", async () => {
  const engine = new GpuEngine();
  try {
    await requireSameStep(engine);
    for (const { fault, message } of faults) {
      const repair = fault(GpuDevice.prototype);
      await assert
        .rejects(requireSameStep(engine), (error: Error) => {
          assert.ok(error instanceof GpuFailure && error.fault === "wrong", String(error));
          assert.match(error.message, message);
          return true;
        })
        .finally(repair);
    }
  } finally {
    await engine.dispose();
  }
});
