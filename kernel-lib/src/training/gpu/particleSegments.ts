import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { disc } from "../../fourier/disc";
import { gatherRows } from "../batches";
import type { EpochParts } from "../stepParts";

/** Device memory for particles, in bytes. */
const memory = 2 ** 29;

/**
 * Particles of an epoch on the device, in the order in which they are trained on: as many steps at once as fit. When they are used
 * up, the next ones take their place.
 */
export class ParticleSegments {
  /** Encoder input, pose and ring weights of each particle. */
  readonly records: GPUBuffer;
  /** Their targets. */
  readonly targets: GPUBuffer;
  private readonly recordLength: number;
  private readonly targetLength: number;
  private readonly capacity: number;
  /** Place in the order of the first particle on the device, and behind the last. */
  private from = 0;
  private to = 0;

  constructor(
    private readonly device: GpuDevice,
    private readonly parts: EpochParts,
  ) {
    const { context, prepared, order, batchSize } = parts;
    const { rings } = context.targets;
    this.recordLength = prepared.basis.size + 11 + rings + 1;
    this.targetLength = 2 * disc(rings).samples;
    const each = 4 * Math.max(this.recordLength, this.targetLength);
    const fitting = Math.floor(Math.min(memory, device.largestBuffer) / each);
    this.capacity = Math.min(order.length, Math.max(batchSize + 1, fitting));
    this.records = device.buffer(4 * this.capacity * this.recordLength);
    this.targets = device.buffer(4 * this.capacity * this.targetLength);
  }

  /**
   * Where a step finds its particles on the device.
   * @param first place of its first particle in the order, `end` behind its last
   * @param ends  of all steps
   */
  async place(first: number, end: number, ends: readonly number[]): Promise<number> {
    if (end > this.to) {
      const last = ends.filter((e) => e - first <= this.capacity).at(-1)!;
      await this.fill(first, last);
    }
    return first - this.from;
  }

  private async fill(first: number, end: number): Promise<void> {
    const { context, prepared, order } = this.parts;
    const indices = order.subarray(first, end);
    const { basis, features, weights } = prepared;
    const { targets } = context;
    const { recordLength } = this;
    const runs = [
      { width: basis.size, values: gatherRows(features, basis.size, indices) },
      { width: 9, values: gatherRows(targets.rotations, 9, indices) },
      { width: 2, values: gatherRows(targets.shifts, 2, indices) },
      { width: targets.rings + 1, values: weights.of(indices, targets.rings) },
    ];
    const records = new Float32Array(indices.length * recordLength);
    for (let row = 0; row < indices.length; row++) {
      let at = row * recordLength;
      for (const { width, values } of runs) {
        records.set(values.subarray(row * width, (row + 1) * width), at);
        at += width;
      }
    }
    this.device.write(this.records, records);
    this.device.write(this.targets, await targets.batch(indices));
    [this.from, this.to] = [first, end];
  }

  /** Frees the buffers. */
  dispose(): void {
    this.records.destroy();
    this.targets.destroy();
  }
}
