import * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../random";

/**
 * A dense network with its gradient written out. Every product is a plain 2-D one without a transpose flag, since
 * those are the products that every TensorFlow.js backend does fast (wasm is ten times slower with the flag), and the
 * loss comes from a projection engine that no automatic differentiation could look into.
 */
export interface MlpSpec {
  inputs: number;
  /** Widths of the hidden layers, each with a ReLU. Default [512, 512, 512]. */
  hidden: number[];
  outputs: number;
  /** Fraction of the last hidden layer dropped while training. */
  dropout: number;
  /** Batch normalisation of the last hidden layer before the output. */
  batchNorm: boolean;
  /** Standard deviation of an output at the start, for inputs of unit variance. */
  outputScale: number;
}

/** What a forward pass leaves for the backward pass. Dispose of it with {@link Mlp.release}. */
export interface Tape {
  output: tf.Tensor2D;
  /** Input of each dense layer: the network's input, then each hidden layer after its ReLU. */
  activations: tf.Tensor2D[];
  dropoutMask?: tf.Tensor2D;
  normalised?: { value: tf.Tensor2D; inverseDeviation: tf.Tensor1D };
}

const BATCH_NORM_EPSILON = 1e-3;
const BATCH_NORM_MOMENTUM = 0.95;

export class Mlp {
  /** Trainable values in a fixed order: weight and bias of each layer, then scale and offset of the normalisation. */
  readonly variables: tf.Tensor[] = [];
  /** Which of `variables` are weight matrices and decay. */
  readonly decays: boolean[] = [];
  /** Running mean and variance of the normalised layer. */
  private running: { mean: tf.Tensor1D; variance: tf.Tensor1D } | undefined;

  constructor(
    readonly spec: MlpSpec,
    random: Random,
  ) {
    const sizes = [spec.inputs, ...spec.hidden, spec.outputs];
    for (let layer = 0; layer + 1 < sizes.length; layer++) {
      const rows = sizes[layer]!;
      const columns = sizes[layer + 1]!;
      const last = layer + 2 === sizes.length;
      // He et al. (2015) for the ReLU layers; the output begins small, so that training begins at the neutral model.
      const deviation = last ? spec.outputScale / Math.sqrt(rows) : Math.sqrt(2 / rows);
      const weight = new Float32Array(rows * columns);
      for (let i = 0; i < weight.length; i++) weight[i] = random.normal() * deviation;
      this.variables.push(tf.tensor2d(weight, [rows, columns]), tf.zeros([columns]));
      this.decays.push(true, false);
    }
    if (spec.batchNorm) {
      const width = sizes[sizes.length - 2]!;
      this.variables.push(tf.ones([width]), tf.zeros([width]));
      this.decays.push(false, false);
      this.running = { mean: tf.zeros([width]), variance: tf.ones([width]) };
    }
  }

  private get layers(): number {
    return this.spec.hidden.length + 1;
  }

