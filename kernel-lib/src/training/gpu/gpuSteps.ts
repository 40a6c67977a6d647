import type { Dispatch, DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
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
import { GpuBases } from "./gpuBases";
import { motionNumbers } from "./gpuDecoder";
import { GpuDecoding } from "./gpuDecoding";
import { baseNumbers, ParticleMemory, type ParticleMemoryOptions } from "./particleMemory";
import { StepQueue, type StepRecord } from "./stepQueue";

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
  private readonly queue: StepQueue;
  private readonly networks: GpuNetworks;
  private readonly decoding: GpuDecoding;
  private readonly projection: GpuProjection;
  private readonly particles: ParticleMemory;
  private readonly bases: GpuBases | undefined;
  /** What a kernel is given where there are no bases. */
  private readonly nothing: GPUBuffer;

  constructor(
    private readonly device: GpuDevice,
    private readonly parts: EpochParts,
    { plan, rings, memory }: GpuEpochOptions,
  ) {
    const { context, model, strain, units } = parts;
    const { neutral } = context;
    const capacity = capacityOf(parts);
    this.queue = new StepQueue(device);
    this.projection = new GpuProjection(device, shapeOf(parts, { plan, rings }), capacity);
    this.projection.setPlan(plan, scaleOf(neutral.params, neutral.count));
    const rows = units.count * capacity;
    const place = { device, rows, step: this.queue.record };
    this.networks = new GpuNetworks(model.networks, {
      ...{ ...place, rowsPerParticle: units.count, extra: motionNumbers(model) },
    });
    const { networks, projection } = this;
    const { base } = context;
    this.bases = base && new GpuBases(base.trained!, { ...place, projection });
    const based = base !== undefined;
    this.decoding = new GpuDecoding({ ...place, model, units, strain, networks, projection, based });
    this.nothing = device.buffer(0);
    this.particles = ParticleMemory.for(device, parts, memory);
  }

  /** All kernels of a step in their order. */
  async dispatches(): Promise<Dispatch[]> {
    const { device, decoding, projection } = this;
    const made = (specs: readonly DispatchSpec[]) => Promise.all(specs.map((spec) => device.dispatch(spec)));
    return [
      ...(await made([this.collect(), ...(this.bases?.forward() ?? []), ...decoding.forward()])),
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
    const bases = baseNumbers(this.parts);
    const length = units.count * features + 11 + weights + bases + targets;
    return {
      files: ["step", particles.storage === "half" ? "targetsHalf" : "targetsSingle", "collect"],
      constants: { units: units.count, features, featurePitch: pitchOf(features), weights, targets, bases },
      buffers: [
        ...[this.queue.record, particles.order, particles.records, particles.targets],
        ...[networks.memory.activations, projection.buffer("poses")],
        ...[projection.buffer("weights"), projection.buffer("targets")],
        this.bases?.z ?? this.nothing,
      ],
      groups: (count) => [Math.ceil(length / 64), count, 1],
    };
  }

  /** Takes all steps. */
  async run(step: StepSettings, options: StepOptions): Promise<void> {
    const { parts, networks, decoding, particles } = this;
    const { order, batchSize } = parts;
    networks.load();
    decoding.load();
    this.bases?.load();
    const dispatches = await this.dispatches();
    const ends = batchEnds(order.length, batchSize);
    await particles.begin(order, ends);
    this.projection.clearNarrow();
    const task = `${nameOfEpoch(options)}, rings to ${step.rings}`;
    await this.queue.run({
      ...{ dispatches, ends, signal: options.signal },
      record: (_, count) => this.recordOf(count, step, options),
      before: (end) => particles.reach(end),
      onSubmitted: (done) => options.onProgress?.({ task, done, total: order.length }),
    });
    if (await this.takeBack()) {
      options.onNote?.(
        `in ${nameOfEpoch(options)} some Gaussians became more than a fifth narrower, and were projected as wide as the grids of the ` +
          "epoch allow; those of the next one are finer",
      );
    }
  }

  /** The record of `shaders/step.wgsl`. */
  private recordOf(count: number, step: StepSettings, options: StepOptions): StepRecord {
    const { dropout, strain, adam, model, units } = this.parts;
    const { rate, root, decay } = adam.next(step.rate);
    const rows = units.count * count;
    const { some, factor } = strain?.share(rows) ?? { some: 0, factor: 0 };
    const penalty = (2 * options.spreadPenalty) / (rows * model.head.neutral.count);
    const { axes = 0, kinds = 0 } = dropout ?? {};
    return {
      ...{ rows, seed: step.random.uint32(), strained: some },
      numbers: [rate, root, decay, -step.scale / count, penalty, options.latentNoise, axes, kinds, factor],
    };
  }

  /**
   * Puts weights, moments and statistics into the networks.
   * @returns whether a Gaussian was narrower than the plan allows
   */
  private async takeBack(): Promise<boolean> {
    const { device, networks, decoding, projection } = this;
    const [ofNetworks, ofDecoding] = [networks.outputs(), decoding.outputs()];
    const narrow = new Float32Array(4);
    await device.run([], 0, [...ofNetworks, ...ofDecoding, projection.narrow(narrow)]);
    networks.save(ofNetworks);
    decoding.save(ofDecoding);
    return narrow[0] !== 0;
  }

  /** Frees the buffers, but not those of the particles, which the next epoch uses. */
  dispose(): void {
    for (const part of [this.queue, this.networks, this.decoding, this.projection, this.bases])
      part?.dispose();
    this.nothing.destroy();
  }
}
