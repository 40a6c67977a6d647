import type { Random } from "../random";
import { BatchNorm } from "./batchNorm";
import { DenseLayer } from "./denseLayer";
import type { NetworkCompute } from "./networkCompute";
import type { AdamStep, Moments, NamedArray } from "./parameters";
import { Rows } from "./rows";

/** Architecture of a {@link DenseNetwork}. */
export interface NetworkSpec {
  /** Width of the input. */
  inputs: number;
  /** Widths of the hidden layers, each followed by a ReLU. */
  hidden: number[];
  /** Width of the output. */
  outputs: number;
  /** Dropout rate of the last hidden layer in training. */
  dropout: number;
  /** Batch normalization of the last hidden layer before the output. */
  batchNorm: boolean;
  /** Initial standard deviation of the outputs, for inputs of unit variance. */
  outputScale: number;
}

/** Rows per pass of inference, and the smallest allocation. */
export const inferenceRows = 64;

/** The memory of a batch on its way through the network. */
interface Buffers {
  rows: number;
  /** Input of the network, then each hidden layer after its ReLU. */
  hidden: Rows[];
  /** Input of the output layer: the last of `hidden`, after dropout and normalization, if any. */
  last: Rows;
  /** Output, and in the backward pass the gradient of the loss in it. */
  output: Rows;
  /** Gradients in `hidden`; allocated by the first backward pass. */
  gradients: Rows[];
}

/**
 * A dense network with explicit gradients, computed by {@link NetworkCompute}. The backward pass updates the weights
 * layer by layer: the gradient of several million weights is never stored, and each weight is touched once per step.
 */
export class DenseNetwork {
  private readonly layers: DenseLayer[] = [];
  private readonly batchNorm: BatchNorm | undefined;
  private buffers: Buffers | undefined;
  private changes = 0;
  /** What the last forward pass of training left for the backward pass. */
  private tape: { count: number; mask: Float32Array | undefined } | undefined;

  /** @param random draws the initial weights; undefined leaves zeros, to be loaded */
  constructor(
    readonly spec: NetworkSpec,
    random: Random | undefined,
    private readonly threads: NetworkCompute,
  ) {
    const sizes = [spec.inputs, ...spec.hidden, spec.outputs];
    for (let i = 0; i + 1 < sizes.length; i++) {
      this.layers.push(new DenseLayer(threads, sizes[i]!, sizes[i + 1]!));
    }
    if (spec.batchNorm) this.batchNorm = new BatchNorm(sizes[sizes.length - 2]!);
    if (random) this.initialize(random);
  }

  /** A number that is another one after every change of the weights. */
  get revision(): number {
    return this.changes;
  }

  /** Draws new random weights and resets the statistics, as in a new network. */
  initialize(random: Random): void {
    this.changes++;
    for (const [i, { values, inputs, outputs }] of this.layers.entries()) {
      const last = i + 1 === this.layers.length;
      // He et al. (2015) for the ReLU layers; small outputs, so that training starts at the neutral model.
      const deviation = last ? this.spec.outputScale / Math.sqrt(inputs) : Math.sqrt(2 / inputs);
      const weights = new Float32Array(inputs * outputs);
      for (let j = 0; j < weights.length; j++) weights[j] = random.normal() * deviation;
      values.set(weights, new Float32Array(outputs));
    }
    this.batchNorm?.initialize();
    this.tape = undefined;
  }

  /** Buffers for at least `count` rows. */
  private buffersFor(count: number): Buffers {
    if (this.buffers && this.buffers.rows >= count) return this.buffers;
    const rows = Math.max(inferenceRows, 4 * Math.ceil(count / 4));
    const make = (columns: number) => new Rows(this.threads, rows, columns);
    const hidden = this.layers.map(({ inputs }) => make(inputs));
    const top = hidden[hidden.length - 1]!;
    const { dropout, outputs } = this.spec;
    const last = this.batchNorm || dropout > 0 ? make(top.columns) : top;
    this.buffers = { rows, hidden, last, output: make(outputs), gradients: [] };
    return this.buffers;
  }

