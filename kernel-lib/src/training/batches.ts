import type { ParticleTargets } from "../particles/targets";
import type { ProjectionBatch } from "../projection/engine";

/**
 * Ends of the batches into which so many particles are divided, each of `size` but the last one. A batch of one has no
 * variance to be normalised by: where one would be left over it takes another from the batch before it, or goes with it.
 */
export function batchEnds(count: number, size: number): number[] {
  const ends = Array.from({ length: Math.ceil(count / size) }, (_, i) => Math.min((i + 1) * size, count));
  if (count > 1 && count % size === 1) {
    if (size > 2) ends[ends.length - 2]!--;
    else ends.splice(-2, 1);
  }
  return ends;
}

/** Gathers what an engine needs of some particles: transforms and poses. */
export class ParticleBatches {
  constructor(private readonly targets: ParticleTargets) {}

  /** Lists of neighbouring particle indices that cover all particles. */
  *inOrder(size: number): Generator<Int32Array> {
    const { count } = this.targets;
    for (let start = 0; start < count; start += size) {
      yield Int32Array.from({ length: Math.min(size, count - start) }, (_, i) => start + i);
    }
  }

  /**
   * The batch of these particles with a shared model [5N] or one model each [B·5N].
   * @param space of transforms, to be used again where it is large enough
   */
  async load(
    indices: Int32Array,
    gaussians: number,
    model: Float32Array,
    space?: Float32Array,
  ): Promise<ProjectionBatch> {
    const { targets } = this;
    return {
      count: indices.length,
      gaussians,
      model,
      rotations: this.rows(targets.rotations, 9, indices),
      shifts: this.rows(targets.shifts, 2, indices),
      targets: await targets.batch(indices, space),
      targetRings: targets.rings,
    };
  }

  /** Rows of a [particles · width] array. */
  rows(values: Float32Array, width: number, indices: Int32Array): Float32Array {
    const out = new Float32Array(indices.length * width);
    for (let b = 0; b < indices.length; b++) {
      const from = indices[b]! * width;
      out.set(values.subarray(from, from + width), b * width);
    }
    return out;
  }
}
