import type { ParticleTargets } from "../particles/targets";
import type { ProjectionBatch } from "../projection/engine";

/**
 * Ends of the batches of `size` into which `count` particles are divided; the last one may be smaller. Batch normalization
 * needs at least two particles: a batch of one gets another from the batch before it, or is merged with it.
 */
export function batchEnds(count: number, size: number): number[] {
  const ends = Array.from({ length: Math.ceil(count / size) }, (_, i) => Math.min((i + 1) * size, count));
  if (count > 1 && count % size === 1) {
    if (size > 2) ends[ends.length - 2]!--;
    else ends.splice(-2, 1);
  }
  return ends;
}

/** Gathers rows of `values` [n · width] in the given order, [rows · width]. */
export function gatherRows(values: Float32Array, width: number, rows: ArrayLike<number>): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * width;
    out.set(values.subarray(from, from + width), i * width);
  }
  return out;
}

/** Some columns of `values` [n · width], in this order. */
export function gatherColumns(values: Float32Array, width: number, columns: readonly number[]): Float32Array {
  const rows = values.length / width;
  const out = new Float32Array(rows * columns.length);
  for (let i = 0; i < rows; i++) {
    for (const [c, column] of columns.entries()) out[i * columns.length + c] = values[i * width + column]!;
  }
  return out;
}

/** Gathers transforms and poses of particles for a projection engine. */
export class ParticleBatches {
  constructor(private readonly targets: ParticleTargets) {}

  /** Consecutive lists of at most `size` particle indices that cover all particles. */
  *chunks(size: number): Generator<Int32Array> {
    const { count } = this.targets;
    for (let start = 0; start < count; start += size) {
      yield Int32Array.from({ length: Math.min(size, count - start) }, (_, i) => start + i);
    }
  }

  /**
   * These particles, still without models.
   * @param gaussians N, the Gaussians per model
   * @param buffer for the transforms, used if it is large enough
   */
  async particles(
    indices: Int32Array,
    gaussians: number,
    buffer?: Float32Array,
  ): Promise<Omit<ProjectionBatch, "model">> {
    const { targets } = this;
    return {
      count: indices.length,
      gaussians,
      rotations: gatherRows(targets.rotations, 9, indices),
      shifts: gatherRows(targets.shifts, 2, indices),
      targets: await targets.batch(indices, buffer),
      targetRings: targets.rings,
    };
  }

  /** As {@link particles}, with a shared model [5N] or one model each [B · 5N]. */
  async load(
    indices: Int32Array,
    gaussians: number,
    model: Float32Array,
    buffer?: Float32Array,
  ): Promise<ProjectionBatch> {
    return { ...(await this.particles(indices, gaussians, buffer)), model };
  }
}
