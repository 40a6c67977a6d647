import type { ProjectionBatch } from "../../projection/engine";
import { gatherRows, type ParticleBatches } from "../batches";
import type { HalfSamples } from "./halfSamples";

/**
 * Batches that were loaded last. The same particles are requested at many places, fewer and fewer of them; two batches are
 * processed at a time.
 */
export class BatchCache {
  private readonly recent: { rows: Map<number, number>; batch: ProjectionBatch }[] = [];

  /** @param half the samples to keep. Default: all */
  constructor(
    private readonly batches: ParticleBatches,
    private readonly gaussians: number,
    private readonly half?: HalfSamples,
  ) {}

  /** A batch of these particles with these models. Its arrays are shared with later batches and must not be changed. */
  async load(particles: Int32Array, models: Float32Array): Promise<ProjectionBatch> {
    const known = this.recent.find(({ rows }) => particles.every((particle) => rows.has(particle)));
    if (known) {
      const rows = Int32Array.from(particles, (particle) => known.rows.get(particle)!);
      return { ...part(known.batch, rows), model: models };
    }
    const batch = await this.batches.load(particles, this.gaussians, models);
    this.half?.restrict(batch.targets);
    this.recent.unshift({ rows: new Map(Array.from(particles, (particle, i) => [particle, i])), batch });
    this.recent.splice(2);
    return batch;
  }
}

/** Some rows of a batch; the batch itself, without copies, if they are all rows in order. */
function part(batch: ProjectionBatch, rows: Int32Array): ProjectionBatch {
  if (rows.length === batch.count && rows.every((row, i) => row === i)) return batch;
  const take = (values: Float32Array) => gatherRows(values, values.length / batch.count, rows);
  return {
    ...batch,
    count: rows.length,
    rotations: take(batch.rotations),
    shifts: take(batch.shifts),
    targets: take(batch.targets),
  };
}
