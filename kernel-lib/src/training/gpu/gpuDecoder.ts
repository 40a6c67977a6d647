import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import type { DecoderPart } from "../../network/decoder";
import type { GpuNetworks } from "../../network/gpu/gpuNetworks";
import type { PackedLayer } from "../../network/gpu/networkLayout";
import { reach } from "../../network/head";
import type { LatentModel } from "../../network/latentModel";
import type { GpuProjection } from "../../projection/gpu/gpuProjection";
import type { UnitAssembly } from "../units/unitAssembly";

/** What a {@link GpuDecoder} works with. */
export interface GpuDecoderParts {
  device: GpuDevice;
  model: LatentModel;
  /** Units of a particle. */
  units: UnitAssembly;
  /** Those of the decoder (`LatentModel.decoderNetworks`), perhaps after others, with room for {@link motionNumbers}. */
  networks: GpuNetworks;
  /** Receives the models. */
  projection: GpuProjection;
  /** Whether the models that are there are changed, in place of the neutral model. Default false. */
  based?: boolean;
}

/** Numbers of a row for the motions of rigid bodies, see `shaders/bodies.wgsl`. */
export const motionNumbers = ({ head }: LatentModel): number => 6 * (head.bodies?.count ?? 0);

/** Axes for which the kernels have room. */
export const mostAxes = 8;

/** From what the networks of the decoder read to the Gaussians of each particle, placed for their projection, on the device. */
export class GpuDecoder {
  /** Tables of `shaders/parts.wgsl` and `shaders/head.wgsl`. */
  readonly tables: Record<"parts" | "sources" | "neutral", GPUBuffer>;
  /** Layers of each network. */
  private readonly layers: PackedLayer[][];

  constructor(private readonly of: GpuDecoderParts) {
    const { device, model, networks, units } = of;
    const { decoder, head } = model;
    this.layers = networks.layout.networks.slice(-model.decoderNetworks.length).map(({ layers }) => layers);
    this.tables = {
      parts: device.constants(partsTable(decoder.parts, this.layers)),
      sources: device.constants(sourcesTable(model, this.layers)),
      neutral: device.constants(
        Float32Array.of(...head.neutral.params, ...units.rotations, ...(head.bodies?.table() ?? [])),
      ),
    };
  }

  /** Sizes of the latent space, see `shaders/parts.wgsl`. */
  get latentConstants() {
    const { spec, decoder } = this.of.model;
    return { latent: spec.latent, networks: decoder.partCount };
  }

  /** M, and units of a particle. */
  get unitConstants() {
    const { model, units } = this.of;
    return { unitGaussians: model.head.neutral.count, units: units.count };
  }

  /** See `shaders/bodies.wgsl`. */
  private get bodyConstants() {
    const { model, networks } = this.of;
    const { bodies } = model.head;
    const shape = bodies && this.layers.at(-1)!.at(-1)!;
    return {
      ...{ bodies: bodies?.count ?? 0, motionsAt: networks.layout.extraAt },
      ...{ shapeAt: shape?.output ?? 0, shapePitch: shape?.outputPitch ?? 0 },
    };
  }

  /** A kernel with a workgroup for each rigid body of a unit; none without bodies. */
  ofBodies(spec: Omit<DispatchSpec, "constants" | "groups">): DispatchSpec[] {
    const { model, units } = this.of;
    const { bodies } = model.head;
    if (!bodies) return [];
    const groups = (count: number) => [bodies.count, count * units.count, 1] as const;
    return [{ ...spec, constants: this.headConstants, groups }];
  }

  /** See `shaders/head.wgsl`. */
  get headConstants() {
    const { head, decoder } = this.of.model;
    const based = Number(this.of.based ?? false);
    const ofHead = { networks: decoder.partCount, farthest: reach, gain: head.gain, based };
    return { ...this.unitConstants, ...ofHead, ...this.bodyConstants };
  }

  /** Workgroups of kernels with a thread for each Gaussian of a unit; for a number of particles. */
  groups(count: number): [number, number, number] {
    const { model, units } = this.of;
    return [Math.ceil(model.head.neutral.count / 64), count * units.count, 1];
  }

  /** Layers that do not wait for each other: number `depth` of each network that has it. */
  level(depth: number): PackedLayer[] {
    return this.layers.flatMap((layers) => layers[depth] ?? []);
  }

  /** Layers of the deepest network. */
  get depth(): number {
    return Math.max(...this.layers.map(({ length }) => length));
  }

  /**
   * From latents to what the networks read, without noise.
   * @param z          as the networks read them, [rows · latent]
   * @param step       the record of `shaders/step.wgsl`
   * @param perParticle rows of a particle
   */
  terms(z: GPUBuffer, step: GPUBuffer, perParticle: number): DispatchSpec {
    const { activations } = this.of.networks.memory;
    return {
      files: ["step", "random", "parts", "terms", "places"],
      constants: this.latentConstants,
      buffers: [step, this.tables.parts, activations, undefined, undefined, z],
      groups: (count) => [Math.ceil((count * perParticle) / 64), 1, 1],
    };
  }

  /** From the terms of the latents to models. */
  forward(): DispatchSpec[] {
    const { networks, projection } = this.of;
    const { sources, neutral } = this.tables;
    const specs: DispatchSpec[] = [];
    for (let depth = 0; depth < this.depth; depth++) specs.push(networks.forward(this.level(depth)));
    const tables = [networks.memory.activations, sources, neutral];
    specs.push(
      ...this.ofBodies({
        files: ["writeActivations", "head", "bodies", "bodySums", "rigid"],
        buffers: [...Array(6).fill(undefined), ...tables],
      }),
    );
    const [poses, plan, placed, reachOf] = projection.placement;
    specs.push({
      files: ["placement", "readActivations", "head", "bodies", "decode"],
      constants: { ...this.headConstants, ...projection.placementConstants },
      buffers: [...[undefined, poses, plan, placed, reachOf], ...[projection.buffer("models"), ...tables]],
      groups: (count) => this.groups(count),
    });
    return specs;
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const buffer of Object.values(this.tables)) buffer.destroy();
  }
}

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
