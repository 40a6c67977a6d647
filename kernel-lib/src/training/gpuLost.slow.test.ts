import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { afterAll, beforeEach, test, vi } from "vitest";
import { repositoryRoot, softwareGpu, temporaryFolder } from "../../../tests/testing";
import { GpuDevice } from "../compute/gpu/gpuDevice";
import { GpuFailure } from "../compute/gpu/gpuFailure";
import { Run } from "./runs/run";
import { smallTraining } from "./smallTraining.test.helper";
import { trainInThisThread } from "./train";

/** On SwiftShader, a software GPU. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

const { settings } = smallTraining();

/** Loses the device at its step number `step` of those with particles. */
function losingAt(step: number) {
  const { submit } = GpuDevice.prototype;
  let steps = 0;
  return vi.spyOn(GpuDevice.prototype, "submit").mockImplementation(function (this: GpuDevice, ...args) {
    submit.apply(this, args);
    steps++;
    if (steps === step) (this as unknown as { device: GPUDevice }).device.destroy();
  });
}

test("a GPU lost in an epoch ends the training with a sentence; the run goes on from the epoch before, on the CPU too", async (t) => {
  const out = path.join(temporaryFolder(t), "run");
  const options = { epochs: 2, coarseEpochs: 1, batchSize: 64, hidden: [16, 16], featureSize: 8 };
  const base = settings(out, options);
  const gpu = { ...base, engine: { engine: "webgpu" as const, threads: 1 } };
  // A step of the test at the start, 7 steps an epoch.
  const spy = losingAt(1 + 7 + 3);
  await assert
    .rejects(trainInThisThread(gpu), (error: Error) => {
      assert.ok(error instanceof GpuFailure && error.fault === "lost", String(error));
      assert.match(
        error.message,
        /^the GPU SwiftShader.* was lost \(.*\); the run is kept up to the end of epoch 1: go on with --resume/,
      );
      return true;
    })
    .finally(() => spy.mockRestore());
  // The same without its GPU: no driver is found.
  const resume = [path.join(repositoryRoot, "kernel-lib/bin/e2gmm.js"), "train", "--out", out, "--resume"];
  const env = { ...process.env, VK_DRIVER_FILES: "/nowhere/no_icd.json" };
  const { status, stdout, stderr } = spawnSync(process.execPath, resume, { encoding: "utf8", env });
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    /note: the run was started with the engine webgpu; it continues with wasm: GPU: not available, /,
  );
  const run = await Run.open(out);
  assert.equal(run.record.status, "complete");
  assert.deepEqual(
    run.history.map(({ epoch }) => epoch),
    [1, 2],
  );
  run.close();
});
