import { disc } from "../fourier/disc";
import type { ProjectionBatch } from "../projection/engine";

/** Particles of a step, whose transforms are being read. */
export interface ReadBatch {
  indices: Int32Array;
  batch: Promise<ProjectionBatch>;
}

/** Reads batches into two buffers in turn. */
export class BatchReader {
  private readonly buffers: Float32Array[];
  private turn = 0;

  constructor(
    private readonly load: (indices: Int32Array, buffer: Float32Array) => Promise<ProjectionBatch>,
    { batchSize, rings }: { batchSize: number; rings: number },
  ) {
    const width = 2 * disc(rings).samples;
    this.buffers = [0, 1].map(() => new Float32Array(batchSize * width));
  }

  /** Starts reading a batch. Only two batches may be in use at a time. */
  read(particles: ArrayLike<number>): ReadBatch {
    const indices = Int32Array.from(particles);
    this.turn = 1 - this.turn;
    const batch = this.load(indices, this.buffers[this.turn]!);
    // Awaited in the step; until then a failure must not count as an unhandled rejection.
    batch.catch(() => undefined);
    return { indices, batch };
  }
}
