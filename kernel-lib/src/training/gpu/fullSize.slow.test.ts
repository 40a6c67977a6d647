import assert from "node:assert/strict";
import { afterAll, beforeEach, test, vi } from "vitest";
import { softwareGpu } from "../../../../tests/testing";
import { Dispatch } from "../../compute/gpu/dispatch";
import { GpuDevice } from "../../compute/gpu/gpuDevice";
import { Adam } from "../../network/adam";
import { GaussianHead } from "../../network/head";
import { LatentModel } from "../../network/latentModel";
import type { ParticleTargets } from "../../particles/targets";
import { exampleBatch } from "../../projection/examples";
import { GpuEngine } from "../../projection/gpu/gpuEngine";
import { chooseSpread } from "../../projection/plan";
import { Random } from "../../random";
import { ParticleBatches } from "../batches";
import { deviceOf } from "../device/deviceOf";
import { BatchCache } from "../posterior/batchCache";
import { decoderOf } from "../posterior/decoders";
import { HalfSamples } from "../posterior/halfSamples";
import { PlaceLikelihood } from "../posterior/likelihood";
import type { EpochParts } from "../stepParts";
import { StrainPenalty } from "../strain/strainPenalty";
import { UnitAssembly } from "../units/unitAssembly";
import type { RingWeights } from "../weights";
import { expectedWidths } from "./expectedWidths";
import { GpuEpoch } from "./gpuSteps";

/**
 * What a training of 124,900 particles of 128² pixels with 3,082 Gaussians, all parameters, and networks of 3 × 512 asks of a GPU. Its
 * buffers are made, on SwiftShader; no kernel runs.
 */

const [count, boxSize, rings, gaussians, featureSize, batchSize] = [124900, 128, 63, 3082, 256, 32];
const hidden = [512, 512, 512];

const before = process.env["VK_DRIVER_FILES"];
beforeEach((t) => Object.assign(process.env, softwareGpu(t)));
afterAll(() => {
  if (before === undefined) delete process.env["VK_DRIVER_FILES"];
  else process.env["VK_DRIVER_FILES"] = before;
});

/** Numbers that are sent and received, in place of kernels that run. */
function withoutKernels() {
  const bytes = { sent: 0, received: 0 };
  const { write } = GpuDevice.prototype;
  const prototype = GpuDevice.prototype;
  vi.spyOn(prototype, "dispatch").mockImplementation(
    async ({ files, groups }) => new Dispatch(files.join("+"), null as never, null as never, groups),
  );
  vi.spyOn(prototype, "submit").mockImplementation(() => undefined);
  vi.spyOn(prototype, "idle").mockImplementation(async () => undefined);
  vi.spyOn(prototype, "run").mockImplementation(async (_, __, outputs) => {
    for (const { to } of outputs) {
      bytes.received += to.byteLength;
      // Statistics have to be above 0, and no Gaussian too narrow (four numbers).
      if (to.length > 4) to.fill(1);
    }
  });
  vi.spyOn(prototype, "write").mockImplementation(function (this: GpuDevice, buffer, numbers, at) {
    bytes.sent += numbers.byteLength;
    // SwiftShader has the machine's memory: it is reserved, but not filled.
    if (numbers.byteLength < 2 ** 20) write.call(this, buffer, numbers, at);
  });
  return bytes;
}

/** What an epoch works with. Particles are zeros. */
function fullSize(engine: GpuEngine): EpochParts {
  const { batch } = exampleBatch({ count: 1, gaussians, boxSize, rings: 1, shared: true });
  for (let i = 4 * gaussians; i < 5 * gaussians; i++) batch.model[i] = 1.1 + 0.3 * ((i % 7) / 7);
  const neutral = { count: gaussians, params: batch.model, boxSize, apix: 1 };
  const targets = {
    ...{ count, boxSize, rings, apix: 1, inMemory: true },
    ...{ rotations: new Float32Array(9 * count), shifts: new Float32Array(2 * count) },
    batch: async (indices: ArrayLike<number>) =>
      new Float32Array(indices.length * 2 * (rings + 1) * (2 * rings + 1)),
  } as unknown as ParticleTargets;
  const weights = {
    of: (particles: ArrayLike<number>, last = rings) => new Float32Array(particles.length * (last + 1)),
    expectedFrc: () => 0.4,
  } as unknown as RingWeights;
  const head = new GaussianHead(neutral, ["position", "amplitude", "width"]);
  const model = new LatentModel({ latent: 4, featureSize, hidden, dropout: 0.1 }, head, new Random(2), 1);
  const units = new UnitAssembly();
  return {
    ...{ model, units, batchSize, dropout: undefined, batches: new ParticleBatches(targets) },
    prepared: { weights, basis: { size: featureSize }, features: new Float32Array(count * featureSize) },
    adam: new Adam(model.networks, { learningRate: 1e-3, weightDecay: 0.01 }),
    strain: new StrainPenalty(head, 1, count),
    context: { targets, neutral, engine, units },
    order: Int32Array.from({ length: count }, (_, i) => i),
  };
}

