import type { NetworkThreads } from "./networkThreads";
import type { AdamStep } from "./parameters";

/** Words of a layer's task after the first, in the order of assembly/dense.ts, and the floats that follow them. */
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
  "inputSlope",
  "first",
  "second",
  "biasFirst",
  "biasSecond",
] as const;
const floats = ["beta1", "beta2", "epsilon", "rate", "root", "decay"] as const;

const FORWARD = 0;
const BACKWARD = 1;
const UPDATE = 2;

/** Outputs of a panel of weights, see assembly/dense.ts. */
const PANEL = 8;

const roundUp = (value: number, to: number) => Math.ceil(value / to) * to;

/** Rows of a batch in the memory of the threads: as many numbers as `columns`, `pitch` numbers apart, zeros between them. */
export class Rows {
  readonly pitch: number;
  readonly address: number;
  readonly values: Float32Array;

  /** @param rows a multiple of 4 */
  constructor(
    threads: NetworkThreads,
    readonly rows: number,
    readonly columns: number,
  ) {
    // Whole lines of the cache, and an odd number of them, so that rows do not compete for the same places in it.
    this.pitch = 16 * (Math.ceil(columns / 16) | 1);
    this.address = threads.take(4 * rows * this.pitch);
    this.values = threads.view(this.address, rows * this.pitch);
  }

  /** Fills the first rows with `count` dense rows from `first` on. */
  put(data: Float32Array, first: number, count: number): void {
    const { columns, pitch } = this;
    for (let b = 0; b < count; b++) {
      const from = (first + b) * columns;
      this.values.set(data.subarray(from, from + columns), b * pitch);
    }
  }

  /** Copies the first rows out to `data` as dense rows, from row `first` on. */
  take(data: Float32Array, first: number, count: number): void {
    const { columns, pitch } = this;
    for (let b = 0; b < count; b++) {
      data.set(this.values.subarray(b * pitch, b * pitch + columns), (first + b) * columns);
    }
  }

  /** The first `count` rows as they are, [count · columns]. */
  dense(count: number): Float32Array {
    const out = new Float32Array(count * this.columns);
    this.take(out, 0, count);
    return out;
  }
}

/** Weights [inputs · outputs] and bias of a layer, or Adam's moments of them, as the threads want them. */
class LayerValues {
  readonly weightsAt: number;
  readonly biasAt: number;
  private readonly weights: Float32Array;
  private readonly bias: Float32Array;
  /** Numbers from one panel to the next: padded rows, and the gap that keeps panels apart in the cache. */
  private readonly step: number;

  constructor(
    threads: NetworkThreads,
    private readonly inputs: number,
    private readonly outputs: number,
  ) {
    this.step = roundUp(inputs, 4) * PANEL + 16;
    const panels = Math.ceil(outputs / PANEL);
    this.weightsAt = threads.take(4 * panels * this.step);
    this.weights = threads.view(this.weightsAt, panels * this.step);
    this.biasAt = threads.take(4 * panels * PANEL);
    this.bias = threads.view(this.biasAt, panels * PANEL);
  }

  clear(): void {
    this.weights.fill(0);
    this.bias.fill(0);
  }

  set(weights: ArrayLike<number>, bias: ArrayLike<number>): void {
    this.visit((at, i) => {
      this.weights[at] = weights[i]!;
    });
    this.bias.set(bias);
  }

  get(): [weights: Float32Array, bias: Float32Array] {
    const weights = new Float32Array(this.inputs * this.outputs);
    this.visit((at, i) => {
      weights[i] = this.weights[at]!;
    });
    return [weights, Float32Array.from(this.bias.subarray(0, this.outputs))];
  }

  /** Every weight: its place in the panels, and in the matrix. */
  private visit(call: (at: number, i: number) => void): void {
    const { inputs, outputs, step } = this;
    for (let first = 0; first < outputs; first += PANEL) {
      const width = Math.min(PANEL, outputs - first);
      for (let row = 0; row < inputs; row++) {
        const at = (first / PANEL) * step + row * PANEL;
        for (let j = 0; j < width; j++) call(at + j, row * outputs + first + j);
      }
    }
  }
}

/** A dense layer whose weights lie in the memory of the threads that compute it. */
export class DenseLayer {
  readonly values: LayerValues;
  /** Adam's moments, there as soon as the layer learns. */
  moments: { first: LayerValues; second: LayerValues } | undefined;

  constructor(
    private readonly threads: NetworkThreads,
    readonly inputs: number,
    readonly outputs: number,
  ) {
    this.values = new LayerValues(threads, inputs, outputs);
  }

  /** Gives the layer moments of zero. */
  startLearning(): void {
    const { threads, inputs, outputs } = this;
    this.moments ??= {
      first: new LayerValues(threads, inputs, outputs),
      second: new LayerValues(threads, inputs, outputs),
    };
    this.moments.first.clear();
    this.moments.second.clear();
  }

  /** @param rest what only this task needs */
  private run(
    task: number,
    rows: number,
    input: Rows,
    output: Rows,
    rest: Partial<Record<(typeof words)[number] | (typeof floats)[number], number>>,
  ): void {
    const { threads, inputs, outputs, values } = this;
    const record: typeof rest = {
      chunks: threads.kernels.denseChunks(task, inputs, outputs),
      task,
      rows,
      inputs,
      outputs,
      inputPitch: 4 * input.pitch,
      outputPitch: 4 * output.pitch,
      weights: values.weightsAt,
      bias: values.biasAt,
      input: input.address,
      output: output.address,
      ...rest,
    };
    threads.run({
      words: words.map((name) => record[name] ?? 0),
      floats: floats.map((name) => record[name] ?? 0),
      work: rows * inputs * outputs,
    });
  }

  /** output = input · weights + bias, followed by a ReLU where asked for. */
  forward(rows: number, input: Rows, output: Rows, relu: boolean): void {
    this.run(FORWARD, rows, input, output, { relu: Number(relu) });
  }

  /** Slope of the loss in the input, of the layout of `input`; with `relu`, in what was before the ReLU that made the input. */
  backward(rows: number, input: Rows, slope: Rows, inputSlope: Rows, relu: boolean): void {
    this.run(BACKWARD, rows, input, slope, { inputSlope: inputSlope.address, relu: Number(relu) });
  }

  /** A step of Adam along the gradient that follows from input and slope. */
  update(rows: number, input: Rows, slope: Rows, step: AdamStep): void {
    const { first, second } = this.moments!;
    this.run(UPDATE, rows, input, slope, {
      first: first.weightsAt,
      second: second.weightsAt,
      biasFirst: first.biasAt,
      biasSecond: second.biasAt,
      ...step,
    });
  }
}
