import assert from "node:assert/strict";
import { afterAll, beforeEach, test, vi } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { GpuDevice } from "../../compute/gpu/gpuDevice";
import { GpuFailure } from "../../compute/gpu/gpuFailure";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { requireSameTraining } from "./selfTest";

/** On SwiftShader, a software GPU. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

/** Compiles kernels with other sizes. */
function withSizes(file: string, sizes: (right: Record<string, number>) => Record<string, number>) {
  return () => {
    const { dispatch } = GpuDevice.prototype;
    const spy = vi.spyOn(GpuDevice.prototype, "dispatch").mockImplementation(function (
      this: GpuDevice,
      spec,
    ) {
      const { constants } = spec;
      const wrong = spec.files.includes(file) ? { ...constants, ...sizes(constants) } : constants;
      return dispatch.call(this, { ...spec, constants: wrong });
    });
    return () => spy.mockRestore();
  };
}

/** Faults of a GPU, and what is said about them. */
const faults: { fault: (device: typeof GpuDevice.prototype) => () => void; message: RegExp }[] = [
  {
    // Products of layers of which the last columns are missing.
    fault: withSizes("denseForward", ({ across }) => ({ across: across! / 2 })),
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
  {
    // Gradients of which the last are missing.
    fault: withSizes("unitGradient", ({ unitGaussians }) => ({ unitGaussians: unitGaussians! / 2 })),
    message: /: encoder input, number \d+ of \d+: expected \S+, found \S+$/,
  },
  {
    // Places of which one axis is not learned.
    fault: withSizes("regress", () => ({ latent: 1 })),
    message: /: places of a taught encoder, number \d+ of \d+: expected \S+, found \S+$/,
  },
];

test("a GPU that trains as the CPU does passes; one with a fault is refused with what it is", async () => {
  const engine = new GpuEngine();
  try {
    await requireSameTraining(engine);
    for (const { fault, message } of faults) {
      const repair = fault(GpuDevice.prototype);
      await assert
        .rejects(requireSameTraining(engine), (error: Error) => {
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
