import { disc } from "../fourier/disc";
import { normalizeRings } from "../fourier/imageTransform";
import { Random } from "../random";
import type { ProjectionBatch, ProjectionRequest } from "./engine";

/** Random batches for tests, benchmarks and trials of engines. */

/** Options of {@link exampleBatch}. */
export interface ExampleOptions {
  /** B, the number of particles. */
  count: number;
  /** N, the number of Gaussians. */
  gaussians: number;
  /** S in pixels. */
  boxSize: number;
  /** Rings of the request. Default: all, ⌊(S − 1)/2⌋. */
  rings?: number;
  /** K of the targets. Default: `rings`. */
  targetRings?: number;
  /** One set of Gaussians for all particles. Default false. */
  shared?: boolean;
  /** One row of ring weights per particle. Default false. */
  ownWeights?: boolean;
  /** Seed of the random numbers. Default 1. */
  seed?: number;
}

/** A uniformly distributed rotation matrix (from a unit quaternion), row-major. */
export function randomRotation(random: Random): number[] {
  const q = [random.normal(), random.normal(), random.normal(), random.normal()];
  const length = Math.hypot(...q);
  const [w, x, y, z] = q.map((v) => v / length) as [number, number, number, number];
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ];
}

/**
 * Random Gaussians in a ball, random poses, and targets of noise, which has power in every ring, so that gradients are
 * large enough to be compared.
 */
export function exampleBatch(options: ExampleOptions): {
  batch: ProjectionBatch;
  request: ProjectionRequest;
} {
  const { count, gaussians, boxSize, shared = false, ownWeights = false, seed = 1 } = options;
  const rings = options.rings ?? options.targetRings ?? Math.floor((boxSize - 1) / 2);
  const targetRings = options.targetRings ?? rings;
  const random = new Random(seed);
  const model = randomSets(gaussians, shared ? 1 : count, random);
  const rotations = new Float32Array(9 * count);
  for (let b = 0; b < count; b++) rotations.set(randomRotation(random), 9 * b);
  const shifts = Float32Array.from({ length: 2 * count }, () => 0.03 * random.normal());
  const layout = disc(targetRings);
  const targets = Float32Array.from({ length: 2 * count * layout.samples }, () => random.normal());
  for (let b = 0; b < count; b++) normalizeRings(targets, 2 * b * layout.samples, layout);
  const ringWeights = Float32Array.from(
    { length: (rings + 1) * (ownWeights ? count : 1) },
    () => 0.2 + random.uniform(),
  );
  return {
    batch: { count, gaussians, model, rotations, shifts, targets, targetRings },
    request: { boxSize, rings, ringWeights, gradient: { model: true, pose: true } },
  };
}

/** Sets of random Gaussians in a ball, [sets · 5 · gaussians]. */
function randomSets(gaussians: number, sets: number, random: Random): Float32Array {
  const model = new Float32Array(5 * gaussians * sets);
  for (let set = 0; set < sets; set++) {
    const at = 5 * gaussians * set;
    for (let i = 0; i < gaussians; i++) {
      const direction = [random.normal(), random.normal(), random.normal()];
      const scale = (0.4 * Math.cbrt(random.uniform())) / Math.hypot(...direction);
      for (let j = 0; j < 3; j++) model[at + j * gaussians + i] = direction[j]! * scale;
      model[at + 3 * gaussians + i] = 0.2 + random.uniform();
      model[at + 4 * gaussians + i] = 0.8 + 1.2 * random.uniform();
    }
  }
  return model;
}
