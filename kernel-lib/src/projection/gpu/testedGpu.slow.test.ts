import assert from "node:assert/strict";
import { afterAll, beforeEach, test, vi } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { GpuDevice } from "../../compute/gpu/gpuDevice";
import { GpuFailure } from "../../compute/gpu/gpuFailure";
import { chooseEngine } from "../engines";
import { openTestedGpu, requireSame, requireSameProjections } from "./testedGpu";

/** On SwiftShader, a software GPU. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

/** A GPU that computes one kernel with other constants than it is given. */
function faulty(kernel: string, change: (constants: Record<string, number>) => Record<string, number>) {
  const { dispatch } = GpuDevice.prototype;
  return vi.spyOn(GpuDevice.prototype, "dispatch").mockImplementation(function (this: GpuDevice, spec) {
    if (!spec.files.includes(kernel)) return dispatch.call(this, spec);
    return dispatch.call(this, { ...spec, constants: change(spec.constants) });
  });
}

test("a GPU that computes as the CPU does passes; one with a fault is refused with what was expected and found", async () => {
  const device = await openTestedGpu();
  try {
    assert.match(device.name, /SwiftShader/);
    for (const [kernel, change, message] of [
      ["place", { boxSize: 25 }, /projections, number \d+ of \d+: expected \S+, found \S+$/],
      ["ringScore", { singles: 0 }, /FRC, number/],
      ["gather", { boxSize: 25 }, /gradient in the Gaussians, number/],
      ["products", { singles: 0 }, /products of projections, number/],
    ] as const) {
      const spy = faulty(kernel, (constants) => ({ ...constants, ...change }));
      await assert
        .rejects(
          requireSameProjections(device),
          (error: Error) => {
            assert.ok(error instanceof GpuFailure && error.fault === "wrong", String(error));
            assert.match(error.message, /^the GPU SwiftShader.* computes wrong and is not used: /);
            assert.match(error.message, message);
            return true;
          },
          kernel,
        )
        .finally(() => spy.mockRestore());
    }
    await requireSameProjections(device);
  } finally {
    device.dispose();
  }
});

test("the automatic choice leaves a GPU that computes wrong alone, and says why", async () => {
  const spy = faulty("place", (constants) => ({ ...constants, boxSize: constants["boxSize"]! + 1 }));
  try {
    const { engine, reason, gpuFailed } = await chooseEngine({ gpu: 0, threads: 1 });
    assert.deepEqual([engine.name, gpuFailed], ["wasm", true]);
    assert.match(reason!, /failed, the GPU .* computes wrong and is not used: projections/);
    await engine.dispose();
  } finally {
    spy.mockRestore();
  }
});

test("the automatic choice never takes a software adapter that is not asked for by its number", async () => {
  const { engine, reason } = await chooseEngine({ threads: 1 });
  assert.equal(engine.name, "wasm");
  assert.match(reason!, /^no GPU is used: SwiftShader.* is a program on the CPU; .*--gpu, E2GMM_GPU/);
  await engine.dispose();
});

test("numbers that are not finite are wrong, wherever they are", () => {
  const expected = Float32Array.of(1, 2, 3);
  for (const found of [Float32Array.of(1, Number.NaN, 3), Float32Array.of(Number.POSITIVE_INFINITY, 2, 3)]) {
    assert.throws(
      () => requireSame("X", { name: "numbers", found, expected, tolerance: 0.1 }),
      /found (NaN|Infinity)$/,
    );
  }
  requireSame("X", { name: "numbers", found: Float32Array.of(1, 2, 3.2), expected, tolerance: 0.1 });
});
