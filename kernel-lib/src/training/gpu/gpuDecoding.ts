import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice, Output } from "../../compute/gpu/gpuDevice";
import type { DecoderPart } from "../../network/decoder";
import type { GpuNetworks } from "../../network/gpu/gpuNetworks";
import type { PackedLayer } from "../../network/gpu/networkLayout";
import { reach } from "../../network/head";
import type { LatentModel } from "../../network/latentModel";
import type { GpuProjection } from "../../projection/gpu/gpuProjection";
import { strainGraph } from "../strain/strainGraph";
import type { StrainPenalty } from "../strain/strainPenalty";
import type { UnitAssembly } from "../units/unitAssembly";

/** What a {@link GpuDecoding} works with. */
export interface GpuDecodingParts {
  device: GpuDevice;
  model: LatentModel;
  /** Units of a particle. */
  units: UnitAssembly;
  /** Default: none. */
  strain: StrainPenalty | undefined;
  /** Those of the model: the encoder, then those of the decoder. */
  networks: GpuNetworks;
  /** Largest number of rows of a batch. */
  rows: number;
  /** The record of `shaders/step.wgsl`. */
  step: GPUBuffer;
  /** Receives the models, and has the gradient of the score in them. */
  projection: GpuProjection;
}

/** From the encoder's input to the Gaussians of each particle, placed for their projection, and backwards, on the device. */
export class GpuDecoding {
  private readonly own: Record<"statistics" | "z" | "parts" | "sources" | "neutral" | "graph", GPUBuffer>;

  constructor(private readonly parts: GpuDecodingParts) {
    const { device, rows, model, networks, units, strain } = parts;
    const { spec, decoder, head } = model;
    const layers = networks.layout.networks.slice(1).map(({ layers }) => layers);
    this.own = {
      statistics: device.buffer(8 * spec.latent),
      z: device.buffer(4 * rows * spec.latent),
      parts: device.constants(partsTable(decoder.parts, layers)),
      sources: device.constants(sourcesTable(model, layers)),
      neutral: device.constants(Float32Array.of(...head.neutral.params, ...units.rotations)),
      graph: device.constants(strainGraph(strain?.energy, head.neutral.count)),
    };
  }

  /** Layers of the encoder, and of each network of the decoder. */
  private get layers(): [encoder: PackedLayer[], ...decoder: PackedLayer[][]] {
    const layers = this.parts.networks.layout.networks.map((network) => network.layers);
    return layers as [PackedLayer[], ...PackedLayer[][]];
  }

  /** See `shaders/parts.wgsl`. */
  private get latentConstants() {
    const { spec, decoder } = this.parts.model;
    const { inputs, inputPitch, input, weights, output, outputPitch } = this.layers[0].at(-1)!;
    const encoder = { inputs, inputPitch, input, weightsAt: weights, output, outputPitch };
    return { latent: spec.latent, networks: decoder.partCount, ...encoder };
  }

  private get unitConstants() {
    const { model, units } = this.parts;
    return { unitGaussians: model.head.neutral.count, units: units.count };
  }

  /** See `shaders/head.wgsl`. */
  private get headConstants() {
    const { head, decoder } = this.parts.model;
    return { ...this.unitConstants, networks: decoder.partCount, farthest: reach, gain: head.gain };
  }

  /** Layers that do not wait for each other: number `depth` of each network of the decoder that has it. */
  private decoderLevel(depth: number): PackedLayer[] {
    const [, ...decoder] = this.layers;
    return decoder.flatMap((layers) => layers[depth] ?? []);
  }

  private get decoderDepth(): number {
    const [, ...decoder] = this.layers;
    return Math.max(...decoder.map(({ length }) => length));
  }

  private unitGroups(count: number): [number, number, number] {
    const { model, units } = this.parts;
    return [Math.ceil(model.head.neutral.count / 64), count * units.count, 1];
  }

  /** From the encoder's input to models. */
  forward(): DispatchSpec[] {
    const { step, networks, projection } = this.parts;
    const { activations, weights } = networks.memory;
    const { statistics, z, parts, sources, neutral } = this.own;
    const [encoder] = this.layers;
    const specs = encoder.slice(0, -1).map((layer) => networks.forward([layer]));
    specs.push(...networks.normForward(0), {
      files: ["step", "random", "parts", "latents"],
      constants: this.latentConstants,
      buffers: [step, parts, activations, weights, statistics, z],
      groups: () => [1, 1, 1],
    });
    for (let depth = 0; depth < this.decoderDepth; depth++) {
      specs.push(networks.forward(this.decoderLevel(depth)));
    }
    const [poses, plan, placed, reachOf] = projection.placement;
    specs.push({
      files: ["placement", "head", "decode"],
      constants: { ...this.headConstants, ...projection.placementConstants },
      buffers: [
        ...[undefined, poses, plan, placed, reachOf],
        ...[projection.buffer("models"), activations, sources, neutral],
      ],
      groups: (count) => this.unitGroups(count),
    });
    return specs;
  }

