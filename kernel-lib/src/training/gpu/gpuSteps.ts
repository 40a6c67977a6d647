import type { Dispatch, DispatchSpec, Pass } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { throwIfStopped } from "../../errors";
import { disc } from "../../fourier/disc";
import { GpuNetworks } from "../../network/gpu/gpuNetworks";
import { pitchOf } from "../../network/gpu/networkLayout";
import { type GpuEngine, scaleOf } from "../../projection/gpu/gpuEngine";
import { GpuProjection, type GpuShape, particlesAtOnce } from "../../projection/gpu/gpuProjection";
import { chooseSpread } from "../../projection/plan";
import type { SpreadPlan } from "../../projection/spreadPlan";
import { batchEnds } from "../batches";
import { nameOfEpoch } from "../schedule";
import type { EpochParts, StepOptions, StepSettings } from "../stepParts";
import { expectedWidths } from "./expectedWidths";
import { GpuDecoding } from "./gpuDecoding";
import { ParticleMemory, type ParticleMemoryOptions } from "./particleMemory";

/** Steps that are submitted at once. */
const stepsAtOnce = 8;
/** Submissions of which the end is waited for together. */
const submissionsAhead = 4;
/** Bytes of the record of `shaders/step.wgsl`, and numbers from one record to the next. */
const recordBytes = 64;
const recordWords = recordBytes / 4;

/**
 * Takes the steps of an epoch on the GPU. Its particles are sent there in the first epoch of a training, or in every one in a ring of
 * segments if they do not fit; a step sends 64 bytes, and nothing comes back. Weights and moments are taken from the networks and put
 * back at the end.
 * @returns what prevented it, as the end of a sentence; undefined if it was done
 * @throws StoppedError between two steps; the networks are then as before the epoch
 */
export async function gpuSteps(
  parts: EpochParts,
  step: StepSettings,
  options: StepOptions & { memory?: ParticleMemoryOptions },
): Promise<string | undefined> {
  const plan = chooseSpread(expectedWidths(parts, step.rings));
  if (!plan) return "Gaussians whose widths fit no grid";
  const device = await (parts.context.engine as GpuEngine).opened();
  const rows = parts.units.count * (parts.batchSize + 1);
  const specs = parts.model.networks.map(({ spec }) => spec);
  if (GpuNetworks.largestBuffer(specs, rows) > device.largestBuffer) {
    return "networks of this size in the memory that the GPU gives to a kernel";
  }
  const shape = shapeOf(parts, { plan, rings: step.rings });
  if (particlesAtOnce(shape, device.largestBuffer) < capacityOf(parts)) {
    return "a step of so many particles in the memory that the GPU gives to a kernel";
  }
  const epoch = new GpuEpoch(device, parts, { plan, rings: step.rings, memory: options.memory });
  try {
    await epoch.run(step, options);
  } finally {
    epoch.dispose();
  }
  return undefined;
}

/** What an epoch on the GPU is made for. */
interface GpuEpochOptions {
  plan: SpreadPlan;
  rings: number;
  memory?: ParticleMemoryOptions | undefined;
}

/** Most particles of a step: a last batch of one is merged with the one before it. */
const capacityOf = ({ batchSize }: EpochParts): number => batchSize + 1;

/** Sizes of the projections. */
function shapeOf({ context }: EpochParts, { plan, rings }: GpuEpochOptions): GpuShape {
  const { neutral, targets } = context;
  return {
    ...{ boxSize: neutral.boxSize, rings, gaussians: neutral.count, variants: 1, shared: false },
    ...{ weightStride: targets.rings + 1, targetRings: targets.rings },
    ...{ grid: plan.grid, classes: plan.classes.length },
  };
}

/** Networks, projection and particles of an epoch on the device. */
export class GpuEpoch {
  private readonly record: GPUBuffer;
  private readonly records: GPUBuffer;
  private readonly networks: GpuNetworks;
  private readonly decoding: GpuDecoding;
  private readonly projection: GpuProjection;
  private readonly particles: ParticleMemory;

  constructor(
    private readonly device: GpuDevice,
    private readonly parts: EpochParts,
    { plan, rings, memory }: GpuEpochOptions,
  ) {
    const { context, model, strain, units } = parts;
    const { neutral } = context;
    const capacity = capacityOf(parts);
    this.record = device.uniform(recordBytes);
    this.records = device.buffer(recordBytes * stepsAtOnce);
    this.projection = new GpuProjection(device, shapeOf(parts, { plan, rings }), capacity);
    this.projection.setPlan(plan, scaleOf(neutral.params, neutral.count));
    const rows = units.count * capacity;
    const place = { device, rows, step: this.record };
    this.networks = new GpuNetworks(model.networks, { ...place, rowsPerParticle: units.count });
    const { networks, projection } = this;
    this.decoding = new GpuDecoding({ ...place, model, units, strain, networks, projection });
    this.particles = ParticleMemory.for(device, parts, memory);
  }

