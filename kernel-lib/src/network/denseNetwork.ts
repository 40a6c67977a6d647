import type { Random } from "../random";
import { Normalisation } from "./batchNorm";
import { DenseLayer, Rows } from "./denseLayer";
import type { NetworkThreads } from "./networkThreads";
import type { AdamStep, Moments, NamedArray } from "./parameters";

export interface NetworkSpec {
  inputs: number;
  /** Widths of the hidden layers, each with a ReLU. */
  hidden: number[];
  outputs: number;
  /** Fraction of the last hidden layer dropped while training. */
  dropout: number;
  /** Batch normalisation of the last hidden layer before the output. */
  batchNorm: boolean;
  /** Standard deviation of an output at the start, for inputs of unit variance. */
  outputScale: number;
}

/** Rows of a pass of inference, and the fewest that there is room for. */
const ROWS = 64;

/** Where a batch lies on its way through the network. */
interface Buffers {
  rows: number;
  /** Input of the network, then each hidden layer after its ReLU. */
  hidden: Rows[];
  /** What the output layer is given: the last of `hidden`, after dropout and normalisation where there are any. */
  last: Rows;
  /** Output, and in the backward pass the loss's slope in it. */
  output: Rows;
  /** Slopes in `hidden`; made by the first backward pass. */
  slopes: Rows[];
}

/**
 * A dense network with its gradient written out, computed by {@link NetworkThreads}. The backward pass updates the weights
 * as it goes: the gradient of three or ten million weights is never stored, and each of them is touched once in a step.
 */
export class DenseNetwork {
  private readonly layers: DenseLayer[] = [];
  private readonly normalisation: Normalisation | undefined;
  private buffers: Buffers | undefined;
  /** What the last forward pass of training left for the backward pass. */
  private tape: { count: number; mask: Float32Array | undefined } | undefined;

  /** @param random draws the first weights; without it they are zeros, to be loaded */
  constructor(
    readonly spec: NetworkSpec,
    random: Random | undefined,
    private readonly threads: NetworkThreads,
  ) {
    const sizes = [spec.inputs, ...spec.hidden, spec.outputs];
    for (let i = 0; i + 1 < sizes.length; i++) {
      this.layers.push(new DenseLayer(threads, sizes[i]!, sizes[i + 1]!));
    }
    if (spec.batchNorm) this.normalisation = new Normalisation(sizes[sizes.length - 2]!);
    if (random) this.begin(random);
  }

  /** Gives the network new random weights, as if it had just been made. */
  begin(random: Random): void {
    for (const [i, { values, inputs, outputs }] of this.layers.entries()) {
      const last = i + 1 === this.layers.length;
      // He et al. (2015) for the ReLU layers; the output begins small, so that training begins at the neutral model.
      const deviation = last ? this.spec.outputScale / Math.sqrt(inputs) : Math.sqrt(2 / inputs);
      const weights = new Float32Array(inputs * outputs);
      for (let j = 0; j < weights.length; j++) weights[j] = random.normal() * deviation;
      values.set(weights, new Float32Array(outputs));
    }
    this.normalisation?.begin();
    this.tape = undefined;
  }

  /** Room for at least so many rows. */
  private room(count: number): Buffers {
    if (this.buffers && this.buffers.rows >= count) return this.buffers;
    const rows = Math.max(ROWS, 4 * Math.ceil(count / 4));
    const make = (columns: number) => new Rows(this.threads, rows, columns);
    const hidden = this.layers.map(({ inputs }) => make(inputs));
    const top = hidden[hidden.length - 1]!;
    const { dropout, outputs } = this.spec;
    const last = this.normalisation || dropout > 0 ? make(top.columns) : top;
    this.buffers = { rows, hidden, last, output: make(outputs), slopes: [] };
    return this.buffers;
  }

  /** The layers below the output: from the network's input to the last hidden layer. */
  private climb({ hidden }: Buffers, count: number): void {
    for (let i = 0; i + 1 < this.layers.length; i++) {
      this.layers[i]!.forward(count, hidden[i]!, hidden[i + 1]!, true);
    }
  }

  private finish({ last, output }: Buffers, count: number): void {
    this.layers[this.layers.length - 1]!.forward(count, last, output, false);
  }

  /** Outputs [n · outputs] for inputs [n · inputs], with running statistics and no dropout. */
  predict(input: Float32Array, count: number): Float32Array {
    const out = new Float32Array(count * this.spec.outputs);
    this.visit(input, count, (output, first, rows) => output.take(out, first, rows));
    return out;
  }

  /** As {@link predict}, some rows at a time, where they lie: calls `visit` with outputs, the first row's number, and how many. */
  visit(
    input: Float32Array,
    count: number,
    visit: (output: Rows, first: number, rows: number) => void,
  ): void {
    const buffers = this.room(Math.min(count, ROWS));
    const top = buffers.hidden[buffers.hidden.length - 1]!;
    this.tape = undefined;
    for (let first = 0; first < count; first += buffers.rows) {
      const rows = Math.min(buffers.rows, count - first);
      buffers.hidden[0]!.put(input, first, rows);
      this.climb(buffers, rows);
      if (this.normalisation) this.normalisation.apply(top, buffers.last, rows);
      else if (buffers.last !== top) buffers.last.values.set(top.values);
      this.finish(buffers, rows);
      visit(buffers.output, first, rows);
    }
  }

