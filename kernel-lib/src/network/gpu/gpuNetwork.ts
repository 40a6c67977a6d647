import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice, Output } from "../../compute/gpu/gpuDevice";
import type { DenseNetwork, NetworkSpec } from "../denseNetwork";

/** What a {@link GpuNetwork} shares with other kernels. */
export interface GpuNetworkPlace {
  device: GpuDevice;
  /** Largest number of rows of a batch. */
  capacity: number;
  /** The record of `shaders/step.wgsl`. */
  step: GPUBuffer;
  /** [capacity · inputs] */
  input: GPUBuffer;
}

/** A dense layer on the device. */
interface GpuLayer {
  inputs: number;
  outputs: number;
  /** [(inputs + 1) · outputs], the last row is the bias. */
  weights: GPUBuffer;
  /** First and second moment of each weight. */
  moments: GPUBuffer;
  input: GPUBuffer;
  output: GPUBuffer;
  /** Gradient of the loss in the input. */
  inputGradient: GPUBuffer;
}

/** The batch normalization of the last hidden layer. */
interface GpuNorm {
  width: number;
  /** Runs of `width` numbers: scale, offset, running mean, running variance, 1/deviation of the last batch. */
  parameters: GPUBuffer;
  /** Moments of the scales, then of the offsets. */
  moments: GPUBuffer;
  /** [capacity · width] */
  normalized: GPUBuffer;
  hidden: GPUBuffer;
}

/** Rows or columns that a workgroup of a product computes. */
const tile = 32;

/**
 * A {@link DenseNetwork} on the GPU: the same formulas, with dropout drawn by the device. `load` takes weights and moments of the
 * CPU's network, `save` brings them back.
 */
export class GpuNetwork {
  private readonly spec: NetworkSpec;
  private readonly layers: GpuLayer[] = [];
  private readonly norm: GpuNorm | undefined;

  constructor(
    private readonly network: DenseNetwork,
    private readonly place: GpuNetworkPlace,
  ) {
    const { device, capacity, input } = place;
    this.spec = network.spec;
    const { inputs, hidden, outputs, batchNorm } = this.spec;
    const sizes = [inputs, ...hidden, outputs];
    let from = input;
    for (let i = 0; i + 1 < sizes.length; i++) {
      const [rows, columns] = [sizes[i]!, sizes[i + 1]!];
      const layer = {
        inputs: rows,
        outputs: columns,
        weights: device.buffer(4 * (rows + 1) * columns),
        moments: device.buffer(8 * (rows + 1) * columns),
        input: from,
        output: device.buffer(4 * capacity * columns),
        inputGradient: device.buffer(4 * capacity * rows),
      };
      this.layers.push(layer);
      from = layer.output;
    }
    if (!batchNorm && this.spec.dropout === 0) return;
    const width = sizes[sizes.length - 2]!;
    const last = this.layers[this.layers.length - 1]!;
    this.norm = {
      width,
      parameters: device.buffer(20 * width),
      moments: device.buffer(16 * width),
      normalized: device.buffer(4 * capacity * width),
      hidden: last.input,
    };
    last.input = device.buffer(4 * capacity * width);
  }

  /** Whether the device computes networks of this architecture: those without dropout or with batch normalization. */
  static supports({ batchNorm, dropout, hidden }: NetworkSpec): boolean {
    return batchNorm ? hidden.length > 0 : dropout === 0;
  }

  /** Output of the last layer, which is replaced by the gradient of the loss in it before the backward pass. */
  get output(): GPUBuffer {
    return this.layers[this.layers.length - 1]!.output;
  }

  /** Gradient of the loss in the input, if the backward pass was asked for it. */
  get inputGradient(): GPUBuffer {
    return this.layers[0]!.inputGradient;
  }

  /** From input to output. */
  forward(): DispatchSpec[] {
    const { step } = this.place;
    const specs = this.layers.map(({ inputs, outputs, weights, input, output }, i): DispatchSpec => {
      const relu = Number(i + 1 < this.layers.length);
      return {
        files: ["step", "realProduct", "denseForward"],
        constants: { inputs, columns: outputs, relu },
        buffers: [step, input, weights, output],
        groups: (count) => [Math.ceil(outputs / tile), Math.ceil(count / tile), 1],
      };
    });
    if (this.norm) specs.splice(-1, 0, this.normForward(this.norm));
    return specs;
  }

  private normForward({ width, parameters, normalized, hidden }: GpuNorm): DispatchSpec {
    return {
      files: ["step", "dropout", "norm"],
      constants: { width, dropout: this.spec.dropout },
      buffers: [this.place.step, hidden, parameters, normalized, this.layers[this.layers.length - 1]!.input],
      groups: () => [Math.ceil(width / 64), 1, 1],
    };
  }

