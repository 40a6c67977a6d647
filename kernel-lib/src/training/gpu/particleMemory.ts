import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { disc } from "../../fourier/disc";
import { gatherRows } from "../batches";
import type { EpochParts } from "../stepParts";

/** Device memory for particles that stay there, in bytes; more of them are streamed. */
const mostResident = 2 ** 31;
/** Bytes that are sent at once when particles are streamed. */
const segmentBytes = 2 ** 26;
/** Segments on the device: one is trained on, the others wait or are being filled. */
const segments = 3;

/** Particles in the order of an epoch from `first` up to `end`, ready to be sent. */
interface Segment {
  first: number;
  end: number;
  records: Float32Array;
  targets: Float32Array;
}

/** How far the particles of an epoch have been sent. */
interface EpochReading {
  order: Int32Array;
  /** Ends of all steps. */
  ends: readonly number[];
  /** The end of the particles on the device, in the order of the epoch. */
  to: number;
  /** Segment of the ring that is filled next. */
  turn: number;
  reading?: Promise<Segment> | undefined;
}

/** Options of a {@link ParticleMemory}; for tests. */
export interface ParticleMemoryOptions {
  /** See {@link mostResident}. */
  resident?: number;
  /** See {@link segmentBytes}. */
  segment?: number;
}

/**
 * Particles on the device: all of them where they fit, sent once in a training. Otherwise they pass through a ring of segments in
 * the order in which they are trained on: the next one is read while kernels work on the one before.
 */
export class ParticleMemory {
  /** Encoder input, pose and ring weights of each particle. */
  readonly records: GPUBuffer;
  /** Their targets. */
  readonly targets: GPUBuffer;
  /** Where the particles of the epoch are among them, in the order of the epoch. */
  readonly order: GPUBuffer;
  private readonly recordLength: number;
  private readonly targetLength: number;
  /** Whether all particles stay on the device. */
  readonly isResident: boolean;
  /** Particles of a segment. */
  private readonly capacity: number;
  /** Place on the device of each particle that is there, if all stay. */
  private readonly placeOf = new Map<number, number>();
  private readonly epoch: EpochReading = { order: new Int32Array(0), ends: [], to: 0, turn: 0 };

  private constructor(
    private readonly device: GpuDevice,
    private readonly parts: EpochParts,
    { resident = mostResident, segment = segmentBytes }: ParticleMemoryOptions,
  ) {
    const { context, prepared, order, batchSize, units } = parts;
    const { rings } = context.targets;
    this.recordLength = units.count * prepared.basis.size + 11 + rings + 1;
    this.targetLength = 2 * disc(rings).samples;
    const each = 4 * Math.max(this.recordLength, this.targetLength);
    const all = order.length * each;
    this.isResident = order.length * 4 * (this.recordLength + this.targetLength) <= resident;
    if (all > device.largestBuffer) this.isResident = false;
    const fitting = Math.min(segment, device.largestBuffer / segments) / each;
    this.capacity = Math.max(batchSize + 1, Math.floor(fitting));
    const places = this.isResident ? order.length : segments * this.capacity;
    this.records = device.buffer(4 * places * this.recordLength);
    this.targets = device.buffer(4 * places * this.targetLength);
    this.order = device.buffer(4 * order.length);
  }

  /** Memory of the particles of an epoch: that of the epoch before, if its particles are on the device. */
  static for(device: GpuDevice, parts: EpochParts, options: ParticleMemoryOptions = {}): ParticleMemory {
    const last = kept.get(device);
    if (last?.holds(parts)) return last.memory;
    last?.memory.dispose();
    const memory = new ParticleMemory(device, parts, options);
    kept.set(device, { memory, holds: (others) => memory.holds(others) });
    return memory;
  }

  /** Whether these particles are on the device, or can pass through this memory. */
  private holds({ context, prepared, order, units, batchSize }: EpochParts): boolean {
    const own = this.parts;
    return (
      own.order.length === order.length &&
      own.batchSize === batchSize &&
      own.context.targets === context.targets &&
      own.prepared === prepared &&
      own.units === units &&
      (!this.isResident || order.every((particle) => this.placeOf.has(particle)))
    );
  }

  /**
   * Begins an epoch.
   * @param order particles in the order in which they are trained on
   * @param ends  of all steps
   */
  async begin(order: Int32Array, ends: readonly number[]): Promise<void> {
    Object.assign(this.epoch, { order, ends, to: 0, turn: 0, reading: undefined });
    if (!this.isResident) {
      this.read(0);
      return;
    }
    if (this.placeOf.size === 0) await this.fill();
    this.device.write(
      this.order,
      Uint32Array.from(order, (particle) => this.placeOf.get(particle)!),
    );
    this.epoch.to = order.length;
  }

  /** Sends all particles, a segment at a time. */
  private async fill(): Promise<void> {
    const { order } = this.epoch;
    for (let first = 0; first < order.length; first += this.capacity) {
      const end = Math.min(order.length, first + this.capacity);
      this.send(await this.segment(first, end), first);
    }
    for (const [place, particle] of order.entries()) this.placeOf.set(particle, place);
  }

  /** Waits until the particles of a step, up to `end` in the order, are on their way to the device. */
  async reach(end: number): Promise<void> {
    const { epoch } = this;
    while (epoch.to < end) {
      const segment = await epoch.reading!;
      const at = epoch.turn * this.capacity;
      this.send(segment, at);
      const places = Uint32Array.from({ length: segment.end - segment.first }, (_, i) => at + i);
      this.device.write(this.order, places, 4 * segment.first);
      epoch.to = segment.end;
      epoch.turn = (epoch.turn + 1) % segments;
      if (epoch.to < epoch.order.length) this.read(epoch.to);
    }
  }

  /** Starts to read as many steps from `first` on as a segment has room for. */
  private read(first: number): void {
    const { epoch } = this;
    const end = epoch.ends.filter((e) => e > first && e - first <= this.capacity).at(-1)!;
    epoch.reading = this.segment(first, end);
    // Awaited later; until then a failure must not count as an unhandled rejection.
    epoch.reading.catch(() => undefined);
  }

  private async segment(first: number, end: number): Promise<Segment> {
    const { context, prepared, units } = this.parts;
    const indices = this.epoch.order.subarray(first, end);
    const { basis, features, weights } = prepared;
    const { targets } = context;
    const { recordLength } = this;
    const width = units.count * basis.size;
    const runs = [
      { width, values: gatherRows(features, width, indices) },
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
    return { first, end, records, targets: await targets.batch(indices) };
  }

  private send({ records, targets }: Segment, at: number): void {
    this.device.write(this.records, records, 4 * at * this.recordLength);
    this.device.write(this.targets, targets, 4 * at * this.targetLength);
  }

  private dispose(): void {
    for (const buffer of [this.records, this.targets, this.order]) buffer.destroy();
  }
}

/** The memory of the last epoch of each device; its buffers end with the device. */
const kept = new WeakMap<GpuDevice, { memory: ParticleMemory; holds: (parts: EpochParts) => boolean }>();
