import type { Dispatch, DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { throwIfStopped } from "../../errors";
import { disc } from "../../fourier/disc";
import { GpuNetwork } from "../../network/gpu/gpuNetwork";
import { GpuEngine, scaleOf } from "../../projection/gpu/gpuEngine";
import { GpuProjection } from "../../projection/gpu/gpuProjection";
import { chooseSpread } from "../../projection/plan";
import type { SpreadPlan } from "../../projection/spreadPlan";
import { batchEnds } from "../batches";
import { nameOfEpoch } from "../schedule";
import type { EpochParts, StepOptions, StepSettings } from "../stepParts";
import { expectedWidths } from "./expectedWidths";
import { GpuDecoding } from "./gpuDecoding";
import { ParticleSegments } from "./particleSegments";

/** Axes of the latent space for which the kernels have room. */
const mostAxes = 8;
/** Steps that are submitted before their end is waited for. */
const stepsAhead = 16;

/** Whether the GPU can take the steps of an epoch: its engine is that of a GPU, and nothing is asked that kernels do not do yet. */
export function stepsOnGpu({ context, model, units }: EpochParts): boolean {
  return (
    context.engine instanceof GpuEngine &&
    units.count === 1 &&
    context.base === undefined &&
    model.head.bodies === undefined &&
    model.spec.latent <= mostAxes &&
    model.decoder.partCount <= 2 &&
    model.decoder.parts.every(({ alone }) => alone) &&
    model.networks.every(({ spec }) => GpuNetwork.supports(spec))
  );
}

/**
 * Takes the steps of an epoch on the GPU. Particles are copied there once per epoch, in the order in which they are trained on; a step
 * sends 56 bytes, and nothing comes back. Weights and moments are taken from the networks and put back at the end.
 * @returns whether it was done; not if the Gaussians' widths fit no grid
 * @throws StoppedError between two steps; the networks are then as before the epoch
 */
export async function gpuSteps(
  parts: EpochParts,
  step: StepSettings,
  options: StepOptions,
): Promise<boolean> {
  const plan = chooseSpread(expectedWidths(parts, step.rings));
  if (!plan) return false;
  const device = await (parts.context.engine as GpuEngine).opened();
  const epoch = new GpuEpoch(device, parts, { plan, rings: step.rings });
  try {
    await epoch.run(step, options);
  } finally {
    epoch.dispose();
  }
  return true;
}

/** Networks, projection and particles of an epoch on the device. */
class GpuEpoch {
  private readonly record: GPUBuffer;
  private readonly encoder: GpuNetwork;
  private readonly decoding: GpuDecoding;
  private readonly projection: GpuProjection;
  private readonly segments: ParticleSegments;
  private readonly features: GPUBuffer;

  constructor(
    private readonly device: GpuDevice,
    private readonly parts: EpochParts,
    { plan, rings }: { plan: SpreadPlan; rings: number },
  ) {
    const { context, model, prepared, strain } = parts;
    const { neutral, targets } = context;
    // A last batch of one is merged with the one before it.
    const capacity = parts.batchSize + 1;
    this.record = device.buffer(64);
    this.features = device.buffer(4 * capacity * prepared.basis.size);
    const shape = {
      ...{ boxSize: neutral.boxSize, rings, gaussians: neutral.count, variants: 1, shared: false },
      ...{ weightStride: targets.rings + 1, targetRings: targets.rings },
      ...{ grid: plan.grid, classes: plan.classes.length },
    };
    this.projection = new GpuProjection(device, shape, capacity);
    this.projection.setPlan(plan, scaleOf(neutral.params, neutral.count));
    const place = { device, capacity, step: this.record };
    this.encoder = new GpuNetwork(model.encoder, { ...place, input: this.features });
    this.decoding = new GpuDecoding({
      ...place,
      model,
      strain,
      raw: this.encoder.output,
      projection: this.projection,
    });
    this.segments = new ParticleSegments(device, parts);
  }

  /** All kernels of a step in their order. */
  private async dispatches(): Promise<Dispatch[]> {
    const { device, encoder, decoding, projection } = this;
    const made = (specs: readonly DispatchSpec[]) => Promise.all(specs.map((spec) => device.dispatch(spec)));
    return [
      ...(await made([this.collect(), ...encoder.forward(), ...decoding.forward()])),
      ...(await projection.projections()),
      ...(await projection.scores()),
      ...(await projection.gradients({ pose: false })),
      ...(await made([...decoding.backward(), ...encoder.backward(false)])),
    ];
  }

  private collect(): DispatchSpec {
    const { prepared, context } = this.parts;
    const features = prepared.basis.size;
    const weights = context.targets.rings + 1;
    const targets = 2 * disc(context.targets.rings).samples;
    const { projection, segments } = this;
    return {
      files: ["step", "collect"],
      constants: { features, weights, targets },
      buffers: [
        ...[this.record, segments.records, segments.targets, this.features],
        ...[projection.buffer("poses"), projection.buffer("weights"), projection.buffer("targets")],
      ],
      groups: (count) => [Math.ceil((features + 11 + weights + targets) / 64), count, 1],
    };
  }

  async run(step: StepSettings, options: StepOptions): Promise<void> {
    const { device, parts, encoder, decoding, segments } = this;
    const { order, batchSize } = parts;
    encoder.load();
    decoding.load();
    const dispatches = await this.dispatches();
    const ends = batchEnds(order.length, batchSize);
    let first = 0;
    for (const [i, end] of ends.entries()) {
      throwIfStopped(options.signal);
      const at = await segments.place(first, end, ends);
      this.writeStep(at, end - first, step, options);
      device.submit(dispatches, end - first);
      if (i % stepsAhead === stepsAhead - 1) await device.idle();
      first = end;
      options.onProgress?.({
        task: `${nameOfEpoch(options)}, rings to ${step.rings}`,
        done: end,
        total: order.length,
      });
    }
    await this.takeBack();
  }

  /** The record of `shaders/step.wgsl`. */
  private writeStep(first: number, count: number, step: StepSettings, options: StepOptions): void {
    const { parts, device } = this;
    const { dropout, strain, adam } = parts;
    const { rate, root, decay } = adam.next(step.rate);
    const { some, factor } = strain?.share(count) ?? { some: 0, factor: 0 };
    const words = new Uint32Array(14);
    words.set([first, count, step.random.uint32(), 0]);
    const penalty = (2 * options.spreadPenalty) / (count * parts.model.head.neutral.count);
    new Float32Array(words.buffer).set(
      [
        rate,
        root,
        decay,
        -step.scale / count,
        penalty,
        options.latentNoise,
        dropout?.axes ?? 0,
        dropout?.kinds ?? 0,
        factor,
      ],
      4,
    );
    words[13] = some;
    device.write(this.record, words);
    this.projection.setCount(count);
  }

  /** Puts weights, moments and statistics into the networks. */
  private async takeBack(): Promise<void> {
    const { device, encoder, decoding } = this;
    const [ofEncoder, ofDecoding] = [encoder.outputs(), decoding.outputs()];
    await device.run([], 0, [...ofEncoder, ...ofDecoding]);
    encoder.save(ofEncoder);
    decoding.save(ofDecoding);
  }

  dispose(): void {
    const { record, features, encoder, decoding, projection, segments } = this;
    for (const part of [encoder, decoding, projection, segments]) part.dispose();
    for (const buffer of [record, features]) buffer.destroy();
  }
}
