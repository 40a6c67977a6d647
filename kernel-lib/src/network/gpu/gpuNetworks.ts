import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice, Output } from "../../compute/gpu/gpuDevice";
import type { ProductForm } from "../../compute/gpu/gpuFeatures";
import type { DenseNetwork, NetworkSpec } from "../denseNetwork";
import { forwardProduct } from "./forwardProduct";
import { layNetworks, type NetworkLayout, type PackedLayer, type PackedNorm } from "./networkLayout";
import { packedNumbers, unpackNumbers } from "./packedNumbers";
import { type Tile, tileOf } from "./tiles";

/** What {@link GpuNetworks} share with other kernels. */
export interface GpuNetworksPlace {
  device: GpuDevice;
  /** Largest number of rows of a batch, and rows of a particle. */
  rows: number;
  rowsPerParticle: number;
  /** The record of `shaders/step.wgsl`. */
  step: GPUBuffer;
  /** Whether there are gradients and steps of Adam. Default true. */
  training?: boolean;
  /** Form and tile of products, for tests. Default: the form of the device, a tile by size. */
  products?: { form?: ProductForm; tile?: Tile };
  /** Other numbers of a row among the activations. Default 0. */
  extra?: number;
}

/** Memory of all networks on the device. */
interface Memory {
  activations: GPUBuffer;
  gradients: GPUBuffer;
  weights: GPUBuffer;
  first: GPUBuffer;
  second: GPUBuffer;
  /** Parts of sums, see `shaders/denseBackward.wgsl`. */
  parts: GPUBuffer;
  /** Records of the layers of each level, then of all layers. */
  levels: GPUBuffer;
}

/** The normalization of a network, with its numbers on the device. */
interface GpuNorm extends PackedNorm {
  dropout: number;
  parameters: GPUBuffer;
  moments: GPUBuffer;
}

/** Bytes from one level to the next: parts of buffers start at multiples of them. */
const levelBytes = 256;
/** Numbers of a record of `shaders/layer.wgsl`. */
const layerWords = 8;
/** Most layers of a level. */
export const mostNetworks = levelBytes / (4 * layerWords);

/** Outputs of a layer that one workgroup adds in the backward pass, and the most parts of a sum. */
const sumLength = 512;
const mostSplits = 32;

/**
 * {@link DenseNetwork}s on the GPU: the same formulas, with dropout drawn by the device. All networks share packed buffers, so that
 * layers that do not wait for each other are computed by one dispatch, and all weights are updated by one. `load` takes weights and
 * moments of the CPU's networks, `save` brings them back.
 */
export class GpuNetworks {
  /** Where everything is. */
  readonly layout: NetworkLayout;
  /** Device memory. */
  readonly memory: Memory;
  private readonly norms: (GpuNorm | undefined)[];
  private readonly levelOf = new Map<string, number>();

  constructor(
    private readonly networks: readonly DenseNetwork[],
    private readonly place: GpuNetworksPlace,
  ) {
    const { device, rows, training = true, extra = 0 } = place;
    this.layout = layNetworks(
      networks.map(({ spec }) => spec),
      rows,
      extra,
    );
    const { activations, weights } = this.layout;
    const most = (of: (layer: PackedLayer) => number) => Math.max(...this.allLayers.map(of));
    const splits = most(splitsOf);
    const parts =
      training && splits > 1 ? networks.length * splits * rows * most(({ inputPitch }) => inputPitch) : 0;
    const inTraining = (numbers: number) => device.buffer(training ? 4 * numbers : 0);
    const levels = 2 * this.allLayers.length * levelBytes;
    this.memory = {
      activations: device.buffer(4 * activations),
      gradients: inTraining(activations),
      weights: device.buffer(4 * weights),
      first: inTraining(weights),
      second: inTraining(weights),
      parts: device.buffer(4 * parts),
      levels: device.buffer(levels + 4 * layerWords * this.allLayers.length),
    };
    this.norms = this.layout.networks.map(({ norm, spec }) => {
      if (!norm) return undefined;
      const [parameters, moments] = [device.buffer(20 * norm.width), device.buffer(16 * norm.width)];
      return { ...norm, dropout: spec.dropout, parameters, moments };
    });
  }

