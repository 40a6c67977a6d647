import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { disc } from "../../fourier/disc";
import { gatherRows } from "../batches";
import type { EpochParts } from "../stepParts";

/** Device memory for particles that stay there, in bytes; more of them are streamed. */
const mostResident = 2 ** 31;
/** Bytes that are sent at once. */
const segmentBytes = 2 ** 26;
/** Most particles that are sent at once: workgroups that every GPU can start. */
const mostSent = 65535;
/** Segments on the device: one is trained on, the others wait or are being filled. */
const segments = 3;

/** What is sent of some particles. */
interface ParticleNumbers {
  records: Float32Array;
  targets: Float32Array;
}

/** Sends targets to a place among those on the device. */
interface Packing {
  send: (targets: Float32Array, at: number) => void;
  dispose: () => void;
}

/** Particles in the order of an epoch from `first` up to `end`, ready to be sent. */
interface Segment extends ParticleNumbers {
  first: number;
  end: number;
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
 * How particles are kept on the device: all of them in single precision, all with their targets in half precision, or some at a time
 * in single precision.
 */
export type ParticleStorage = "single" | "half" | "ring";

/** What {@link particleStorage} depends on. */
export interface StoredParticles {
  /** Different particles. */
  count: number;
  /** Numbers of a particle. */
  recordLength: number;
  targetLength: number;
  /** Bytes that particles may use, and a buffer may have. */
  resident: number;
  largestBuffer: number;
}

/** The first way of {@link ParticleStorage} in which particles fit. Half precision gains nothing where single precision fits. */
export function particleStorage(of: StoredParticles): ParticleStorage {
  const { count, recordLength, targetLength, resident, largestBuffer } = of;
  const records = 4 * count * recordLength;
  const fits = (targets: number) =>
    records + targets <= resident && Math.max(records, targets) <= largestBuffer;
  if (fits(4 * count * targetLength)) return "single";
  return fits(2 * count * targetLength) ? "half" : "ring";
}

/**
 * Particles on the device: all of them where they fit, sent once in a training. Otherwise they pass through a ring of segments in
 * the order in which they are trained on: the next one is read while kernels work on the one before.
 */
export class ParticleMemory {
  /** Encoder input, pose, ring weights, and latents of the base model of each particle. */
  readonly records: GPUBuffer;
  /** Their targets. */
  readonly targets: GPUBuffer;
  /** Where the particles of the epoch are among them, in the order of the epoch. */
  readonly order: GPUBuffer;
  private readonly recordLength: number;
  private readonly targetLength: number;
  readonly storage: ParticleStorage;
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
    this.recordLength = units.count * prepared.basis.size + 11 + rings + 1 + baseNumbers(parts);
    this.targetLength = 2 * disc(rings).samples;
    const each = 4 * Math.max(this.recordLength, this.targetLength);
    // A particle may occur more than once.
    const different = new Set(order).size;
    const { recordLength, targetLength } = this;
    const { largestBuffer } = device;
    this.storage = particleStorage({
      ...{ count: different, recordLength, targetLength, resident, largestBuffer },
    });
    const fitting = Math.min(segment, largestBuffer / segments) / each;
    this.capacity = Math.max(batchSize + 1, Math.min(mostSent, Math.floor(fitting)));
    const places = this.isResident ? different : segments * this.capacity;
    this.records = device.buffer(4 * places * recordLength);
    this.targets = device.buffer((this.storage === "half" ? 2 : 4) * places * targetLength);
    this.order = device.buffer(4 * order.length);
  }

  private get isResident(): boolean {
    return this.storage !== "ring";
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
    const hasRoom = this.isResident
      ? own.order.length >= order.length && order.every((particle) => this.placeOf.has(particle))
      : own.order.length === order.length;
    return (
      hasRoom &&
      own.batchSize === batchSize &&
      own.context.targets === context.targets &&
      own.context.base === context.base &&
      own.prepared === prepared &&
      own.units === units
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
    const { capacity } = this;
    const particles = Int32Array.from(new Set(this.epoch.order));
    const packing = this.storage === "half" ? await this.packing() : undefined;
    for (let first = 0; first < particles.length; first += capacity) {
      const some = particles.subarray(first, first + capacity);
      this.send(await this.numbersOf(some), first, packing);
    }
    packing?.dispose();
    for (const [place, particle] of particles.entries()) this.placeOf.set(particle, place);
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
    epoch.reading = this.numbersOf(epoch.order.subarray(first, end)).then((numbers) => ({
      first,
      end,
      ...numbers,
    }));
    // Awaited later; until then a failure must not count as an unhandled rejection.
    epoch.reading.catch(() => undefined);
  }

  private async numbersOf(indices: Int32Array): Promise<ParticleNumbers> {
    const { context, prepared, units } = this.parts;
    const { basis, features, weights } = prepared;
    const { targets } = context;
    const { recordLength } = this;
    const width = units.count * basis.size;
    const runs = [
      { width, values: gatherRows(features, width, indices) },
      { width: 9, values: gatherRows(targets.rotations, 9, indices) },
      { width: 2, values: gatherRows(targets.shifts, 2, indices) },
      { width: targets.rings + 1, values: weights.of(indices, targets.rings) },
      ...(context.base ? [{ width: baseNumbers(this.parts), values: context.base.latentsOf(indices) }] : []),
    ];
    const records = new Float32Array(indices.length * recordLength);
    for (let row = 0; row < indices.length; row++) {
      let at = row * recordLength;
      for (const { width, values } of runs) {
        records.set(values.subarray(row * width, (row + 1) * width), at);
        at += width;
      }
    }
    return { records, targets: await targets.batch(indices) };
  }

  private send({ records, targets }: ParticleNumbers, at: number, packing?: Packing): void {
    this.device.write(this.records, records, 4 * at * this.recordLength);
    if (packing) packing.send(targets, at);
    else this.device.write(this.targets, targets, 4 * at * this.targetLength);
  }

  /** Sends targets that are stored in half precision. */
  private async packing(): Promise<Packing> {
    const { device, targetLength } = this;
    const [step, sent] = [device.uniform(64), device.buffer(4 * this.capacity * targetLength)];
    const samples = targetLength / 2;
    const dispatch = await device.dispatch({
      files: ["step", "packTargets"],
      constants: { samples },
      buffers: [step, sent, this.targets],
      groups: (count) => [Math.ceil(samples / 256), count, 1],
    });
    return {
      send: (targets, at) => {
        device.write(sent, targets);
        device.write(step, Uint32Array.of(at));
        device.submit([{ dispatches: [dispatch], count: targets.length / targetLength }]);
      },
      dispose: () => {
        for (const buffer of [step, sent]) buffer.destroy();
      },
    };
  }

  private dispose(): void {
    for (const buffer of [this.records, this.targets, this.order]) buffer.destroy();
  }
}

/** Latents of the base models of a particle. */
export const baseNumbers = ({ context, units }: Pick<EpochParts, "context" | "units">): number =>
  units.count * (context.base?.trained?.model.spec.latent ?? 0);

/** The memory of the last epoch of each device; its buffers end with the device. */
const kept = new WeakMap<GpuDevice, { memory: ParticleMemory; holds: (parts: EpochParts) => boolean }>();
