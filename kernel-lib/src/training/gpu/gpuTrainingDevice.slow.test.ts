import assert from "node:assert/strict";
import { afterAll, beforeAll, beforeEach, test } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { useBackend } from "../../compute/backends";
import { GaussianHead, type Varied } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import type { ParticleTargets } from "../../particles/targets";
import type { ProjectionEngine } from "../../projection/engine";
import { exampleBatch } from "../../projection/examples";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { ReferenceEngine } from "../../projection/reference";
import { Random } from "../../random";
import { gatherRows, ParticleBatches } from "../batches";
import { testDevice } from "../device/deviceCases.test.helper";
import { deviceOf } from "../device/deviceOf";
import { loadRows } from "../posterior/batchCache";
import { decoderOf, type PlaceDecoder } from "../posterior/decoders";

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

/** A decoder of twelve Gaussians, particles of noise, and how often it decoded on the CPU. */
function counted(vary: Varied[]) {
  const [count, boxSize, rings, gaussians] = [4, 16, 7, 12];
  const { batch } = exampleBatch({ count, gaussians, boxSize, rings, shared: true, seed: 4 });
  batch.model.fill(1.2, 4 * gaussians);
  const neutral = { count: gaussians, params: batch.model, boxSize, apix: 1 };
  const head = new GaussianHead(neutral, vary);
  const spec = { latent: 1, featureSize: 3, hidden: [], dropout: 0, form: "quadratic" as const };
  const model = new LatentModel(spec, head, new Random(2), 1);
  const decoder = decoderOf(model);
  const calls = { decoded: 0 };
  const counting: PlaceDecoder = {
    ...decoder,
    decode: (z, n) => {
      calls.decoded += n;
      return decoder.decode(z, n);
    },
  };
  const width = batch.targets.length / count;
  const targets = {
    ...{ count, boxSize, rings, rotations: batch.rotations, shifts: batch.shifts },
    batch: async (indices: ArrayLike<number>) => gatherRows(batch.targets, width, indices),
  } as unknown as ParticleTargets;
  const particles = Int32Array.of(0, 1, 2, 3);
  const scores = async (engine: ProjectionEngine, z: number) => {
    const loaded = await loadRows(new ParticleBatches(targets), particles, gaussians);
    const places = new Float32Array(count).fill(z);
    const request = { boxSize, rings, ringWeights: new Float32Array(rings + 1).fill(1) };
    const placed = { context: { neutral }, decoder: counting, particles: loaded, places };
    return (await deviceOf(engine).evaluate(placed, request)).score.slice();
  };
  return { model, calls, scores };
}

test("models are decoded on the GPU: the CPU decodes some once, to choose the grids", async () => {
  const { model, calls, scores } = counted(["position"]);
  await scores(gpu, 0.1);
  const { decoded } = calls;
  await scores(gpu, 0.2);
  await scores(gpu, 0.3);
  assert.equal(calls.decoded, decoded);
  // Other weights, other grids.
  model.load(model.save());
  await scores(gpu, 0.3);
  assert.ok(calls.decoded > decoded);
  model.dispose();
});

test("Gaussians narrower than the grids of the first places allow are projected on others", async () => {
  const { model, scores } = counted(["width"]);
  const arrays = model.save();
  // Raw outputs of the widths are −3·z.
  for (const { name, data } of arrays) {
    if (name === "decoder.weight0") data.fill(-3, 0, 12);
    if (name === "decoder.weight0") data.fill(0, 12);
    if (name === "decoder.bias0") data.fill(0);
  }
  model.load(arrays);
  const reference = new ReferenceEngine();
  for (const z of [0, 1]) {
    const [found, expected] = [await scores(gpu, z), await scores(reference, z)];
    for (const [i, score] of expected.entries()) {
      assert.ok(Math.abs(found[i]! - score) < 2e-3, `z = ${z}: ${found[i]}, expected ${score}`);
    }
  }
  model.dispose();
});
