import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import type { Adam } from "../../network/adam";
import { GpuNetworks } from "../../network/gpu/gpuNetworks";
import { pitchOf } from "../../network/gpu/networkLayout";
import { scalePoints } from "../../network/latentFrame";
import type { LatentModel } from "../../network/latentModel";
import type { TaughtRows } from "../posterior/distil";
import { StepQueue } from "./stepQueue";

/** An epoch of teaching. */
export interface TaughtEpoch {
  /** Rows in the order in which they are learned from. */
  order: Int32Array;
  /** Ends of its steps. */
  ends: readonly number[];
  rate: number;
  /** Draws the seed of each step. */
  seed: () => number;
  signal: AbortSignal | undefined;
}

/** The encoder on the device, where it learns places with the decoder fixed; see `LatentModel.regressEncoder`. */
export class GpuTeaching {
  private readonly queue: StepQueue;
  private readonly networks: GpuNetworks;
  private readonly buffers: Record<"features" | "goals" | "frame" | "order", GPUBuffer>;

  /** @param batchSize most rows of a step */
  constructor(
    private readonly device: GpuDevice,
    private readonly model: LatentModel,
    rows: TaughtRows,
    batchSize: number,
  ) {
    this.queue = new StepQueue(device);
    this.buffers = {
      features: device.constants(rows.features),
      goals: device.constants(rows.goals),
      frame: device.constants(frameTable(model)),
      order: device.buffer((4 * rows.features.length) / model.spec.featureSize),
    };
    const place = { device, rows: batchSize, rowsPerParticle: 1, step: this.queue.record };
    this.networks = new GpuNetworks([model.encoder], place);
    this.networks.load();
  }

  /** Bytes of the largest buffer that this needs. */
  static largestBuffer({ encoder }: LatentModel, { features, goals }: TaughtRows, batchSize: number): number {
    return Math.max(
      features.byteLength,
      goals.byteLength,
      GpuNetworks.largestBuffer([encoder.spec], batchSize),
    );
  }

  /** Takes the steps of an epoch. */
  async run({ order, ends, rate, seed, signal }: TaughtEpoch, adam: Adam): Promise<void> {
    const { device, queue } = this;
    device.write(this.buffers.order, Uint32Array.from(order));
    const dispatches = await Promise.all(this.specs().map((spec) => device.dispatch(spec)));
    await queue.run({
      ...{ dispatches, ends, signal },
      record: (_, count) => {
        const step = adam.next(rate);
        return { rows: count, seed: seed(), numbers: [step.rate, step.root, step.decay] };
      },
    });
    await device.idle();
  }

  private specs(): DispatchSpec[] {
    const { networks, queue, model } = this;
    const { features, goals, frame, order } = this.buffers;
    const { activations, gradients } = networks.memory;
    const { featureSize: length, latent } = model.spec;
    const { layers } = networks.layout.networks[0]!;
    const { output, outputPitch } = layers.at(-1)!;
    return [
      {
        files: ["step", "featureRows"],
        constants: { length, pitch: pitchOf(length) },
        buffers: [queue.record, order, features, activations],
        groups: (count) => [Math.ceil(length / 64), count, 1],
      },
      ...layers.slice(0, -1).map((layer) => networks.forward([layer])),
      ...networks.normForward(0),
      networks.forward([layers.at(-1)!]),
      {
        files: ["step", "regress"],
        constants: { latent, output, outputPitch, points: scalePoints },
        buffers: [queue.record, order, goals, frame, activations, gradients],
        groups: () => [1, 1, 1],
      },
      ...networks.backward([layers.at(-1)!]),
      ...networks.normBackward(0),
      ...layers
        .slice(1, -1)
        .reverse()
        .flatMap((layer) => networks.backward([layer])),
      networks.update(),
    ];
  }

  /** Puts weights and moments into the encoder. */
  async save(): Promise<void> {
    const outputs = this.networks.outputs();
    await this.device.run([], 0, outputs);
    this.networks.save(outputs);
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const part of [this.queue, this.networks]) part.dispose();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }
}

/** See `shaders/regress.wgsl`. */
function frameTable({ spec, latentStatistics, latentFrame }: LatentModel): Float32Array {
  const { latent } = spec;
  const { mean, deviation } = latentStatistics.first(latent);
  const table = new Float32Array(3 * latent + latent ** 2 + 2 * latent * scalePoints);
  table.set(mean);
  table.set(deviation, latent);
  for (let a = 0; a < latent; a++) {
    for (let d = 0; d < latent; d++) {
      table[2 * latent + a * latent + d] = latentFrame?.matrix[a * latent + d] ?? Number(a === d);
    }
    const scale = latentFrame?.scales[a];
    if (!scale) continue;
    table[2 * latent + latent ** 2 + a] = 1;
    const at = 3 * latent + latent ** 2 + 2 * a * scalePoints;
    table.set(scale.network, at);
    table.set(scale.arcLength, at + scalePoints);
  }
  return table;
}
