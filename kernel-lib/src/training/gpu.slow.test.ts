import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, type TestContext, test } from "vitest";
import { softwareGpu } from "../../../tests/testing";
import { useBackend } from "../compute/backends";
import { pearson } from "../latent/statistics";
import { readMap } from "../maps/mapFile";
import { growNeutralModel } from "../model/growNeutralModel";
import { writeModelText } from "../model/text";
import { simulateLinearMotion } from "../simulate/designs";
import { train } from "./background";
import type { TrainingSettings } from "./settings";

/**
 * Trainings on SwiftShader, a software GPU: slow, with sines accurate to 1e-4, but with the same code path as a real GPU.
 */

/** Data of the trainings: 64 particles of 20² pixels and 16 Gaussians with a strong signal, so that rounding does not decide. */
const folder = mkdtempSync(path.join(tmpdir(), "e2gmm-gpu-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let settings: Omit<TrainingSettings, "out">;

beforeAll(async () => {
  await useBackend("wasm");
  const { consensus, star } = await simulateLinearMotion({
    ...{ folder, states: 8, particlesPerState: 8, range: 0.25 },
    ...{ boxSize: 20, apix: 6, snr: 10, seed: 5 },
  });
  const grown = await growNeutralModel(await readMap(consensus), {
    ...{ resolution: 16, gaussians: 16, startGaussians: 16, boxSize: 20 },
  });
  const model = path.join(folder, "neutral.txt");
  await writeModelText(model, grown.model);
  settings = {
    ...{ particles: star, model, poses: "file" },
    options: {
      ...{ latent: 1, vary: ["position"], epochs: 2, coarseEpochs: 1, batchSize: 16 },
      ...{ hidden: [16, 16, 16], featureSize: 8 },
      // Both draw numbers of their own.
      ...{ dropout: 0, latentNoise: 0 },
    },
  };
});

/** Sets the Vulkan driver for the duration of a test. */
function offer(t: TestContext, env: Record<string, string>): void {
  const before = process.env["VK_DRIVER_FILES"];
  Object.assign(process.env, env);
  t.onTestFinished(() => {
    if (before === undefined) delete process.env["VK_DRIVER_FILES"];
    else process.env["VK_DRIVER_FILES"] = before;
  });
}

test("a training on the GPU agrees with one on the CPU", async (t) => {
  const env = softwareGpu(t);
  if (!env) return;
  offer(t, env);
  const trained = async (engine: "wasm" | "webgpu") => {
    const warnings: string[] = [];
    const out = path.join(folder, engine);
    const onWarning = (warning: string) => warnings.push(warning);
    const run = await train({ ...settings, out, backend: "wasm", engine: { engine, threads: 2 }, onWarning });
    run.close();
    assert.equal(run.record.status, "complete");
    assert.equal(run.record.program.engine, engine);
    assert.deepEqual([warnings, run.record.program.engineReason], [[], undefined]);
    const { gpu } = run.record.program;
    assert.equal(gpu?.adapter.startsWith("SwiftShader"), engine === "webgpu" ? true : undefined);
    assert.equal((gpu?.peakBytes ?? 0) > 10000, engine === "webgpu");
    return { latents: await run.latents(), history: run.history };
  };
  const cpu = await trained("wasm");
  const gpu = await trained("webgpu");
  assert.equal(gpu.history.length, 2);
  for (const [i, epoch] of gpu.history.entries()) {
    for (const what of ["trainFrc", "validationFrc", "validationScore"] as const) {
      const off = Math.abs(epoch[what] - cpu.history[i]![what]);
      assert.ok(off < 1e-3, `${what} of epoch ${i + 1}: ${epoch[what]}, on the CPU ${cpu.history[i]![what]}`);
    }
  }
  for (const which of ["encoder", "refined"] as const) {
    const r = pearson(gpu.latents[which], cpu.latents[which]);
    assert.ok(Math.abs(r) > 0.999, `${which}: correlation ${r} with that of the CPU`);
  }
});

test("a training whose step a GPU takes more slowly than the CPU uses the CPU, reports and records both", async (t) => {
  const env = softwareGpu(t);
  if (!env) return;
  offer(t, env);
  const warnings: string[] = [];
  const run = await train({
    ...settings,
    options: { ...settings.options, epochs: 1, coarseEpochs: 0 },
    out: path.join(folder, "run"),
    backend: "wasm",
    // A software adapter is tried only by its number.
    engine: { threads: 2, gpu: 0 },
    onWarning: (warning) => warnings.push(warning),
  });
  run.close();
  const { engine, engineReason, engineMilliseconds } = run.record.program;
  assert.equal(engine, "wasm");
  assert.ok(engineMilliseconds!.cpu > 0);
  assert.match(
    engineReason!,
    /^training steps are computed by the engine wasm \(2 threads\): [\d.]+ ms for a step of 16 particles, webgpu \(SwiftShader.*\) [\d.]+ ms( for a single one)?$/,
  );
  assert.deepEqual(warnings, [engineReason]);
});

test("memory of the tensor engine on WebGPU does not grow with evaluations or new sizes", (t) => {
  const env = softwareGpu(t, ["webgpu", "@tensorflow/tfjs-backend-webgpu"]);
  if (!env) return;
  const at = (file: string) => JSON.stringify(path.join(__dirname, "..", file));
  const script = `
    const tf = require("@tensorflow/tfjs-core");
    const { useBackend } = require(${at("compute/backends.js")});
    const { TensorEngine } = require(${at("projection/tensor.js")});
    const { exampleBatch } = require(${at("projection/examples.js")});
    const { expectAgreement } = require(${at("projection/agreement.js")});
    const held = () => tf.memory();
    useBackend("webgpu").then(async () => {
      const before = held();
      const engine = new TensorEngine();
      const example = exampleBatch({ count: 3, gaussians: 12, boxSize: 16 });
      await engine.evaluate(example.batch, example.request);
      const once = held();
      for (let i = 0; i < 4; i++) await engine.evaluate(example.batch, example.request);
      const fiveTimes = held();
      await engine.dispose();
      const after = held();
      const poolBytes = 50000;
      const bounded = new TensorEngine(poolBytes);
      const pools = [];
      for (const rings of [2, 3, 4, 5, 6, 7]) {
        await expectAgreement(bounded, { count: 2, gaussians: 12, boxSize: 16, rings });
        const { numBytesAllocatedInGPU, numBytesInGPU } = held();
        pools.push(numBytesAllocatedInGPU - numBytesInGPU);
      }
      await bounded.dispose();
      console.log(JSON.stringify({ before, once, fiveTimes, after, poolBytes, pools }));
    }).then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", script], {
    cwd: __dirname,
    encoding: "utf8",
    timeout: 120000,
    env: { ...process.env, ...env },
  });
  assert.equal(status, 0, stderr);
  const { before, once, fiveTimes, after, poolBytes, pools } = JSON.parse(stdout.trim().split("\n").at(-1)!);
  assert.ok(once.numTensors > before.numTensors && once.numBytesAllocatedInGPU > poolBytes);
  for (const what of ["numTensors", "numBytes", "numBytesInGPU", "numBytesAllocatedInGPU"]) {
    assert.equal(fiveTimes[what], once[what], what);
    assert.equal(after[what], before[what], what);
  }
  assert.ok(Math.max(...pools) <= poolBytes, `${pools}`);
});
