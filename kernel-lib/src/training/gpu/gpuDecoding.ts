import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { Output } from "../../compute/gpu/gpuDevice";
import type { DecoderPart } from "../../network/decoder";
import { GpuNetwork, type GpuNetworkPlace } from "../../network/gpu/gpuNetwork";
import { reach } from "../../network/head";
import type { LatentModel } from "../../network/latentModel";
import type { GpuProjection } from "../../projection/gpu/gpuProjection";
import type { StrainPenalty } from "../strain/strainPenalty";

/** What a {@link GpuDecoding} works with. */
export interface GpuDecodingParts extends Omit<GpuNetworkPlace, "input"> {
  model: LatentModel;
  strain: StrainPenalty | undefined;
  /** Raw output of the encoder; receives the gradient of the loss in it. */
  raw: GPUBuffer;
  /** Receives the models, and has the gradient of the score in them. */
  projection: GpuProjection;
}

/** Neighbours of each Gaussian on the device, see `shaders/strain.wgsl`. */
interface Neighbours {
  starts: GPUBuffer;
  neighbours: GPUBuffer;
  pairs: GPUBuffer;
  force: GPUBuffer;
}

/** From the raw output of the encoder to the Gaussians of each particle, and backwards, on the device. */
export class GpuDecoding {
  private readonly networks: GpuNetwork[];
  private readonly own: Record<
    "statistics" | "z" | "parts" | "terms0" | "terms1" | "none" | "slots" | "neutral" | "derivatives",
    GPUBuffer
  >;
  private readonly neighbours: Neighbours | undefined;

  constructor(private readonly parts: GpuDecodingParts) {
    const { device, capacity, step, model, projection, strain } = parts;
    const { spec, decoder, head } = model;
    const terms = (p: number) => 4 * capacity * (decoder.parts[p]?.polynomial.terms ?? 1);
    this.own = {
      statistics: device.buffer(8 * spec.latent),
      z: device.buffer(4 * capacity * spec.latent),
      parts: device.constants(partsTable(decoder.parts)),
      terms0: device.buffer(terms(0)),
      terms1: device.buffer(terms(1)),
      none: device.buffer(4),
      slots: device.constants(Uint32Array.from(head.slots)),
      neutral: device.constants(head.neutral.params),
      derivatives: device.buffer(4 * capacity * head.outputs),
    };
    const { terms0, terms1 } = this.own;
    this.networks = decoder.networks.map(
      (network, p) => new GpuNetwork(network, { device, capacity, step, input: p === 0 ? terms0 : terms1 }),
    );
    this.neighbours = strain && neighboursOf(parts, strain);
    // Parameters that do not vary stay at the neutral model.
    const all = new Float32Array(capacity * head.neutral.params.length);
    for (let b = 0; b < capacity; b++) all.set(head.neutral.params, b * head.neutral.params.length);
    projection.load({ models: all });
  }

  private get latentConstants() {
    const { spec, decoder } = this.parts.model;
    return { latent: spec.latent, networks: decoder.partCount };
  }

  /** Sizes of the head's kernels. */
  private get headConstants() {
    const { head, decoder } = this.parts.model;
    const { positions, firstWidth, neutral, outputs } = head;
    return {
      outputs,
      ofFirst: decoder.parts[0]!.network.spec.outputs,
      firstAmplitude: positions,
      firstWidth,
      parameters: neutral.params.length,
    };
  }

  /** Raw outputs of both networks. */
  private get rawOutputs(): [GPUBuffer, GPUBuffer] {
    return [this.networks[0]!.output, this.networks[1]?.output ?? this.own.none];
  }

  /** From raw latents to models. */
  forward(): DispatchSpec[] {
    const { step, raw, projection, model } = this.parts;
    const { statistics, z, parts, terms0, terms1, slots, neutral, derivatives } = this.own;
    const { outputs } = model.head;
    return [
      {
        files: ["step", "parts", "latents"],
        constants: this.latentConstants,
        buffers: [step, parts, raw, statistics, z, terms0, terms1],
        groups: () => [1, 1, 1],
      },
      ...this.networks.flatMap((network) => network.forward()),
      {
        files: ["head"],
        constants: { ...this.headConstants, reach, gain: model.head.gain },
        buffers: [...this.rawOutputs, slots, neutral, projection.buffer("models"), derivatives],
        groups: (count) => [Math.ceil(outputs / 64), count, 1],
      },
    ];
  }