async function withParts(task: (parts: EpochParts, engine: GpuEngine) => Promise<void>): Promise<void> {
  const engine = new GpuEngine();
  const parts = fullSize(engine);
  try {
    await task(parts, engine);
  } finally {
    vi.restoreAllMocks();
    parts.model.dispose();
    await engine.dispose();
  }
}

const step = { rings, random: new Random(1), scale: 0.3, rate: 1e-4 };
const options = { epoch: 1, latentNoise: 0, spreadPenalty: 0.05 };

test("a step is at most 30 dispatches, and sends and receives less than 2 kB where the particles are on the GPU", () =>
  withParts(async (parts, engine) => {
    const bytes = withoutKernels();
    const device = await engine.opened();
    const plan = chooseSpread(expectedWidths(parts, rings))!;
    const epoch = new GpuEpoch(device, parts, { plan, rings });
    const { length } = await epoch.dispatches();
    assert.ok(length <= 30, `${length} dispatches`);
    epoch.dispose();
    const some = parts.order.subarray(0, 1024);
    // The first epoch sends the particles.
    await deviceOf(engine).takeSteps({ ...parts, order: some }, step, options);
    const ofEpoch = async (particles: number) => {
      Object.assign(bytes, { sent: 0, received: 0 });
      await deviceOf(engine).takeSteps({ ...parts, order: some.subarray(0, particles) }, step, options);
      return bytes.sent + bytes.received;
    };
    const [few, many] = [await ofEpoch(32 * 8), await ofEpoch(32 * 32)];
    const each = (many - few) / 24;
    assert.ok(each > 0 && each < 2000, `${each} bytes`);
  }));

test("a training uses less than 4 GB of a GPU's memory, everything before and after the epochs included", () =>
  withParts(async (parts, engine) => {
    const bytes = withoutKernels();
    const { model, context, prepared } = parts;
    const { targets, neutral, units } = context;
    const { weights, features } = prepared;
    const device = await engine.opened();
    const all = deviceOf(engine);
    const peaks: Record<string, number> = {};
    const note = (what: string) => {
      peaks[what] = device.peakBytes;
    };
    const cache = new BatchCache(parts.batches, gaussians);
    const of = { rings: [21, rings], size: featureSize, scale: new Float32Array(2 * 5 * gaussians) };
    const projector = all.components({ ...of, basis: new Float32Array(featureSize * 2 * 5 * gaussians) });
    const particles = await cache.load(parts.order.subarray(0, 128));
    await projector.project({
      ...{ context: { neutral, units }, particles },
      weights: (last) => weights.of(particles.particles, last),
    });
    projector.dispose();
    note("encoder input");
    const plan = chooseSpread(expectedWidths(parts, rings))!;
    // Its particles stay where they are.
    new GpuEpoch(device, parts, { plan, rings }).dispose();
    note("epochs");
    const { latent } = model.spec;
    const decoder = decoderOf(model);
    for (const half of [undefined, "even", "odd"] as const) {
      for (const pose of [undefined, { rotation: true, shift: true }]) {
        const place = new PlaceLikelihood({
          ...{ targets, neutral, engine, units, decoder, pose, weights: weights as RingWeights },
          half: half && new HalfSamples(rings, half),
        });
        const chosen = parts.order.subarray(0, 128);
        await place.local(chosen, new Float32Array(chosen.length * place.layout.width));
        await place.scores(chosen, new Float32Array(chosen.length * place.layout.width));
      }
    }
    note("places and poses, of all samples and of each half");
    const posterior = {
      mean: new Float32Array(count * latent),
      standardDeviation: new Float32Array(count * latent).fill(1),
    };
    const teaching = { particles: parts.order, features, posterior, random: new Random(3) };
    // The steps of teaching, of which there are 40,000, need no more memory than one.
    await all.teach(model, { ...teaching, signal: AbortSignal.abort() }).catch(() => undefined);
    note("teaching");
    assert.ok(bytes.sent > 4 * count * featureSize, "teaching has begun");
    assert.ok(device.peakBytes > 2 ** 27 && device.peakBytes <= 4e9, JSON.stringify(peaks));
  }));
