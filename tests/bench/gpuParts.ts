import { createRequire } from "node:module";
import path from "node:path";

/** Internal modules of the library. */
export const inner = createRequire(path.join(require.resolve("e2gmm"), "../index.js"));

/** Different particles of noise; a longer order repeats them. */
const different = 128;
const featureSize = 256;

/** Size of a training step. */
export interface StepSize {
  gaussians: number;
  boxSize: number;
  /** Particles of a step. */
  batch: number;
  /** Width of the three hidden layers of both networks. */
  hidden: number;
}

/** All rings of the training box. */
export const ringsOf = ({ boxSize }: StepSize) => Math.floor((boxSize - 1) / 2);

/** Noise as targets, with random poses, and random Gaussians as the neutral model. */
function noise(size: StepSize) {
  const { exampleBatch } = inner("./projection/examples");
  const { Random } = inner("./random");
  const { gaussians, boxSize } = size;
  const rings = ringsOf(size);
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

/** Particles of some steps in their order: those of the noise, again and again. */
export const orderOf = (size: StepSize, steps: number) =>
  Int32Array.from({ length: steps * size.batch }, (_, i) => i % different);

/** What an epoch of steps works with: the library's `EpochParts`. */
export function partsOf(size: StepSize, engine: unknown) {
  const { GaussianHead } = inner("./network/head");
  const { LatentModel } = inner("./network/latentModel");
  const { Adam } = inner("./network/adam");
  const { UnitAssembly } = inner("./training/units/unitAssembly");
  const { StrainPenalty } = inner("./training/strain/strainPenalty");
  const { ParticleBatches } = inner("./training/batches");
  const { Random } = inner("./random");
  const { targets, neutral } = noise(size);
  const random = new Random(4);
  const features = Float32Array.from({ length: different * featureSize }, () => random.normal());
  const weights = {
    of: (particles: ArrayLike<number>, last = targets.rings) =>
      new Float32Array(particles.length * (last + 1)).fill(1),
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
    order: orderOf(size, 1),
  };
}

/** What all steps have in common: the library's `StepSettings` and `StepOptions`. */
export function stepOf(size: StepSize) {
  const { Random } = inner("./random");
  return {
    step: { rings: ringsOf(size), random: new Random(3), scale: 1e-3, rate: 1e-4 },
    options: { epoch: 1, latentNoise: 0.05, spreadPenalty: 0.01 },
  };
}

/** Multiplications and additions of a product kernel in a step; undefined for other kernels. */
export function productOperations(kernel: string, size: StepSize): number {
  const { batch, hidden, gaussians } = size;
  const ofLayers = (widths: number[]) =>
    widths.slice(1).reduce((sum, width, i) => sum + width * widths[i]!, 0);
  const encoder = [featureSize, hidden, hidden, hidden, 4];
  const decoder = [4, hidden, hidden, hidden, 5 * gaussians];
  const all = ofLayers(encoder) + ofLayers(decoder);
  const small = { forward: 4 * hidden, backward: featureSize * hidden + 4 * hidden + 4 * hidden };
  if (kernel.includes("denseForward")) return 2 * batch * (all - small.forward);
  if (kernel.includes("denseBackward")) return 2 * batch * (all - small.backward);
  if (kernel.includes("denseUpdate")) return 2 * batch * all;
  return 0;
}
