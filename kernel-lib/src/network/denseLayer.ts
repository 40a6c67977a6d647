import type { NetworkCompute } from "./networkCompute";
import type { AdamStep } from "./parameters";
import type { Rows } from "./rows";

/** Words of a layer's task record after the first, in the order of assembly/dense.ts. */
const words = [
  "chunks",
  "task",
  "rows",
  "inputs",
  "outputs",
  "relu",
  "inputPitch",
  "outputPitch",
  "weights",
  "bias",
  "input",
  "output",
  "inputGradient",
  "first",
  "second",
  "biasFirst",
  "biasSecond",
] as const;
/** The floats that follow the words. */
const floats = ["beta1", "beta2", "epsilon", "rate", "root", "decay"] as const;
type TaskRecord = Partial<Record<(typeof words)[number] | (typeof floats)[number], number>>;

const task = { forward: 0, backward: 1, update: 2 } as const;

/** Outputs per panel of weights, see assembly/dense.ts. */
const panelWidth = 8;

const roundUp = (value: number, to: number) => Math.ceil(value / to) * to;

/** Weights [inputs · outputs] and bias of a layer, or Adam's moments of them, in the layout of the threads. */
export class LayerValues {
  /** Address of the weights in bytes. */
  readonly weightsAt: number;
  /** Address of the bias in bytes. */
  readonly biasAt: number;
  private readonly weights: Float32Array;
  private readonly bias: Float32Array;
  /** Numbers from one panel to the next: padded rows, and a gap that keeps panels in different cache sets. */
  private readonly step: number;

  constructor(
    threads: NetworkCompute,
    private readonly inputs: number,
    private readonly outputs: number,
  ) {
    this.step = roundUp(inputs, 4) * panelWidth + 16;
    const panels = Math.ceil(outputs / panelWidth);
    this.weightsAt = threads.take(4 * panels * this.step);
    this.weights = threads.view(this.weightsAt, panels * this.step);
    this.biasAt = threads.take(4 * panels * panelWidth);
    this.bias = threads.view(this.biasAt, panels * panelWidth);
  }

  /** Sets everything to 0. */
  clear(): void {
    this.weights.fill(0);
    this.bias.fill(0);
  }

  /** Sets weights [inputs · outputs] and bias [outputs]. */
  set(weights: ArrayLike<number>, bias: ArrayLike<number>): void {
    this.visit((at, i) => {
      this.weights[at] = weights[i]!;
    });
    this.bias.set(bias);
  }

  /** Copies of weights [inputs · outputs] and bias [outputs]. */
  get(): [weights: Float32Array, bias: Float32Array] {
    const weights = new Float32Array(this.inputs * this.outputs);
    this.visit((at, i) => {
      weights[i] = this.weights[at]!;
    });
    return [weights, Float32Array.from(this.bias.subarray(0, this.outputs))];
  }

  /** Calls back with the index of every weight in the panels and in the matrix. */
  private visit(call: (at: number, i: number) => void): void {
    const { inputs, outputs, step } = this;
    for (let first = 0; first < outputs; first += panelWidth) {
      const width = Math.min(panelWidth, outputs - first);
      for (let row = 0; row < inputs; row++) {
        const at = (first / panelWidth) * step + row * panelWidth;
        for (let j = 0; j < width; j++) call(at + j, row * outputs + first + j);
      }
    }
  }
}

/** Input and result of {@link DenseLayer.backward}. */
export interface BackwardPass {
  /** Rows of the batch. */
  rows: number;
  /** Input of the forward pass. */
  input: Rows;
  /** Gradient of the loss in the output. */
  outputGradient: Rows;
  /** Receives the gradient of the loss in the input; laid out as `input`. */
  inputGradient: Rows;
  /** Whether the input came from a ReLU; the gradient is then that in the ReLU's input. */
  relu: boolean;
}

/** A dense layer whose weights are in the memory of the threads that compute it. */
export class DenseLayer {
  /** Weights and bias. */
  readonly values: LayerValues;
  /** Adam's moments; undefined until {@link resetMoments}. */
  moments: { first: LayerValues; second: LayerValues } | undefined;

  constructor(
    private readonly threads: NetworkCompute,
    readonly inputs: number,
    readonly outputs: number,
  ) {
    this.values = new LayerValues(threads, inputs, outputs);
  }

  /** Sets Adam's moments to 0. */
  resetMoments(): void {
    const { threads, inputs, outputs } = this;
    this.moments ??= {
      first: new LayerValues(threads, inputs, outputs),
      second: new LayerValues(threads, inputs, outputs),
    };
    this.moments.first.clear();
    this.moments.second.clear();
  }

  /** @param output rows of the output or of its gradient. @param record what only this task needs */
  private run(kind: number, input: Rows, output: Rows, record: TaskRecord & { rows: number }): void {
    const { threads, inputs, outputs, values } = this;
    const whole: TaskRecord = {
      chunks: threads.kernels.denseChunks(kind, inputs, outputs),
      task: kind,
      inputs,
      outputs,
      inputPitch: 4 * input.pitch,
      outputPitch: 4 * output.pitch,
      weights: values.weightsAt,
      bias: values.biasAt,
      input: input.address,
      output: output.address,
      ...record,
    };
    threads.run({
      words: words.map((name) => whole[name] ?? 0),
      floats: floats.map((name) => whole[name] ?? 0),
      work: record.rows * inputs * outputs,
    });
  }

  /** output = input · weights + bias, optionally followed by a ReLU. */
  forward(rows: number, input: Rows, output: Rows, relu: boolean): void {
    this.run(task.forward, input, output, { rows, relu: Number(relu) });
  }

  /** Gradient of the loss in the input. */
  backward({ rows, input, outputGradient, inputGradient, relu }: BackwardPass): void {
    const record = { rows, inputGradient: inputGradient.address, relu: Number(relu) };
    this.run(task.backward, input, outputGradient, record);
  }

  /** One step of Adam along the gradient in weights and bias, which follows from input and output gradient. */
  update(rows: number, input: Rows, outputGradient: Rows, step: AdamStep): void {
    const { first, second } = this.moments!;
    this.run(task.update, input, outputGradient, {
      rows,
      first: first.weightsAt,
      second: second.weightsAt,
      biasFirst: first.biasAt,
      biasSecond: second.biasAt,
      ...step,
    });
  }
}