  /** From the gradient of the score in the models to a step of Adam for all networks. */
  backward(): DispatchSpec[] {
    const { step, networks, projection, model } = this.parts;
    const { activations, gradients, weights } = networks.memory;
    const { statistics, z, parts, sources, neutral, graph } = this.own;
    const [models, inModels] = [projection.buffer("models"), projection.buffer("modelGradient")];
    const specs: DispatchSpec[] = [...this.strain(inModels)];
    specs.push({
      files: ["step", "head", "decodeBackward"],
      constants: this.headConstants,
      buffers: [...[step, gradients, models, inModels, graph, undefined], ...[activations, sources, neutral]],
      groups: (count) => this.unitGroups(count),
    });
    for (let depth = this.decoderDepth - 1; depth > 0; depth--) {
      specs.push(...networks.backward(this.decoderLevel(depth)));
    }
    specs.push({
      files: ["step", "random", "parts", "latentsBackward"],
      constants: this.latentConstants,
      buffers: [step, parts, statistics, z, weights, gradients],
      groups: (count) => [count * this.parts.units.count, 1, 1],
    });
    specs.push(...networks.normBackward(0));
    const hidden = model.encoder.spec.hidden.length;
    for (let i = hidden - 1; i > 0; i--) specs.push(...networks.backward([this.layers[0][i]!]));
    return [...specs, networks.update()];
  }

  private strain(inModels: GPUBuffer): DispatchSpec[] {
    if (!this.parts.strain) return [];
    return [
      {
        files: ["step", "strainForce"],
        constants: this.unitConstants,
        buffers: [this.parts.step, inModels, this.own.graph],
        groups: () => [1, 1, 1],
      },
    ];
  }

  /** Takes the statistics of the latents from the CPU. */
  load(): void {
    const [mean, deviation] = this.parts.model.latentStatistics.save();
    this.parts.device.write(this.own.statistics, Float32Array.of(...mean!.data, ...deviation!.data));
  }

  /** What has to be read for {@link save}. */
  outputs(): Output[] {
    return [{ buffer: this.own.statistics, to: new Float32Array(2 * this.parts.model.spec.latent) }];
  }

  /** Puts what was read of {@link outputs} into the statistics on the CPU. */
  save([statistics]: readonly Output[]): void {
    const { model } = this.parts;
    const { latent } = model.spec;
    const [mean, deviation] = model.latentStatistics.save();
    model.latentStatistics.load([
      { ...mean!, data: statistics!.to.slice(0, latent) },
      { ...deviation!, data: statistics!.to.slice(latent) },
    ]);
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const buffer of Object.values(this.own)) buffer.destroy();
  }
}

/** Axes for which the kernels have room. */
export const mostAxes = 8;

/** See `shaders/parts.wgsl`. */
function partsTable(parts: readonly DecoderPart[], layers: readonly PackedLayer[][]): Uint32Array {
  const words = parts.flatMap(({ polynomial: { axes, degree } }, p) => {
    const { input, inputPitch, weights, output, outputPitch } = layers[p]![0]!;
    const padded = Array.from({ length: mostAxes }, (_, i) => axes[i] ?? 0);
    return [axes.length, degree, ...padded, input, inputPitch, weights, output, outputPitch];
  });
  return Uint32Array.from(words);
}

/** Which outputs of the networks change which parameters, see `shaders/head.wgsl`. */
function sourcesTable({ decoder, head }: LatentModel, layers: readonly PackedLayer[][]): Uint32Array {
  const { parts } = decoder;
  const width = head.neutral.params.length;
  const table = new Int32Array(parts.length * (2 + width)).fill(-1);
  for (const [p, { columns }] of parts.entries()) {
    const { output, outputPitch } = layers[p]!.at(-1)!;
    table.set([output, outputPitch], 2 * p);
    const at = 2 * parts.length + p * width;
    columns.forEach((column, j) => {
      table[at + head.slots[column]!] = j;
    });
  }
  return new Uint32Array(table.buffer);
}
