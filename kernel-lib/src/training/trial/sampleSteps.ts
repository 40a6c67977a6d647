import { Adam } from "../../network/adam";
import type { GaussianHead } from "../../network/head";
import { LatentModel, type LatentModelSpec } from "../../network/latentModel";
import type { NamedArray } from "../../network/parameters";
import type { ParticleTargets } from "../../particles/targets";
import type { ProjectionEngine } from "../../projection/engine";
import { exampleBatch } from "../../projection/examples";
import { Random } from "../../random";
import { ParticleBatches } from "../batches";
import { deviceOf } from "../device/deviceOf";
import type { EpochParts } from "../stepParts";
import { StrainPenalty } from "../strain/strainPenalty";
import type { UnitAssembly } from "../units/unitAssembly";

/** What the time of a training step depends on. */
export interface SampleShape {
  /** Of a unit. */
  head: GaussianHead;
  units: UnitAssembly;
  /** K, the outermost ring. */
  rings: number;
  /** Particles per step. */
  batchSize: number;
  /** The networks. */
  spec: LatentModelSpec;
  latentNoise: number;
  /** Penalty on strain; 0 for none. */
  strainPenalty: number;
  /** Threads of the networks. Default: one per core. */
  threads?: number | undefined;
}

const learningRate = 1e-3;

/**
 * Steps of a training with particles of noise: for tests and trials of engines, before the particles are read. The same shape gives
 * the same numbers.
 */
export class SampleSteps {
  private readonly parts: Omit<EpochParts, "order">;

  /** @param engine stays the caller's */
  constructor(
    private readonly shape: SampleShape,
    engine: ProjectionEngine,
  ) {
    const { head, units, rings, batchSize, spec, strainPenalty, threads } = shape;
    const random = new Random(1);
    const count = batchSize + 1;
    const neutral = units.symmetric(head.neutral);
    const targets = noise(count, neutral.boxSize, rings);
    const features = Float32Array.from({ length: units.count * count * spec.featureSize }, () =>
      random.normal(),
    );
    const weights = Float32Array.from({ length: rings + 1 }, () => 0.2 + random.uniform());
    const model = new LatentModel(spec, head, random, threads);
    model.calibrate(features, units.count * count);
    const strained = strainPenalty > 0 && head.positions > 0;
    this.parts = {
      ...{ model, units, batchSize, dropout: undefined, batches: new ParticleBatches(targets) },
      adam: new Adam(model.networks, { learningRate, weightDecay: 1e-3 }),
      prepared: { features, basis: { size: spec.featureSize }, weights: { of: rowsOf(weights) } },
      context: { targets, neutral, engine, units },
      strain: strained ? new StrainPenalty(head, strainPenalty, units.count * count) : undefined,
    };
  }

  /** Takes some steps. @returns milliseconds */
  async run(steps: number): Promise<number> {
    const { rings, batchSize, latentNoise } = this.shape;
    const order = Int32Array.from({ length: steps * batchSize }, (_, i) => i % (batchSize + 1));
    const step = { rings, random: new Random(2), scale: 0.1, rate: learningRate };
    const began = performance.now();
    const options = { epoch: 1, latentNoise, spreadPenalty: 0.01 };
    await deviceOf(this.parts.context.engine).takeSteps({ ...this.parts, order }, step, options);
    return performance.now() - began;
  }

  /** Copies of weights and moments. */
  numbers(): { weights: NamedArray[]; moments: NamedArray[] } {
    const { model, adam } = this.parts;
    const copy = (arrays: NamedArray[]) => arrays.map((array) => ({ ...array, data: array.data.slice() }));
    return { weights: copy(model.save()), moments: copy(adam.save()) };
  }

  /** Ends the threads of the networks. */
  dispose(): void {
    this.parts.model.dispose();
  }
}

/** Particles in memory whose images are noise. */
function noise(count: number, boxSize: number, rings: number): ParticleTargets {
  const { batch } = exampleBatch({ count, gaussians: 1, boxSize, rings, shared: true });
  const { rotations, shifts, targets } = batch;
  const width = targets.length / count;
  return {
    ...{ count, boxSize, apix: 1, rings, rotations, shifts, inMemory: true },
    ctfPower: new Float32Array(count * (rings + 1)).fill(1),
    batch: async (indices, space) => {
      const length = indices.length * width;
      const out = space && space.length >= length ? space.subarray(0, length) : new Float32Array(length);
      for (let i = 0; i < indices.length; i++) {
        out.set(targets.subarray(indices[i]! * width, (indices[i]! + 1) * width), i * width);
      }
      return out;
    },
    dispose: async () => undefined,
  };
}

/** The same ring weights for all particles. */
function rowsOf(weights: Float32Array) {
  return (particles: ArrayLike<number>, rings = weights.length - 1) => {
    const rows = new Float32Array(particles.length * (rings + 1));
    for (let i = 0; i < particles.length; i++) rows.set(weights.subarray(0, rings + 1), i * (rings + 1));
    return rows;
  };
}