  /** Output for inputs [B, inputs] with running statistics and no dropout. */
  predict(input: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => {
      let x = input;
      for (let layer = 0; layer < this.layers; layer++) {
        if (layer === this.layers - 1 && this.running) {
          const { mean, variance } = this.running;
          const [scale, offset] = this.variables.slice(-2) as [tf.Tensor1D, tf.Tensor1D];
          const factor = tf.div(scale, tf.sqrt(tf.add(variance, BATCH_NORM_EPSILON)));
          x = tf.add(tf.mul(tf.sub(x, mean), factor), offset) as tf.Tensor2D;
        }
        x = tf.add(
          tf.matMul(x, this.variables[2 * layer] as tf.Tensor2D),
          this.variables[2 * layer + 1]!,
        ) as tf.Tensor2D;
        if (layer < this.layers - 1) x = tf.relu(x);
      }
      return x;
    });
  }

  /** Forward pass of training; `random` draws the dropout and the batch's own statistics normalise. */
  forward(input: tf.Tensor2D, random: Random): Tape {
    const activations: tf.Tensor2D[] = [input];
    let x = input;
    for (let layer = 0; layer < this.layers - 1; layer++) {
      const below = x;
      x = tf.tidy(
        () =>
          tf.relu(
            tf.add(
              tf.matMul(below, this.variables[2 * layer] as tf.Tensor2D),
              this.variables[2 * layer + 1]!,
            ),
          ) as tf.Tensor2D,
      );
      activations.push(x);
    }
    const tape: Tape = { output: x, activations };
    if (this.spec.dropout > 0) {
      const mask = dropoutMask(x.shape, this.spec.dropout, random);
      tape.dropoutMask = mask;
      x = tf.mul(x, mask) as tf.Tensor2D;
    }
    if (this.running) x = this.normalise(x, tape);
    if (x !== activations[activations.length - 1]) activations.push(x);
    const last = x;
    tape.output = tf.tidy(() =>
      tf.add(
        tf.matMul(last, this.variables[2 * this.layers - 2] as tf.Tensor2D),
        this.variables[2 * this.layers - 1]!,
      ),
    );
    return tape;
  }

  private normalise(x: tf.Tensor2D, tape: Tape): tf.Tensor2D {
    const running = this.running!;
    const [scale, offset] = this.variables.slice(-2) as [tf.Tensor1D, tf.Tensor1D];
    const [value, inverseDeviation, mean, variance, out] = tf.tidy(() => {
      const mean = tf.mean(x, 0) as tf.Tensor1D;
      const centred = tf.sub(x, mean);
      const variance = tf.mean(tf.square(centred), 0) as tf.Tensor1D;
      const inverseDeviation = tf.rsqrt(tf.add(variance, BATCH_NORM_EPSILON)) as tf.Tensor1D;
      const value = tf.mul(centred, inverseDeviation) as tf.Tensor2D;
      const mix = (old: tf.Tensor1D, now: tf.Tensor1D) =>
        tf.add(tf.mul(old, BATCH_NORM_MOMENTUM), tf.mul(now, 1 - BATCH_NORM_MOMENTUM)) as tf.Tensor1D;
      return [
        value,
        inverseDeviation,
        mix(running.mean, mean),
        mix(running.variance, variance),
        tf.add(tf.mul(value, scale), offset) as tf.Tensor2D,
      ];
    });
    tf.dispose([running.mean, running.variance]);
    this.running = { mean, variance };
    tape.normalised = { value, inverseDeviation };
    // The input of the normalisation is not needed again; the dropout's product is.
    if (tape.dropoutMask) x.dispose();
    return out;
  }

  /**
   * Gradients of a loss in `variables`, and in the input when asked, from the loss's gradient in the output
   * [B, outputs]. The caller disposes of what is returned.
   */
  backward(
    tape: Tape,
    outputGradient: tf.Tensor2D,
    wantInput: boolean,
  ): { gradients: tf.Tensor[]; input?: tf.Tensor2D } {
    const gradients: tf.Tensor[] = new Array(this.variables.length);
    let dy = outputGradient;
    const layered = tape.activations;
    // The last activation is that of the output layer (after dropout and normalisation); those below are hidden.
    const inputOf = (layer: number) =>
      layer === this.layers - 1 ? layered[layered.length - 1]! : layered[layer]!;
    for (let layer = this.layers - 1; layer >= 0; layer--) {
      const x = inputOf(layer);
      const above = dy;
      gradients[2 * layer] = tf.tidy(() => tf.matMul(tf.transpose(x), above));
      gradients[2 * layer + 1] = tf.sum(above, 0);
      if (layer === 0 && !wantInput) {
        if (above !== outputGradient) above.dispose();
        return { gradients };
      }
      dy = tf.tidy(() => {
        let d = tf.matMul(above, tf.transpose(this.variables[2 * layer] as tf.Tensor2D)) as tf.Tensor2D;
        if (layer === this.layers - 1) {
          if (tape.normalised) d = this.normaliseBackward(d, tape.normalised, gradients);
          if (tape.dropoutMask) d = tf.mul(d, tape.dropoutMask);
        }
        if (layer > 0) d = tf.mul(d, tf.step(layered[layer]!));
        return d;
      });
      if (above !== outputGradient) above.dispose();
    }
    return { gradients, input: dy };
  }

  private normaliseBackward(
    d: tf.Tensor2D,
    { value, inverseDeviation }: NonNullable<Tape["normalised"]>,
    gradients: tf.Tensor[],
  ): tf.Tensor2D {
    const scale = this.variables[this.variables.length - 2] as tf.Tensor1D;
    const product = tf.mul(d, value);
    gradients[this.variables.length - 2] = tf.keep(tf.sum(product, 0));
    gradients[this.variables.length - 1] = tf.keep(tf.sum(d, 0));
    // Ioffe and Szegedy (2015), the gradient through the batch's own mean and variance.
    const inner = tf.sub(tf.sub(d, tf.mean(d, 0)), tf.mul(value, tf.mean(product, 0)));
    return tf.mul(tf.mul(inner, scale), inverseDeviation) as tf.Tensor2D;
  }

  /** Frees what {@link forward} left, the output included; the input stays the caller's. */
  release(tape: Tape): void {
    tf.dispose([tape.output, ...tape.activations.slice(1)]);
    if (tape.dropoutMask) tape.dropoutMask.dispose();
    if (tape.normalised) tf.dispose([tape.normalised.value, tape.normalised.inverseDeviation]);
  }

  /** Values to be stored: the variables, then the running statistics. */
  async save(): Promise<NamedArray[]> {
    const tensors = [...this.variables, ...(this.running ? [this.running.mean, this.running.variance] : [])];
    return Promise.all(
      tensors.map(async (tensor, i) => ({
        name: this.nameOf(i),
        shape: tensor.shape,
        data: Float32Array.from((await tensor.data()) as Float32Array),
      })),
    );
  }

  /** Takes over what {@link save} stored. @throws RangeError where names or shapes differ. */
  load(arrays: readonly NamedArray[]): void {
    const expected = this.variables.length + (this.running ? 2 : 0);
    const tensors = Array.from({ length: expected }, (_, i) => {
      const name = this.nameOf(i);
      const array = arrays.find((a) => a.name === name);
      const shape = i < this.variables.length ? this.variables[i]!.shape : this.running!.mean.shape;
      if (!array || array.shape.join() !== shape.join()) {
        throw new RangeError(
          `weights ${name}: expected shape [${shape}], found [${array?.shape ?? "nothing"}]`,
        );
      }
      return tf.tensor(array.data, shape);
    });
    for (let i = 0; i < this.variables.length; i++) this.assign(i, tensors[i]!);
    if (this.running) {
      tf.dispose([this.running.mean, this.running.variance]);
      this.running = {
        mean: tensors[expected - 2] as tf.Tensor1D,
        variance: tensors[expected - 1] as tf.Tensor1D,
      };
    }
  }

  private nameOf(i: number): string {
    if (i < 2 * this.layers) return `${i % 2 === 0 ? "weight" : "bias"}${Math.floor(i / 2)}`;
    return ["normScale", "normOffset", "runningMean", "runningVariance"][i - 2 * this.layers]!;
  }

  /** Replaces variable i, disposing of its old value. */
  assign(i: number, value: tf.Tensor): void {
    this.variables[i]!.dispose();
    this.variables[i] = value;
  }

  dispose(): void {
    tf.dispose(this.variables);
    if (this.running) tf.dispose([this.running.mean, this.running.variance]);
  }
}

/** A named float32 array, as it is kept in a checkpoint. */
export interface NamedArray {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** Zeros with probability `rate`, 1/(1 − rate) elsewhere. */
function dropoutMask(shape: [number, number], rate: number, random: Random): tf.Tensor2D {
  const mask = new Float32Array(shape[0] * shape[1]);
  const keep = 1 / (1 - rate);
  const threshold = Math.floor(rate * 4294967296);
  for (let i = 0; i < mask.length; i++) mask[i] = random.uint32() >= threshold ? keep : 0;
  return tf.tensor2d(mask, shape);
}
