import assert from "node:assert/strict";
import { afterAll, beforeEach, test } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { GpuDevice } from "./gpuDevice";
import { GpuFailure, type GpuFault } from "./gpuFailure";

/** On SwiftShader, a software GPU. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

async function withDevice(task: (device: GpuDevice) => Promise<void>): Promise<void> {
  const device = await GpuDevice.open();
  try {
    await task(device);
  } finally {
    device.dispose();
  }
}

/** The device inside, which a driver may reset at any time. */
const inner = (device: GpuDevice) => (device as unknown as { device: GPUDevice }).device;

const failsWith = (fault: GpuFault, message: RegExp) => (error: Error) => {
  assert.ok(error instanceof GpuFailure, String(error));
  assert.equal(error.fault, fault);
  assert.match(error.message, message);
  assert.ok(!error.message.includes("\n"));
  return true;
};

const read = (device: GpuDevice, buffer: GPUBuffer) =>
  device.run([], 0, [{ buffer, to: new Float32Array(4) }]);

test("a device that is lost while results are read, or before, is an error that says so", () =>
  withDevice(async (device) => {
    const buffer = device.constants(Float32Array.of(1, 2, 3, 4));
    await read(device, buffer);
    const reading = read(device, buffer);
    inner(device).destroy();
    await assert.rejects(reading, failsWith("lost", /^the GPU SwiftShader.* was lost/));
    await assert.rejects(read(device, buffer), failsWith("lost", /was lost/));
    await assert.rejects(device.idle(), failsWith("lost", /was lost/));
    const spec = { files: ["place"], constants: {}, buffers: [], groups: () => [1, 1, 1] as const };
    await assert.rejects(device.dispatch(spec), failsWith("lost", /was lost/));
  }));

test("a command that the device refuses is an error, and so is everything after it", () =>
  withDevice(async (device) => {
    const buffer = device.buffer(64);
    inner(device).queue.writeBuffer(buffer, 64, new Float32Array(4));
    await assert.rejects(device.idle(), failsWith("invalid", /^the GPU SwiftShader.* refused a command: /));
    await assert.rejects(read(device, buffer), failsWith("invalid", /refused a command/));
  }));

test("memory that runs out is an error that says how much was asked for", () =>
  withDevice(async (device) => {
    const buffer = device.buffer(3 * 2 ** 20);
    // SwiftShader has the machine's memory, which is not to be filled: the event that a card sends.
    const error = new GPUOutOfMemoryError("the allocation failed");
    inner(device).onuncapturederror!.call(inner(device), { error } as unknown as GPUUncapturedErrorEvent);
    await assert.rejects(
      read(device, buffer),
      failsWith("memory", /has not enough memory for 0\.0029 GiB: the allocation failed$/),
    );
  }));

test("a kernel that does not compile is an error that names it", () =>
  withDevice(async (device) => {
    const spec = { files: ["product"], constants: {}, buffers: [], groups: () => [1, 1, 1] as const };
    await assert.rejects(device.dispatch(spec), failsWith("invalid", /kernel product does not compile/));
  }));

test("a buffer larger than the GPU allows is refused before it is asked for", () =>
  withDevice(async (device) => {
    const most = device.largestBuffer;
    assert.ok(most >= 2 ** 30, `${most}`);
    assert.throws(
      () => device.buffer(most + 4),
      failsWith("size", /allows buffers of [\d.]+ GiB, and [\d.]+ GiB are needed$/),
    );
    await device.idle();
  }));

test("the peak of the memory counts what is in use at a time", () =>
  withDevice(async (device) => {
    for (let i = 0; i < 5; i++) {
      const buffers = [device.buffer(1000), device.buffer(3000)];
      for (const buffer of buffers) buffer.destroy();
      buffers[0]!.destroy();
    }
    assert.equal(device.peakBytes, 4000);
    device.buffer(3000);
    device.buffer(3000);
    assert.equal(device.peakBytes, 6000);
  }));