  /** All kernels of a step in their order. */
  async dispatches(): Promise<Dispatch[]> {
    const { device, decoding, projection } = this;
    const made = (specs: readonly DispatchSpec[]) => Promise.all(specs.map((spec) => device.dispatch(spec)));
    return [
      ...(await made([this.collect(), ...decoding.forward()])),
      ...(await projection.placedProjections()),
      ...(await projection.scores()),
      ...(await projection.gradients({ pose: false })),
      ...(await made(decoding.backward())),
    ];
  }

  private collect(): DispatchSpec {
    const { prepared, context, units } = this.parts;
    const features = prepared.basis.size;
    const weights = context.targets.rings + 1;
    const targets = 2 * disc(context.targets.rings).samples;
    const { projection, particles, networks } = this;
    const length = units.count * features + 11 + weights + targets;
    return {
      files: ["step", "collect"],
      constants: { units: units.count, features, featurePitch: pitchOf(features), weights, targets },
      buffers: [
        ...[this.record, particles.order, particles.records, particles.targets],
        ...[networks.memory.activations, projection.buffer("poses")],
        ...[projection.buffer("weights"), projection.buffer("targets")],
      ],
      groups: (count) => [Math.ceil(length / 64), count, 1],
    };
  }

  /** Takes all steps. */
  async run(step: StepSettings, options: StepOptions): Promise<void> {
    const { device, parts, networks, decoding, particles } = this;
    const { order, batchSize } = parts;
    networks.load();
    decoding.load();
    const dispatches = await this.dispatches();
    const ends = batchEnds(order.length, batchSize);
    await particles.begin(order, ends);
    for (let i = 0, turn = 1; i < ends.length; i += stepsAtOnce, turn++) {
      throwIfStopped(options.signal);
      const some = ends.slice(i, i + stepsAtOnce);
      const records = new Uint32Array(some.length * recordWords);
      const passes: Pass[] = [];
      let first = ends[i - 1] ?? 0;
      for (const [k, end] of some.entries()) {
        await particles.reach(end);
        records.set(this.recordOf(first, end - first, step, options), k * recordWords);
        const input = { from: this.records, at: k * recordBytes, bytes: recordBytes, to: this.record };
        passes.push({ dispatches, count: end - first, input });
        first = end;
      }
      device.write(this.records, records);
      device.submit(passes);
      if (turn % submissionsAhead === 0) await device.idle();
      const task = `${nameOfEpoch(options)}, rings to ${step.rings}`;
      options.onProgress?.({ task, done: first, total: order.length });
    }
    await this.takeBack();
  }

  /** The record of `shaders/step.wgsl`. */
  private recordOf(first: number, count: number, step: StepSettings, options: StepOptions): Uint32Array {
    const { dropout, strain, adam, model, units } = this.parts;
    const { rate, root, decay } = adam.next(step.rate);
    const rows = units.count * count;
    const { some, factor } = strain?.share(rows) ?? { some: 0, factor: 0 };
    const words = new Uint32Array(recordWords);
    words.set([first, count, rows, step.random.uint32()]);
    const penalty = (2 * options.spreadPenalty) / (rows * model.head.neutral.count);
    const { axes = 0, kinds = 0 } = dropout ?? {};
    new Float32Array(words.buffer).set(
      [rate, root, decay, -step.scale / count, penalty, options.latentNoise, axes, kinds, factor],
      4,
    );
    words[13] = some;
    return words;
  }

  /** Puts weights, moments and statistics into the networks. */
  private async takeBack(): Promise<void> {
    const { device, networks, decoding } = this;
    const [ofNetworks, ofDecoding] = [networks.outputs(), decoding.outputs()];
    await device.run([], 0, [...ofNetworks, ...ofDecoding]);
    networks.save(ofNetworks);
    decoding.save(ofDecoding);
  }

  /** Frees the buffers, but not those of the particles, which the next epoch uses. */
  dispose(): void {
    for (const part of [this.networks, this.decoding, this.projection]) part.dispose();
    for (const buffer of [this.record, this.records]) buffer.destroy();
  }
}