  /** From the gradient of the score in the models to that in the raw latents, with a step of Adam. */
  backward(): DispatchSpec[] {
    const { step, raw, projection, model } = this.parts;
    const { statistics, z, parts, slots, neutral, derivatives, none } = this.own;
    const { firstWidth: _, ...constants } = this.headConstants;
    const [first, second] = this.networks;
    const models = projection.buffer("models");
    return [
      ...this.strain(),
      {
        files: ["step", "headBackward"],
        constants,
        buffers: [
          step,
          slots,
          neutral,
          models,
          derivatives,
          projection.buffer("modelGradient"),
          ...this.rawOutputs,
        ],
        groups: (count) => [Math.ceil(model.head.outputs / 64), count, 1],
      },
      ...this.networks.flatMap((network) => network.backward(true)),
      {
        files: ["step", "parts", "latentsBackward"],
        constants: this.latentConstants,
        buffers: [step, parts, statistics, z, first!.inputGradient, second?.inputGradient ?? none, raw],
        groups: (count) => [Math.ceil(count / 64), 1, 1],
      },
    ];
  }

  private strain(): DispatchSpec[] {
    if (!this.neighbours) return [];
    const { step, projection, model } = this.parts;
    const { starts, neighbours, pairs, force } = this.neighbours;
    const gaussians = model.head.neutral.count;
    const gradient = projection.buffer("modelGradient");
    return [
      {
        files: ["step", "strainForce"],
        constants: { gaussians },
        buffers: [step, gradient, force],
        groups: () => [1, 1, 1],
      },
      {
        files: ["step", "strain"],
        constants: { gaussians },
        buffers: [step, starts, neighbours, pairs, projection.buffer("models"), force, gradient],
        groups: (count) => [Math.ceil(gaussians / 64), count, 1],
      },
    ];
  }

  /** Takes weights, moments and statistics from the CPU's networks. */
  load(): void {
    const [mean, deviation] = this.parts.model.latentStatistics.save();
    this.parts.device.write(this.own.statistics, Float32Array.of(...mean!.data, ...deviation!.data));
    for (const network of this.networks) network.load();
  }

  /** What has to be read for {@link save}. */
  outputs(): Output[] {
    const statistics = {
      buffer: this.own.statistics,
      to: new Float32Array(2 * this.parts.model.spec.latent),
    };
    return [statistics, ...this.networks.flatMap((network) => network.outputs())];
  }

  /** Puts what was read of {@link outputs} into the CPU's networks. */
  save([statistics, ...rest]: readonly Output[]): void {
    const { model } = this.parts;
    const { latent } = model.spec;
    const [mean, deviation] = model.latentStatistics.save();
    model.latentStatistics.load([
      { ...mean!, data: statistics!.to.slice(0, latent) },
      { ...deviation!, data: statistics!.to.slice(latent) },
    ]);
    let at = 0;
    for (const network of this.networks) {
      const { length } = network.outputs();
      network.save(rest.slice(at, at + length));
      at += length;
    }
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const network of this.networks) network.dispose();
    for (const buffer of [...Object.values(this.own), ...Object.values(this.neighbours ?? {})])
      buffer.destroy();
  }
}

/** For each network the number of its axes, the degree of its polynomials, then its axes, in 10 numbers. */
function partsTable(parts: readonly DecoderPart[]): Uint32Array {
  const table = new Uint32Array(10 * parts.length);
  for (const [p, { polynomial }] of parts.entries()) {
    const { axes, degree } = polynomial;
    table.set([axes.length, degree, ...axes], 10 * p);
  }
  return table;
}

function neighboursOf({ device, model }: GpuDecodingParts, { energy }: StrainPenalty): Neighbours {
  const n = model.head.neutral.count;
  const { pairs, lengths, stiffness } = energy;
  const starts = new Uint32Array(n + 1);
  for (const i of pairs) starts[i + 1]!++;
  for (let i = 0; i < n; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice();
  const neighbours = new Uint32Array(Math.max(1, pairs.length));
  const numbers = new Float32Array(2 * neighbours.length);
  for (let k = 0; k < pairs.length; k++) {
    const at = next[pairs[k]!]!++;
    neighbours[at] = pairs[k ^ 1]!;
    numbers.set([lengths[k >> 1]!, stiffness[k >> 1]!], 2 * at);
  }
  return {
    starts: device.constants(starts),
    neighbours: device.constants(neighbours),
    pairs: device.constants(numbers),
    force: device.buffer(4),
  };
}
