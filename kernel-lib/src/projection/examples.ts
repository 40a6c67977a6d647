import { disc } from "../fourier/disc";
import { Random } from "../random";
import type { ProjectionBatch, ProjectionRequest } from "./engine";

/** Batches for tests, benchmarks and trials of engines. Not part of the published package's interface. */

export interface ExampleOptions {
  count: number;
  gaussians: number;
  boxSize: number;
  /** Rings of the request. Default: all, ⌊(S − 1)/2⌋. */
  rings?: number;
  /** K of the targets. Default: `rings`. */
  targetRings?: number;
  /** One set of Gaussians for all particles. Default false. */
  shared?: boolean;
  /** One row of ring weights per particle. Default false. */
  ownWeights?: boolean;
  seed?: number;
}

/** A rotation matrix, uniform over all orientations (from a unit quaternion), row-major. */
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

/** Divides every ring of the transforms of `targetRings` rings by its norm, in place. */
export function normaliseRings(targets: Float32Array, count: number, targetRings: number): void {
  const { samples, ring, multiplicity } = disc(targetRings);
  for (let b = 0; b < count; b++) {
    const norm = new Float64Array(targetRings + 1);
    const own = targets.subarray(2 * b * samples, 2 * (b + 1) * samples);
    for (let i = 0; i < samples; i++) {
      norm[ring[i]!]! += multiplicity[i]! * (own[2 * i]! ** 2 + own[2 * i + 1]! ** 2);
    }
    for (let i = 0; i < samples; i++) {
      const scale = multiplicity[i]! > 0 ? 1 / Math.sqrt(norm[ring[i]!]!) : 0;
      own[2 * i]! *= scale;
      own[2 * i + 1]! *= scale;
    }
  }
}

/**
 * Random Gaussians in a ball, random poses, and targets of noise. The targets are noise because it has power in every
 * ring: gradients are then of a size that a comparison can see.
 */
export function exampleBatch(options: ExampleOptions): {
  batch: ProjectionBatch;
  request: ProjectionRequest;
} {
  const { count, gaussians, boxSize, shared = false, ownWeights = false, seed = 1 } = options;
  const rings = options.rings ?? options.targetRings ?? Math.floor((boxSize - 1) / 2);
  const targetRings = options.targetRings ?? rings;
  const random = new Random(seed);
  const sets = shared ? 1 : count;
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
  const rotations = new Float32Array(9 * count);
  for (let b = 0; b < count; b++) rotations.set(randomRotation(random), 9 * b);
  const shifts = Float32Array.from({ length: 2 * count }, () => 0.03 * random.normal());
  const targets = Float32Array.from({ length: 2 * count * disc(targetRings).samples }, () => random.normal());
  normaliseRings(targets, count, targetRings);
  const ringWeights = Float32Array.from(
    { length: (rings + 1) * (ownWeights ? count : 1) },
    () => 0.2 + random.uniform(),
  );
  return {
    batch: { count, gaussians, model, rotations, shifts, targets, targetRings },
    request: { boxSize, rings, ringWeights, gradient: { model: true, pose: true } },
  };
}
