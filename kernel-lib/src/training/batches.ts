import type { ParticleTargets } from "../particles/targets";
import type { ProjectionBatch } from "../projection/engine";

/** Gathers what an engine needs of some particles: transforms, poses, ring weights. */
export class ParticleBatches {
  constructor(private readonly targets: ParticleTargets) {}

  /** Lists of neighbouring particle indices that cover `from` … `to` (default all). */
  *inOrder(size = 128, from = 0, to = this.targets.count): Generator<Int32Array> {
    for (let start = from; start < to; start += size) {
      yield Int32Array.from({ length: Math.min(size, to - start) }, (_, i) => start + i);
    }
  }

  /** The batch of these particles with a shared model [5N] or one model each [B·5N]. */
  async load(indices: Int32Array, gaussians: number, model: Float32Array): Promise<ProjectionBatch> {
    const { targets } = this;
    return {
      count: indices.length,
      gaussians,
      model,
      rotations: this.rows(targets.rotations, 9, indices),
      shifts: this.rows(targets.shifts, 2, indices),
      targets: await targets.batch(indices),
      targetRings: targets.rings,
    };
  }

  /** Rows of a [particles · width] array; of ring arrays only columns 0 … rings when `rings` is given. */
  rows(values: Float32Array, width: number, indices: Int32Array, rings = width - 1): Float32Array {
    const out = new Float32Array(indices.length * (rings + 1));
    for (let b = 0; b < indices.length; b++) {
      const from = indices[b]! * width;
      out.set(values.subarray(from, from + rings + 1), b * (rings + 1));
    }
    return out;
  }
}