  /** From the network's input to the last hidden layer. */
  private forwardHidden({ hidden }: Buffers, count: number): void {
    for (let i = 0; i + 1 < this.layers.length; i++) {
      this.layers[i]!.forward(count, hidden[i]!, hidden[i + 1]!, true);
    }
  }

  private forwardOutput({ last, output }: Buffers, count: number): void {
    this.layers[this.layers.length - 1]!.forward(count, last, output, false);
  }

  /** Inference: outputs [n · outputs] for inputs [n · inputs], with running statistics and without dropout. */
  predict(input: Float32Array, count: number): Float32Array {
    const out = new Float32Array(count * this.spec.outputs);
    this.visit(input, count, (output, first, rows) => output.take(out, first, rows));
    return out;
  }

  /** As {@link predict}, without a copy: calls `visit` with the outputs of some rows, the index of the first, and their number. */
  visit(
    input: Float32Array,
    count: number,
    visit: (output: Rows, first: number, rows: number) => void,
  ): void {
    const buffers = this.buffersFor(Math.min(count, inferenceRows));
    const top = buffers.hidden[buffers.hidden.length - 1]!;
    this.tape = undefined;
    for (let first = 0; first < count; first += buffers.rows) {
      const rows = Math.min(buffers.rows, count - first);
      buffers.hidden[0]!.put(input, first, rows);
      this.forwardHidden(buffers, rows);
      if (this.batchNorm) this.batchNorm.predict(top, buffers.last, rows);
      else if (buffers.last !== top) buffers.last.values.set(top.values);
      this.forwardOutput(buffers, rows);
      visit(buffers.output, first, rows);
    }
  }

  /**
   * Forward pass of training, with dropout drawn from `random` and normalization by the statistics of the batch.
   * @returns the outputs, to be replaced by the gradient of the loss in them before {@link backward}
   */
  forward(input: Float32Array, count: number, random: Random): Rows {
    const buffers = this.buffersFor(count);
    const { hidden, last, output } = buffers;
    const top = hidden[hidden.length - 1]!;
    hidden[0]!.put(input, 0, count);
    this.forwardHidden(buffers, count);
    const { dropout } = this.spec;
    const mask = dropout > 0 ? dropoutMask(count * top.columns, dropout, random) : undefined;
    if (last !== top) last.values.set(top.values);
    if (mask) scaleRows(last, mask, count);
    this.batchNorm?.forward(last, count);
    this.forwardOutput(buffers, count);
    this.tape = { count, mask };
    return output;
  }

  /**
   * Backward pass of the last {@link forward} and one step of Adam, from the gradient of the loss in the outputs, which the
   * caller has written to the rows that `forward` returned.
   * @param wantInput whether to return the gradient in the input, with the weights before the step. Default false
   * @returns [B · inputs]
   * @throws RangeError without a preceding forward pass
   */
  backward(step: AdamStep, wantInput = false): Float32Array | undefined {
    const { tape, buffers, layers } = this;
    if (!tape || !buffers) throw new RangeError("network: expected a forward pass before the backward pass");
    this.changes++;
    this.tape = undefined;
    const { count, mask } = tape;
    const { hidden, last, output, gradients } = buffers;
    if (gradients.length === 0) {
      for (const { inputs } of layers) gradients.push(new Rows(this.threads, buffers.rows, inputs));
    }
    const top = layers.length - 1;
    for (let i = top; i >= 0; i--) {
      const layer = layers[i]!;
      const outputGradient = i === top ? output : gradients[i + 1]!;
      const inputGradient = gradients[i]!;
      const input = i === top ? last : hidden[i]!;
      /** Dropout or normalization between the ReLU and this layer. */
      const isTreated = input !== hidden[i];
      if (i > 0 || wantInput) {
        layer.backward({ rows: count, input, outputGradient, inputGradient, relu: i > 0 && !isTreated });
      }
      layer.update(count, input, outputGradient, step);
      if (isTreated) {
        this.batchNorm?.backward(inputGradient, count, step);
        if (mask) scaleRows(inputGradient, mask, count);
        if (i > 0) reluBackward(inputGradient, hidden[i]!, count);
      }
    }
    return wantInput ? gradients[0]!.dense(count) : undefined;
  }

