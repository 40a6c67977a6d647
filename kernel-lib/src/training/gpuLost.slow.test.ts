import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { afterAll, beforeEach, test, vi } from "vitest";
import { repositoryRoot, softwareGpu, temporaryFolder } from "../../../tests/testing";
import { useBackend } from "../compute/backends";
import { GpuDevice } from "../compute/gpu/gpuDevice";
import { GpuFailure } from "../compute/gpu/gpuFailure";
import { readMap } from "../maps/mapFile";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { simulateLinearMotion } from "../simulate/designs";
import { Run } from "./runs/run";
import type { TrainingSettings } from "./settings";
import { trainInThisThread } from "./train";

/** On SwiftShader, a software GPU. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

/** Settings of a training of 32 particles of 24² pixels with 24 Gaussians. */
async function tiny(folder: string): Promise<TrainingSettings> {
  await useBackend("wasm");
  const { consensus, star } = await simulateLinearMotion({
    ...{ folder, states: 8, particlesPerState: 4, range: 0.25, boxSize: 24, apix: 5, snr: 10, seed: 5 },
  });
  const grown = await growNeutralModel(await readMap(consensus), {
    ...{ resolution: 15, gaussians: 24, startGaussians: 24, boxSize: 24 },
  });
  const model = path.join(folder, "neutral.txt");
  await writeModelText(model, grown.model);
  return {
    ...{ particles: star, model, out: path.join(folder, "run"), poses: "file" },
    options: {
      latent: 1,
      vary: ["position"],
      epochs: 2,
      coarseEpochs: 1,
      batchSize: 16,
      hidden: [16, 16],
      featureSize: 4,
    },
  };
}

/** Loses the device in the first steps that are submitted after the call of the function that is returned. */
function losing() {
  const { submit } = GpuDevice.prototype;
  let armed = false;
  const spy = vi.spyOn(GpuDevice.prototype, "submit").mockImplementation(function (this: GpuDevice, passes) {
    submit.call(this, passes);
    if (armed) (this as unknown as { device: GPUDevice }).device.destroy();
  });
  const arm = () => {
    armed = true;
  };
  return { arm, repair: () => spy.mockRestore() };
}

test("a GPU lost in an epoch ends the training with a sentence; the run goes on from the epoch before, on the CPU too", async (t) => {
  const settings = await tiny(temporaryFolder(t));
  const { out } = settings;
  const { arm, repair } = losing();
  const gpu = { ...settings, engine: { engine: "webgpu" as const, threads: 1 }, onEpoch: arm };
  await assert
    .rejects(trainInThisThread(gpu), (error: Error) => {
      assert.ok(error instanceof GpuFailure && error.fault === "lost", String(error));
      assert.match(
        error.message,
        /^the GPU SwiftShader.* was lost \(.*\); the run is kept up to the end of epoch 1: go on with --resume/,
      );
      return true;
    })
    .finally(repair);
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
