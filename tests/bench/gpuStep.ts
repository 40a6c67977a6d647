import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";

/**
 * `npm run bench -- gpu`: a training step on the GPU, networks included, from noise as particles. Options:
 *   --sizes 512/64,3082/128   N/S: Gaussians and training box
 *   --batch 32                particles of a step
 *   --hidden 512              width of the three hidden layers of both networks
 *   --steps 200               steps that are timed, after as many to warm up
 *   --cpu                     also the same steps on the CPU
 *   --json FILE               output file (default tests/artefacts/gpu.json)
 * With a software GPU use few steps of a small size, for instance --sizes 64/24 --steps 2 --hidden 32.
 */

/** Internal modules of the library. */
const inner = createRequire(path.join(require.resolve("e2gmm"), "../index.js"));
const { exampleBatch } = inner("./projection/examples");
const { GpuEngine } = inner("./projection/gpu/gpuEngine");
const { WasmEngine } = inner("./projection/wasm");
const { GaussianHead } = inner("./network/head");
const { LatentModel } = inner("./network/latentModel");
const { Adam } = inner("./network/adam");
const { UnitAssembly } = inner("./training/units/unitAssembly");
const { StrainPenalty } = inner("./training/strain/strainPenalty");
const { ParticleBatches } = inner("./training/batches");
const { Random } = inner("./random");
const { gpuSteps } = inner("./training/gpu/gpuSteps");
const { trainSteps } = inner("./training/trainingSteps");

/** Different particles; a longer order repeats them. */
const different = 128;
const featureSize = 256;

interface Size {
  gaussians: number;
  boxSize: number;
  batch: number;
  hidden: number;
}

/** Noise as targets, with random poses, and random Gaussians as the neutral model. */
function noise({ gaussians, boxSize }: Size) {
  const rings = Math.floor((boxSize - 1) / 2);
  const random = new Random(1);
  const { batch } = exampleBatch({ count: different, gaussians, boxSize, rings, shared: true });
  for (let i = 4 * gaussians; i < 5 * gaussians; i++) batch.model[i] = 1.1 + 0.3 * random.uniform();
  const width = batch.targets.length / different;
  const targets = {
    ...{ count: different, boxSize, rings, rotations: batch.rotations, shifts: batch.shifts },
    batch: async (indices: ArrayLike<number>) => {
      const out = new Float32Array(indices.length * width);
      for (let b = 0; b < indices.length; b++) {
        out.set(batch.targets.subarray(indices[b]! * width, (indices[b]! + 1) * width), b * width);
      }
      return out;
    },
  };
  return { targets, neutral: { count: gaussians, params: batch.model, boxSize, apix: 1 }, rings };
}

/** What an epoch of steps works with, without its order: the library's `EpochParts`. */
function partsOf(size: Size, engine: unknown) {
  const { targets, neutral, rings } = noise(size);
  const random = new Random(4);
  const features = Float32Array.from({ length: different * featureSize }, () => random.normal());
  const weights = {
    of: (particles: number[], last = rings) => new Float32Array(particles.length * (last + 1)).fill(1),
  };
  const head = new GaussianHead(neutral, ["position", "amplitude", "width"]);
  const hidden = [size.hidden, size.hidden, size.hidden];
  const model = new LatentModel({ latent: 4, featureSize, hidden, dropout: 0.1 }, head, new Random(2));
  model.calibrate(features, different);
  return {
    ...{ model, prepared: { basis: { size: featureSize }, features, weights }, batchSize: size.batch },
    adam: new Adam(model.networks, { learningRate: 1e-4, weightDecay: 0.01 }),
    batches: new ParticleBatches(targets),
    context: { targets, neutral, engine, units: new UnitAssembly() },
    ...{ units: new UnitAssembly(), dropout: undefined, strain: new StrainPenalty(head, 0.3, different) },
  };
}

/** Milliseconds per particle and per epoch: an epoch of 2n steps takes n steps longer than one of n. */
async function timed(take: (order: Int32Array) => Promise<unknown>, steps: number, batch: number) {
  const orderOf = (length: number) => Int32Array.from({ length }, (_, i) => i % different);
  await take(orderOf(steps * batch));
  const times: number[] = [];
  for (const n of [steps, 2 * steps]) {
    const start = performance.now();
    await take(orderOf(n * batch));
    times.push(performance.now() - start);
  }
  const perStep = (times[1]! - times[0]!) / steps;
  return { perParticle: perStep / batch, epoch: times[0]! - steps * perStep };
}

async function measure(size: Size, steps: number, withCpu: boolean): Promise<object> {
  const step = {
    rings: Math.floor((size.boxSize - 1) / 2),
    random: new Random(3),
    scale: 1e-3,
    rate: 1e-4,
  };
  const options = { epoch: 1, latentNoise: 0.05, spreadPenalty: 0.01 };
  const engine = new GpuEngine();
  const parts = partsOf(size, engine);
  const onGpu = await timed(
    async (order) => {
      if (!(await gpuSteps({ ...parts, order }, step, options)))
        throw new Error("no grid fits the Gaussians");
    },
    steps,
    size.batch,
  );
  const result = { ...size, steps, device: (await engine.opened()).name, gpuMs: onGpu.perParticle };
  parts.model.dispose();
  await engine.dispose();
  const withEpoch = { ...result, epochMs: onGpu.epoch };
  if (!withCpu) return withEpoch;
  const cpu = new WasmEngine();
  const own = partsOf(size, cpu);
  const few = Math.max(2, Math.round(steps / 10));
  const onCpu = await timed((order) => trainSteps({ ...own, order }, step, options), few, size.batch);
  own.model.dispose();
  await cpu.dispose();
  return { ...withEpoch, cpuMs: onCpu.perParticle };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sizes: { type: "string", default: "512/64,3082/128" },
      batch: { type: "string", default: "32" },
      hidden: { type: "string", default: "512" },
      steps: { type: "string", default: "200" },
      cpu: { type: "boolean", default: false },
      json: { type: "string", default: path.resolve(__dirname, "../../artefacts/gpu.json") },
    },
  });
  const results: object[] = [];
  for (const text of values.sizes.split(",")) {
    const [gaussians, boxSize] = text.split("/").map(Number) as [number, number];
    const size = { gaussians, boxSize, batch: Number(values.batch), hidden: Number(values.hidden) };
    const found = await measure(size, Number(values.steps), values.cpu);
    results.push(found);
    console.log(JSON.stringify(found));
    mkdirSync(path.dirname(values.json), { recursive: true });
    const record = { date: new Date().toISOString(), results };
    writeFileSync(values.json, `${JSON.stringify(record, null, 2)}\n`);
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