  /**
   * From the gradient in the output backwards, with one step of Adam.
   * @param wantInput whether the gradient in the input is computed
   */
  backward(wantInput: boolean): DispatchSpec[] {
    const { step } = this.place;
    const specs: DispatchSpec[] = [];
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const { inputs, outputs, weights, moments, input, output, inputGradient } = this.layers[i]!;
      const gradient = i === this.layers.length - 1 ? output : this.layers[i + 1]!.inputGradient;
      const norm = i === this.layers.length - 1 ? this.norm : undefined;
      if (i > 0 || wantInput) {
        specs.push({
          files: ["step", "realProduct", "denseBackward"],
          constants: { columns: inputs, outputs, relu: Number(i > 0 && !norm) },
          buffers: [step, input, weights, gradient, inputGradient],
          groups: (count) => [Math.ceil(inputs / tile), Math.ceil(count / tile), 1],
        });
      }
      specs.push({
        files: ["step", "adam", "realProduct", "denseUpdate"],
        constants: { inputs, columns: outputs },
        buffers: [step, input, gradient, weights, moments],
        groups: () => [Math.ceil(outputs / tile), Math.ceil((inputs + 1) / tile), 1],
      });
      if (norm) specs.push(this.normBackward(norm, inputGradient));
    }
    return specs;
  }

  private normBackward(
    { width, parameters, normalized, moments, hidden }: GpuNorm,
    gradient: GPUBuffer,
  ): DispatchSpec {
    return {
      files: ["step", "adam", "dropout", "normBackward"],
      constants: { width, dropout: this.spec.dropout },
      buffers: [this.place.step, hidden, parameters, normalized, moments, gradient],
      groups: () => [Math.ceil(width / 64), 1, 1],
    };
  }

  /** Takes weights, statistics and moments from the CPU's network. */
  load(): void {
    const { device } = this.place;
    const arrays = this.network.save().map(({ data }) => data);
    const moments = this.network.moments();
    for (const [i, { weights, moments: at }] of this.layers.entries()) {
      device.write(weights, joined([arrays[2 * i]!, arrays[2 * i + 1]!]));
      const [ofWeights, ofBias] = [moments[2 * i]!, moments[2 * i + 1]!];
      const first = joined([ofWeights.first, ofBias.first]);
      device.write(at, interleaved(first, joined([ofWeights.second, ofBias.second])));
    }
    if (!this.norm) return;
    const [scale, offset] = moments.slice(2 * this.layers.length);
    device.write(this.norm.parameters, joined(arrays.slice(2 * this.layers.length)));
    const first = joined([scale!.first, offset!.first]);
    device.write(this.norm.moments, interleaved(first, joined([scale!.second, offset!.second])));
  }

  /** What has to be read for {@link save}. */
  outputs(): Output[] {
    const read = (buffer: GPUBuffer, length: number) => ({ buffer, to: new Float32Array(length) });
    return [
      ...this.layers.flatMap(({ inputs, outputs, weights, moments }) => [
        read(weights, (inputs + 1) * outputs),
        read(moments, 2 * (inputs + 1) * outputs),
      ]),
      ...(this.norm
        ? [read(this.norm.parameters, 4 * this.norm.width), read(this.norm.moments, 4 * this.norm.width)]
        : []),
    ];
  }

  /** Puts what was read of {@link outputs} into the CPU's network. */
  save(read: readonly Output[]): void {
    const { network, layers, norm } = this;
    const arrays = network.save();
    const moments = network.moments();
    for (const [i, { inputs, outputs }] of layers.entries()) {
      const [weights, both] = [read[2 * i]!.to, read[2 * i + 1]!.to];
      const size = inputs * outputs;
      arrays[2 * i]!.data = weights.subarray(0, size);
      arrays[2 * i + 1]!.data = weights.subarray(size);
      const [first, second] = divided(both);
      moments[2 * i] = { first: first.subarray(0, size), second: second.subarray(0, size) };
      moments[2 * i + 1] = { first: first.subarray(size), second: second.subarray(size) };
    }
    if (norm) {
      const { width } = norm;
      const at = 2 * layers.length;
      const [parameters, both] = [read[at]!.to, read[at + 1]!.to];
      for (let k = 0; k < 4; k++) {
        arrays[at + k] = { ...arrays[at + k]!, data: parameters.slice(k * width, (k + 1) * width) };
      }
      const [first, second] = divided(both);
      for (let k = 0; k < 2; k++) {
        const part = (values: Float32Array) => values.slice(k * width, (k + 1) * width);
        moments[at + k] = { first: part(first), second: part(second) };
      }
    }
    network.load(arrays);
    network.setMoments(moments);
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const { weights, moments, output, inputGradient } of this.layers) {
      for (const buffer of [weights, moments, output, inputGradient]) buffer.destroy();
    }
    if (!this.norm) return;
    const { parameters, moments, normalized } = this.norm;
    for (const buffer of [parameters, moments, normalized, this.layers[this.layers.length - 1]!.input])
      buffer.destroy();
  }
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function interleaved(first: Float32Array, second: Float32Array): Float32Array {
  return Float32Array.from({ length: 2 * first.length }, (_, i) => (i % 2 === 0 ? first : second)[i >> 1]!);
}

function divided(both: Float32Array): [Float32Array, Float32Array] {
  const part = (k: number) => Float32Array.from({ length: both.length / 2 }, (_, i) => both[2 * i + k]!);
  return [part(0), part(1)];
}