  /** Whether the device computes networks of this architecture: those without dropout or with batch normalization. */
  static supports({ batchNorm, dropout, hidden }: NetworkSpec): boolean {
    return batchNorm ? hidden.length > 0 : dropout === 0;
  }

  /** Bytes of the largest buffer that these networks need. */
  static largestBuffer(specs: readonly NetworkSpec[], rows: number): number {
    const { activations, weights } = layNetworks(specs, rows);
    return 4 * Math.max(activations, weights);
  }

  private get allLayers(): PackedLayer[] {
    return this.layout.networks.flatMap(({ layers }) => layers);
  }

  /** The layers with this number, from 0, of some networks that have them, as a part of the table. */
  private level(layers: readonly PackedLayer[]): GPUBufferBinding {
    const { device } = this.place;
    const key = layers.map((layer) => this.allLayers.indexOf(layer)).join();
    let number = this.levelOf.get(key);
    if (number === undefined) {
      number = this.levelOf.size;
      this.levelOf.set(key, number);
      const words = Uint32Array.from(layers.flatMap((layer) => recordOf(layer)));
      device.write(this.memory.levels, words, number * levelBytes);
    }
    return { buffer: this.memory.levels, offset: number * levelBytes, size: levelBytes };
  }

  /** Outputs of layers that do not wait for each other. */
  forward(layers: readonly PackedLayer[]): DispatchSpec {
    const { activations, weights } = this.memory;
    const { step, rows, rowsPerParticle, device, products } = this.place;
    return forwardProduct({
      ...{ step, layers: this.level(layers), layerCount: layers.length, activations, weights },
      columns: Math.max(...layers.map(({ outputPitch }) => outputPitch)),
      ...{ rows: (count) => count * rowsPerParticle, mostRows: rows },
      ...{ form: products?.form ?? device.productForm, tile: products?.tile },
    });
  }

  /** Gradients in the inputs of layers from those in their outputs. */
  backward(layers: readonly PackedLayer[]): DispatchSpec[] {
    const { activations, gradients, weights, parts } = this.memory;
    const { step, rows, rowsPerParticle, products } = this.place;
    const columns = Math.max(...layers.map(({ inputPitch }) => inputPitch));
    const splits = Math.max(...layers.map(splitsOf));
    const level = this.level(layers);
    const sizes = { rows, columns, layers: splits * layers.length };
    const { across, down, each } = products?.tile ?? tileOf(sizes);
    const tiles = (count: number) => Math.ceil((count * rowsPerParticle) / (each * down));
    const sums = { splits, partWidth: columns / 4 };
    const product: DispatchSpec = {
      files: ["step", "layer", `tile${each}`, "denseBackward"],
      constants: { across, down, ...sums },
      buffers: [step, level, activations, gradients, weights, parts],
      groups: (count) => [Math.ceil(columns / (4 * across)), tiles(count), splits * layers.length],
    };
    if (splits === 1) return [product];
    const reduction: DispatchSpec = {
      files: ["step", "layer", "denseReduce"],
      constants: sums,
      buffers: [step, level, activations, gradients, parts],
      groups: (count) => [Math.ceil(columns / 256), count * rowsPerParticle, layers.length],
    };
    return [product, reduction];
  }

  /** A step of Adam for the weights of all layers. */
  update(): DispatchSpec {
    const { activations, gradients, weights, first, second, levels } = this.memory;
    const { device, step } = this.place;
    const [across, down] = [16, 16];
    let tiles = 0;
    const records = this.allLayers.flatMap((layer) => {
      const record = recordOf(layer, tiles);
      tiles += Math.ceil((layer.inputPitch / 4 + 1) / down) * Math.ceil(layer.outputPitch / (4 * across));
      return record;
    });
    const offset = 2 * this.allLayers.length * levelBytes;
    device.write(levels, Uint32Array.from(records), offset);
    const size = 4 * records.length;
    const rows = Math.ceil(tiles / 32768);
    return {
      files: ["step", "layer", "adam", "denseUpdate"],
      constants: { across, down, layerCount: this.allLayers.length },
      buffers: [
        ...[step, { buffer: levels, offset, size }, activations, gradients],
        ...[weights, first, second],
      ],
      groups: () => [Math.ceil(tiles / rows), rows, 1],
    };
  }