  /**
   * Forward pass of training; `random` draws the dropout and the batch's own statistics normalise.
   * @returns the outputs, in the place where {@link learn} wants the loss's slopes in them
   */
  forward(input: Float32Array, count: number, random: Random): Rows {
    const buffers = this.room(count);
    const { hidden, last, output } = buffers;
    const top = hidden[hidden.length - 1]!;
    hidden[0]!.put(input, 0, count);
    this.climb(buffers, count);
    const { dropout } = this.spec;
    const mask = dropout > 0 ? dropoutMask(count * top.columns, dropout, random) : undefined;
    if (last !== top) last.values.set(top.values);
    if (mask) scaleRows(last, mask, count);
    this.normalisation?.forward(last, count);
    this.finish(buffers, count);
    this.tape = { count, mask };
    return output;
  }

  /**
   * Backward pass of the last {@link forward} and one step of Adam, from the loss's slopes in the outputs, which have been put
   * in their place.
   * @returns the slope in the input [B · inputs] where asked for, with the weights as they were before the step
   * @throws RangeError without a forward pass that waits for it, or before {@link startLearning}
   */
  learn(step: AdamStep, wantInput = false): Float32Array | undefined {
    const { tape, buffers, layers } = this;
    if (!tape || !buffers) throw new RangeError("network: expected a forward pass before the backward pass");
    this.tape = undefined;
    const { count, mask } = tape;
    const { hidden, last, output, slopes } = buffers;
    if (slopes.length === 0) {
      for (const { inputs } of layers) slopes.push(new Rows(this.threads, buffers.rows, inputs));
    }
    const top = layers.length - 1;
    for (let i = top; i >= 0; i--) {
      const layer = layers[i]!;
      const slope = i === top ? output : slopes[i + 1]!;
      const input = i === top ? last : hidden[i]!;
      const treated = input !== hidden[i];
      if (i > 0 || wantInput) layer.backward(count, input, slope, slopes[i]!, i > 0 && !treated);
      layer.update(count, input, slope, step);
      if (treated) {
        this.normalisation?.learn(slopes[i]!, count, step);
        if (mask) scaleRows(slopes[i]!, mask, count);
        if (i > 0) closeRelu(slopes[i]!, hidden[i]!, count);
      }
    }
    if (!wantInput) return undefined;
    const inputSlope = new Float32Array(count * this.spec.inputs);
    slopes[0]!.take(inputSlope, 0, count);
    return inputSlope;
  }

  /** Makes the network ready to learn, with moments of zero. */
  startLearning(): void {
    for (const layer of this.layers) layer.startLearning();
    this.normalisation?.startLearning();
  }

  /** Adam's moments: of weights and bias of each layer, then of scale and offset of the normalisation. */
  moments(): Moments[] {
    const ofLayers = this.layers.flatMap(({ moments }) => {
      const [first, second] = [moments!.first.get(), moments!.second.get()];
      return first.map((array, k) => ({ first: array, second: second[k]! }));
    });
    return [...ofLayers, ...(this.normalisation?.moments ?? [])];
  }

  /** Takes over what {@link moments} gave. */
  setMoments(moments: readonly Moments[]): void {
    for (const [i, layer] of this.layers.entries()) {
      const [weights, bias] = moments.slice(2 * i, 2 * i + 2) as [Moments, Moments];
      layer.moments!.first.set(weights.first, bias.first);
      layer.moments!.second.set(weights.second, bias.second);
    }
    for (const [k, own] of (this.normalisation?.moments ?? []).entries()) {
      const { first, second } = moments[2 * this.layers.length + k]!;
      own.first.set(first);
      own.second.set(second);
    }
  }

  /** Values to be stored: weights and bias of each layer, then what the normalisation has. */
  save(): NamedArray[] {
    const ofLayers = this.layers.flatMap(({ values, inputs, outputs }, i) => {
      const [weights, bias] = values.get();
      return [
        { name: `weight${i}`, shape: [inputs, outputs], data: weights },
        { name: `bias${i}`, shape: [outputs], data: bias },
      ];
    });
    return [...ofLayers, ...(this.normalisation?.save() ?? []).map((a) => ({ ...a, data: a.data.slice() }))];
  }

  /** Takes over what {@link save} stored. @throws RangeError where names or shapes differ. */
  load(arrays: readonly NamedArray[]): void {
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
    for (const { name, shape, data } of this.normalisation?.save() ?? []) data.set(find(name, shape));
  }
}

/** Zeros with probability `rate`, 1/(1 − rate) elsewhere. */
function dropoutMask(length: number, rate: number, random: Random): Float32Array {
  const mask = new Float32Array(length);
  const keep = 1 / (1 - rate);
  const threshold = Math.floor(rate * 4294967296);
  for (let i = 0; i < length; i++) mask[i] = random.uint32() >= threshold ? keep : 0;
  return mask;
}

/** Multiplies the first rows by dense rows of factors. */
function scaleRows({ values, columns, pitch }: Rows, factors: Float32Array, count: number): void {
  for (let b = 0; b < count; b++) {
    for (let j = 0; j < columns; j++) values[b * pitch + j]! *= factors[b * columns + j]!;
  }
}

/** Zeroes the gradient where the ReLU was inactive. */
function closeRelu(slope: Rows, activation: Rows, count: number): void {
  const used = count * slope.pitch;
  for (let i = 0; i < used; i++) if (!(activation.values[i]! > 0)) slope.values[i] = 0;
}
