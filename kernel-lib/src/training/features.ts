import { throwIfStopped } from "../errors";
import { type GaussianModel, Row } from "../model/gaussianModel";
import type { ParticleTargets } from "../particles/targets";
import type { TaskOptions } from "../progress";
import type { ProjectionEngine } from "../projection/engine";
import { ParticleBatches } from "./batches";

/**
 * What the encoder sees of each particle: the gradient of the particle's own score in the parameters of the neutral
 * model, in the model's frame, each kind of parameter scaled to unit standard deviation over the data set. The low
 * rings (which decide the order of states while they are far apart) and all rings make two blocks.
 */
export interface Features {
  /** [particles · size] */
  data: Float32Array;
  size: number;
}

/** Mean FRC of the neutral model over all particles in each ring, [rings + 1]. */
export async function neutralFrc(
  targets: ParticleTargets,
  neutral: GaussianModel,
  engine: ProjectionEngine,
  options: TaskOptions = {},
): Promise<Float64Array> {
  const batches = new ParticleBatches(targets);
  const width = targets.rings + 1;
  const mean = new Float64Array(width);
  const uniform = new Float32Array(width).fill(1 / targets.rings);
  for (const indices of batches.inOrder()) {
    throwIfStopped(options.signal);
    const batch = await batches.load(indices, neutral.count, neutral.params);
    const { frc } = await engine.evaluate(batch, {
      boxSize: neutral.boxSize,
      rings: targets.rings,
      ringWeights: uniform,
    });
    for (let i = 0; i < frc.length; i++) mean[i % width]! += frc[i]! / targets.count;
    options.onProgress?.({
      task: "neutral model against particles",
      done: indices.at(-1)! + 1,
      total: targets.count,
    });
  }
  return mean;
}

export async function gradientFeatures(
  targets: ParticleTargets,
  neutral: GaussianModel,
  engine: ProjectionEngine,
  weights: { values: Float32Array; rings: number[] },
  options: TaskOptions = {},
): Promise<Features> {
  const batches = new ParticleBatches(targets);
  const n = neutral.count;
  // Amplitude and width gradients follow the same noise as the positions and add nothing that training could not find
  // from those, unless they are what varies; they are few, so they are always there.
  const block = 5 * n;
  const size = block * weights.rings.length;
  const data = new Float32Array(targets.count * size);
  for (const indices of batches.inOrder()) {
    throwIfStopped(options.signal);
    const batch = await batches.load(indices, n, neutral.params);
    for (let k = 0; k < weights.rings.length; k++) {
      const rings = weights.rings[k]!;
      const { modelGradient } = await engine.evaluate(batch, {
        boxSize: neutral.boxSize,
        rings,
        ringWeights: batches.rows(weights.values, targets.rings + 1, indices, rings),
        gradient: { model: true },
      });
      for (let b = 0; b < indices.length; b++) {
        data.set(modelGradient!.subarray(b * block, (b + 1) * block), indices[b]! * size + k * block);
      }
    }
    options.onProgress?.({ task: "encoder input", done: indices.at(-1)! + 1, total: targets.count });
  }
  const kinds: Array<[number, number]> = [
    [Row.x * n, Row.amplitude * n],
    [Row.amplitude * n, Row.sigma * n],
    [Row.sigma * n, block],
  ];
  for (let k = 0; k < weights.rings.length; k++) {
    for (const [from, to] of kinds) scaleToUnit(data, size, k * block + from, k * block + to);
  }
  return { data, size };
}

/** Divides columns from … to of every row by their common standard deviation about zero. */
function scaleToUnit(data: Float32Array, size: number, from: number, to: number): void {
  let sum = 0;
  const rows = data.length / size;
  for (let i = 0; i < rows; i++) for (let j = i * size + from; j < i * size + to; j++) sum += data[j]! ** 2;
  const deviation = Math.sqrt(sum / (rows * (to - from)));
  if (deviation === 0) return;
  for (let i = 0; i < rows; i++) for (let j = i * size + from; j < i * size + to; j++) data[j]! /= deviation;
}
