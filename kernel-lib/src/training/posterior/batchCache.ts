import type { ProjectionBatch } from "../../projection/engine";
import { gatherRows, type ParticleBatches } from "../batches";
import type { HalfSamples } from "./halfSamples";

/** Particles of a batch without models. */
export type LoadedParticles = Omit<ProjectionBatch, "model">;

/** Some particles among those that were loaded together. */
export interface LoadedRows {
  /** Indices of the particles. */
  particles: Int32Array;
  /** Their rows. */
  rows: Int32Array;
  /** Arrays that are shared with other rows and must not be changed. */
  loaded: LoadedParticles;
}

/** Two, and two more for particles whose images are in two batches each. */
const mostRecent = 4;

/**
 * Batches that were loaded last. The same particles are requested at many places, fewer and fewer of them; two batches are
 * processed at a time.
 */
export class BatchCache {
  private readonly recent: { rowOf: Map<number, number>; loaded: LoadedParticles }[] = [];

  /** @param half the samples to keep. Default: all */
  constructor(
    private readonly batches: ParticleBatches,
    private readonly gaussians: number,
    private readonly half?: HalfSamples,
  ) {}

  /** Loads these particles. */
  async load(particles: Int32Array): Promise<LoadedRows> {
    const known = this.recent.find(({ rowOf }) => particles.every((particle) => rowOf.has(particle)));
    if (known) {
      const rows = Int32Array.from(particles, (particle) => known.rowOf.get(particle)!);
      return { particles, rows, loaded: known.loaded };
    }
    const own = await loadRows(this.batches, particles, this.gaussians);
    const { loaded } = own;
    this.half?.restrict(loaded.targets);
    this.recent.unshift({ rowOf: new Map(Array.from(particles, (particle, i) => [particle, i])), loaded });
    this.recent.splice(mostRecent);
    return own;
  }
}

/** Loads particles that are requested once. */
export async function loadRows(
  batches: ParticleBatches,
  particles: Int32Array,
  gaussians: number,
): Promise<LoadedRows> {
  return {
    particles,
    rows: particles.map((_, row) => row),
    loaded: await batches.particles(particles, gaussians),
  };
}

/** Loaded particles as a batch of their own; without copies if they are all rows in order. */
export function batchOfRows({ loaded, rows }: LoadedRows): LoadedParticles {
  if (rows.length === loaded.count && rows.every((row, i) => row === i)) return loaded;
  const take = (values: Float32Array) => gatherRows(values, values.length / loaded.count, rows);
  return {
    ...loaded,
    count: rows.length,
    rotations: take(loaded.rotations),
    shifts: take(loaded.shifts),
    targets: take(loaded.targets),
  };
}
