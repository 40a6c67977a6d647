import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { Output } from "../../compute/gpu/gpuDevice";
import type { PackedLayer } from "../../network/gpu/networkLayout";
import { strainGraph } from "../strain/strainGraph";
import type { StrainPenalty } from "../strain/strainPenalty";
import { GpuDecoder, type GpuDecoderParts } from "./gpuDecoder";

/** What a {@link GpuDecoding} works with. Its networks are the encoder, then those of the decoder. */
export interface GpuDecodingParts extends GpuDecoderParts {
  /** Default: none. */
  strain: StrainPenalty | undefined;
  /** Largest number of rows of a batch. */
  rows: number;
  /** The record of `shaders/step.wgsl`. */
  step: GPUBuffer;
}

/** From the encoder's input to the Gaussians of each particle, placed for their projection, and backwards, on the device. */
export class GpuDecoding {
  private readonly own: Record<"statistics" | "z" | "graph", GPUBuffer>;
  private readonly decoder: GpuDecoder;

  constructor(private readonly parts: GpuDecodingParts) {
    const { device, rows, model, strain } = parts;
    const { spec, head } = model;
    this.decoder = new GpuDecoder(parts);
    this.own = {
      statistics: device.buffer(8 * spec.latent),
      z: device.buffer(4 * rows * spec.latent),
      graph: device.constants(strainGraph(strain?.energy, head.neutral.count)),
    };
  }

  /** Layers of the encoder. */
  private get encoder(): PackedLayer[] {
    return this.parts.networks.layout.networks[0]!.layers;
  }

  /** See `shaders/parts.wgsl`. */
  private get latentConstants() {
    const { inputs, inputPitch, input, weights, output, outputPitch } = this.encoder.at(-1)!;
    const encoder = { inputs, inputPitch, input, weightsAt: weights, output, outputPitch };
    return { ...this.decoder.latentConstants, ...encoder };
  }

  /** From the encoder's input to models. */
  forward(): DispatchSpec[] {
    const { step, networks } = this.parts;
    const { activations, weights } = networks.memory;
    const { statistics, z } = this.own;
    return [
      ...this.encoder.slice(0, -1).map((layer) => networks.forward([layer])),
      ...networks.normForward(0),
      {
        files: ["step", "random", "parts", "terms", "latents"],
        constants: this.latentConstants,
        buffers: [step, this.decoder.tables.parts, activations, weights, statistics, z],
        groups: () => [1, 1, 1],
      },
      ...this.decoder.forward(),
    ];
  }

  /** From the gradient of the score in the models to a step of Adam for all networks. */
  backward(): DispatchSpec[] {
    const { step, networks, projection, model } = this.parts;
    const { activations, gradients, weights } = networks.memory;
    const { decoder } = this;
    const { statistics, z, graph } = this.own;
    const { parts, sources, neutral } = decoder.tables;
    const [models, inModels] = [projection.buffer("models"), projection.buffer("modelGradient")];
    const specs: DispatchSpec[] = [...this.strain(inModels)];
    const read = [step, gradients, models, inModels, graph, undefined, activations, sources, neutral];
    specs.push(
      ...decoder.ofBodies({
        files: ["step", "readActivations", "head", "bodies", "bodySums", "inCentre", "rigidBackward"],
        buffers: read,
      }),
    );
    specs.push({
      files: ["step", "readActivations", "head", "bodies", "inCentre", "decodeBackward"],
      constants: decoder.headConstants,
      buffers: read,
      groups: (count) => decoder.groups(count),
    });
    for (let depth = decoder.depth - 1; depth > 0; depth--) {
      specs.push(...networks.backward(decoder.level(depth)));
    }
    specs.push({
      files: ["step", "random", "parts", "latentsBackward"],
      constants: this.latentConstants,
      buffers: [step, parts, statistics, z, weights, gradients],
      groups: (count) => [count * this.parts.units.count, 1, 1],
    });
    specs.push(...networks.normBackward(0));
    const hidden = model.encoder.spec.hidden.length;
    for (let i = hidden - 1; i > 0; i--) specs.push(...networks.backward([this.encoder[i]!]));
    return [...specs, networks.update()];
  }

  private strain(inModels: GPUBuffer): DispatchSpec[] {
    if (!this.parts.strain) return [];
    return [
      {
        files: ["step", "strainForce"],
        constants: this.decoder.unitConstants,
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
    this.decoder.dispose();
    for (const buffer of Object.values(this.own)) buffer.destroy();
  }
}
