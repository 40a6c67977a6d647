import assert from "node:assert/strict";
import { afterAll, beforeEach, test } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import type { GaussianModel } from "../../model/gaussianModel";
import { Adam } from "../../network/adam";
import type { DecoderSpec } from "../../network/decoder";
import { GaussianHead, type Varied } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import type { NamedArray } from "../../network/parameters";
import type { ParticleTargets } from "../../particles/targets";
import type { ProjectionEngine } from "../../projection/engine";
import { exampleBatch } from "../../projection/examples";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { WasmEngine } from "../../projection/wasm";
import { Random } from "../../random";
import { ParticleBatches } from "../batches";
import type { Prepared } from "../preparation";
import type { EpochParts } from "../stepParts";
import { StrainPenalty } from "../strain/strainPenalty";
import { trainSteps } from "../trainingSteps";
import { UnitAssembly } from "../units/unitAssembly";
import { gpuSteps, obstacleOnGpu } from "./gpuSteps";

/** On SwiftShader, a software GPU: slow, with the code path of a real one. */

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

const [count, gaussians, boxSize, rings, featureSize] = [9, 20, 16, 7, 6];

/** Noise as particles, and random Gaussians as the neutral model. */
function noise() {
  const { batch } = exampleBatch({ count, gaussians, boxSize, rings, shared: true, seed: 4 });
  const random = new Random(9);
  for (let i = 4 * gaussians; i < 5 * gaussians; i++) batch.model[i] = 1 + 0.3 * random.uniform();
  const neutral: GaussianModel = { count: gaussians, params: batch.model, boxSize, apix: 1 };
  const width = batch.targets.length / count;
  const targets = {
    ...{ count, boxSize, rings, rotations: batch.rotations, shifts: batch.shifts, inMemory: true },
    batch: async (indices: ArrayLike<number>) => {
      const out = new Float32Array(indices.length * width);
      for (let b = 0; b < indices.length; b++) {
        out.set(batch.targets.subarray(indices[b]! * width, (indices[b]! + 1) * width), b * width);
      }
      return out;
    },
  } as unknown as ParticleTargets;
  const features = Float32Array.from({ length: count * featureSize }, () => random.normal());
  const all = Float32Array.from({ length: count * (rings + 1) }, () => 0.2 + random.uniform());
  const weights = {
    of: (particles: ArrayLike<number>, last = rings) =>
      Float32Array.from(
        Array.from(particles).flatMap((p) =>
          Array.from(all.subarray(p * (rings + 1), p * (rings + 1) + last + 1)),
        ),
      ),
  };
  const prepared = { weights, basis: { size: featureSize }, features } as unknown as Prepared;
  return { neutral, targets, prepared };
}

type Design = Pick<DecoderSpec, "latent" | "form" | "roles"> & { vary: Varied[] };

/** Weights and moments after an epoch of two steps with an engine, without random numbers. */
async function trained(
  engine: ProjectionEngine,
  { latent, form, roles, vary }: Design,
): Promise<NamedArray[]> {
  const { neutral, targets, prepared } = noise();
  const head = new GaussianHead(neutral, vary);
  const spec = { latent, featureSize, hidden: [16, 12], dropout: 0, form, roles };
  const model = new LatentModel(spec, head, new Random(2), 1);
  const adam = new Adam(model.networks, { learningRate: 1e-3, weightDecay: 0.01 });
  model.calibrate(prepared.features, count);
  const parts: EpochParts = {
    ...{ model, adam, prepared, batches: new ParticleBatches(targets), units: new UnitAssembly() },
    context: { targets, neutral, engine, units: new UnitAssembly() },
    ...{
      dropout: undefined,
      strain: vary.includes("position") ? new StrainPenalty(head, 5, count) : undefined,
    },
    ...{ order: Int32Array.from([3, 1, 8, 0, 5, 2, 7, 4, 6]), batchSize: 5 },
  };
  assert.equal(obstacleOnGpu(parts), engine.name === "webgpu" ? "" : undefined);
  const step = { rings: 6, random: new Random(1), scale: 0.3, rate: 1e-3 };
  const options = { epoch: 1, latentNoise: 0, spreadPenalty: 0.05 };
  if (engine.name === "webgpu") assert.equal(await gpuSteps(parts, step, options), undefined);
  else await trainSteps(parts, step, options);
  const result = [...model.save(), ...adam.save()].map((array) => ({ ...array, data: array.data.slice() }));
  model.dispose();
  return result;
}

for (const [name, design] of [
  [
    "networks of their own for positions and densities",
    {
      latent: 2,
      form: "network",
      roles: { position: [0], density: [1] },
      vary: ["position", "amplitude", "width"],
    },
  ],
  ["one quadratic map", { latent: 3, form: "quadratic", vary: ["position", "amplitude"] }],
] as [string, Design][]) {
  test(`two steps on the GPU change weights, moments and statistics as on the CPU: ${name}`, async () => {
    const [gpu, cpu] = [new GpuEngine(), new WasmEngine({ threads: 1 })];
    try {
      const found = await trained(gpu, design);
      const expected = await trained(cpu, design);
      assert.deepEqual(
        found.map(({ name }) => name),
        expected.map(({ name }) => name),
      );
      for (const [i, { name, data }] of found.entries()) {
        const difference = Math.hypot(...data.map((value, k) => value - expected[i]!.data[k]!));
        const size = Math.hypot(...expected[i]!.data);
        assert.ok(difference <= 5e-3 * size + 1e-9, `${name}: differs by ${difference} of ${size}`);
      }
    } finally {
      await Promise.all([gpu.dispose(), cpu.dispose()]);
    }
  });
}