  /** Dropout and normalization of the last hidden layer of a network, if it has them. */
  normForward(network: number): DispatchSpec[] {
    const norm = this.norms[network];
    if (!norm) return [];
    const { width, parameters } = norm;
    return [
      {
        files: ["step", "random", "dropout", "norm"],
        constants: normConstants(norm),
        buffers: [this.place.step, this.memory.activations, parameters],
        groups: () => [Math.ceil(width / 64), 1, 1],
      },
    ];
  }

  /** The normalization as it is after the training, by its running statistics. */
  normPredict(network: number): DispatchSpec[] {
    const norm = this.norms[network];
    if (!norm) return [];
    const { width, pitch, hidden, treated, parameters } = norm;
    const { rowsPerParticle } = this.place;
    return [
      {
        files: ["normPredict"],
        constants: { width, pitch, hidden, treated },
        buffers: [undefined, this.memory.activations, parameters],
        groups: (count) => [Math.ceil(width / 64), count * rowsPerParticle, 1],
      },
    ];
  }

  /** Their backward pass, with a step of Adam. */
  normBackward(network: number): DispatchSpec[] {
    const norm = this.norms[network];
    if (!norm) return [];
    const { width, parameters, moments } = norm;
    const { activations, gradients } = this.memory;
    return [
      {
        files: ["step", "random", "adam", "dropout", "normBackward"],
        constants: normConstants(norm),
        buffers: [this.place.step, activations, gradients, parameters, moments],
        groups: () => [Math.ceil(width / 64), 1, 1],
      },
    ];
  }

  /** Takes weights, statistics and moments from the CPU's networks. */
  load(): void {
    const { device, training } = this.place;
    const { weights, first, second, norms } = packedNumbers(this.networks, this.layout, training);
    device.write(this.memory.weights, weights);
    device.write(this.memory.first, first);
    device.write(this.memory.second, second);
    for (const [k, { parameters, moments }] of this.norms.filter((norm) => norm !== undefined).entries()) {
      device.write(parameters, norms[k]!.parameters);
      device.write(moments, norms[k]!.moments);
    }
  }

  /** What has to be read for {@link save}. */
  outputs(): Output[] {
    const read = (buffer: GPUBuffer, length: number) => ({ buffer, to: new Float32Array(length) });
    const { weights, first, second } = this.memory;
    return [
      ...[weights, first, second].map((buffer) => read(buffer, this.layout.weights)),
      ...this.norms.flatMap((norm) =>
        norm ? [read(norm.parameters, 4 * norm.width), read(norm.moments, 4 * norm.width)] : [],
      ),
    ];
  }

  /** Puts what was read of {@link outputs} into the CPU's networks. */
  save(read: readonly Output[]): void {
    const [weights, first, second, ...rest] = read.map(({ to }) => to) as [
      Float32Array,
      Float32Array,
      Float32Array,
      ...Float32Array[],
    ];
    const norms = Array.from({ length: rest.length / 2 }, (_, k) => ({
      parameters: rest[2 * k]!,
      moments: rest[2 * k + 1]!,
    }));
    unpackNumbers(this.networks, this.layout, { weights, first, second, norms });
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const buffer of Object.values(this.memory)) buffer.destroy();
    for (const norm of this.norms) {
      norm?.parameters.destroy();
      norm?.moments.destroy();
    }
  }
}

/** Parts into which the sums of the backward pass of a layer are divided: it has few inputs and may have many outputs. */
function splitsOf({ outputPitch }: PackedLayer): number {
  return Math.min(
    mostSplits,
    Math.ceil(outputPitch / (2 * sumLength)) > 1 ? Math.ceil(outputPitch / sumLength) : 1,
  );
}

/** See `shaders/layer.wgsl`. */
function recordOf(layer: PackedLayer, firstTile = 0): number[] {
  const { inputPitch, outputPitch, weights, input, output, relu, inputRelu } = layer;
  return [
    ...[inputPitch, outputPitch, weights, input, output].map((numbers) => numbers / 4),
    ...[Number(relu), Number(inputRelu), firstTile],
  ];
}

function normConstants({ width, pitch, dropout, hidden, normalized, treated }: GpuNorm) {
  return { width, pitch, dropout, hidden, normalized, treated };
}