  /** Sets Adam's moments to 0; required before {@link backward}. */
  resetMoments(): void {
    for (const layer of this.layers) layer.resetMoments();
    this.batchNorm?.resetMoments();
  }

  /** Adam's moments of weights and bias of each layer, then of scale and offset of the normalization. */
  moments(): Moments[] {
    const ofLayers = this.layers.flatMap(({ moments }) => {
      const [first, second] = [moments!.first.get(), moments!.second.get()];
      return first.map((array, k) => ({ first: array, second: second[k]! }));
    });
    return [...ofLayers, ...(this.batchNorm?.moments ?? [])];
  }

  /** Restores what {@link moments} returned. */
  setMoments(moments: readonly Moments[]): void {
    for (const [i, layer] of this.layers.entries()) {
      const [weights, bias] = moments.slice(2 * i, 2 * i + 2) as [Moments, Moments];
      layer.moments!.first.set(weights.first, bias.first);
      layer.moments!.second.set(weights.second, bias.second);
    }
    for (const [k, own] of (this.batchNorm?.moments ?? []).entries()) {
      const { first, second } = moments[2 * this.layers.length + k]!;
      own.first.set(first);
      own.second.set(second);
    }
  }

  /** Weights and bias of each layer, then the arrays of the normalization, for a checkpoint. */
  save(): NamedArray[] {
    const ofLayers = this.layers.flatMap(({ values, inputs, outputs }, i) => {
      const [weights, bias] = values.get();
      return [
        { name: `weight${i}`, shape: [inputs, outputs], data: weights },
        { name: `bias${i}`, shape: [outputs], data: bias },
      ];
    });
    return [...ofLayers, ...(this.batchNorm?.save() ?? []).map((a) => ({ ...a, data: a.data.slice() }))];
  }

  /** Restores what {@link save} returned. @throws RangeError if names or shapes differ */
  load(arrays: readonly NamedArray[]): void {
    this.changes++;
    const find = (name: string, shape: number[]): Float32Array => {
      const array = arrays.find((a) => a.name === name);
      if (array?.shape.join() !== shape.join()) {
        throw new RangeError(
          `weights ${name}: expected shape [${shape}], found [${array?.shape ?? "nothing"}]`,
        );
      }
      return array.data;
    };
    for (const [i, { values, inputs, outputs }] of this.layers.entries()) {
      values.set(find(`weight${i}`, [inputs, outputs]), find(`bias${i}`, [outputs]));
    }
    for (const { name, shape, data } of this.batchNorm?.save() ?? []) data.set(find(name, shape));
  }
}

/** 0 with probability `rate`, else 1/(1 − rate). */
function dropoutMask(length: number, rate: number, random: Random): Float32Array {
  const mask = new Float32Array(length);
  const keep = 1 / (1 - rate);
  const threshold = Math.floor(rate * 4294967296);
  for (let i = 0; i < length; i++) mask[i] = random.uint32() >= threshold ? keep : 0;
  return mask;
}

/** Multiplies the first `count` rows by dense rows of factors. */
function scaleRows({ values, columns, pitch }: Rows, factors: Float32Array, count: number): void {
  for (let b = 0; b < count; b++) {
    for (let j = 0; j < columns; j++) values[b * pitch + j]! *= factors[b * columns + j]!;
  }
}

/** Zeroes the gradient where the ReLU was inactive. */
function reluBackward(gradient: Rows, activation: Rows, count: number): void {
  const used = count * gradient.pitch;
  for (let i = 0; i < used; i++) if (!(activation.values[i]! > 0)) gradient.values[i] = 0;
}
