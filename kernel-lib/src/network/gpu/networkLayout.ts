import type { NetworkSpec } from "../denseNetwork";

/**
 * Where networks are in the packed memory of the device. Rows of activations and weights are padded with zeros to multiples of four
 * numbers; places and pitches are counted in numbers. The gradient of the loss in a number is at the same place as the number.
 */
export interface NetworkLayout {
  networks: PackedNetwork[];
  /** Where other numbers of the rows start among the activations. */
  extraAt: number;
  /** Numbers of all activations, and of all weights. */
  activations: number;
  weights: number;
}

/** A network in the packed memory. */
export interface PackedNetwork {
  spec: NetworkSpec;
  /** First to last. */
  layers: PackedLayer[];
  norm: PackedNorm | undefined;
}

/** A dense layer in the packed memory. */
export interface PackedLayer {
  inputs: number;
  outputs: number;
  inputPitch: number;
  outputPitch: number;
  /** A row of outputs for each input, padded ones too, then the bias. */
  weights: number;
  /** Where its input and its output start among the activations. */
  input: number;
  output: number;
  /** Whether a ReLU follows; whether its input comes from one without anything between. */
  relu: boolean;
  inputRelu: boolean;
}

/** Dropout and batch normalization of the last hidden layer. */
export interface PackedNorm {
  width: number;
  pitch: number;
  /** Where the hidden layer, its normalized values and the result start among the activations. */
  hidden: number;
  normalized: number;
  treated: number;
}

/** Numbers of a padded row. */
export const pitchOf = (length: number) => 4 * Math.ceil(length / 4);

/** Rows of `length` numbers with zeros up to their pitch; the same array if there are none to add. */
export function paddedRows(rows: Float32Array, length: number): Float32Array {
  const pitch = pitchOf(length);
  if (pitch === length) return rows;
  const out = new Float32Array((rows.length / length) * pitch);
  for (let row = 0; row * length < rows.length; row++) {
    out.set(rows.subarray(row * length, (row + 1) * length), row * pitch);
  }
  return out;
}

/** Rows of `length` numbers from padded ones; the same array if there is nothing to remove. */
export function rowsWithoutPadding(padded: Float32Array, length: number): Float32Array {
  const pitch = pitchOf(length);
  if (pitch === length) return padded;
  const out = new Float32Array((padded.length / pitch) * length);
  for (let row = 0; row * length < out.length; row++) {
    out.set(padded.subarray(row * pitch, row * pitch + length), row * length);
  }
  return out;
}

/**
 * Places networks one after another; the input of the first one comes first.
 * @param rows  largest number of rows of a batch
 * @param extra other numbers of a row, for which there shall be room
 */
export function layNetworks(specs: readonly NetworkSpec[], rows: number, extra = 0): NetworkLayout {
  const layout: NetworkLayout = { networks: [], extraAt: 0, activations: 0, weights: 0 };
  const take = (width: number) => {
    const at = layout.activations;
    layout.activations += rows * pitchOf(width);
    return at;
  };
  for (const spec of specs) {
    const { inputs, hidden, outputs, batchNorm, dropout } = spec;
    const sizes = [inputs, ...hidden, outputs];
    const places = sizes.map(take);
    const width = hidden.at(-1);
    let norm: PackedNorm | undefined;
    if (width !== undefined && (batchNorm || dropout > 0)) {
      const [normalized, treated] = [take(width), take(width)];
      norm = { width, pitch: pitchOf(width), hidden: places.at(-2)!, normalized, treated };
    }
    const layers: PackedLayer[] = [];
    for (let i = 0; i + 1 < sizes.length; i++) {
      const isLast = i + 2 === sizes.length;
      const layer = {
        ...{ inputs: sizes[i]!, outputs: sizes[i + 1]!, weights: layout.weights },
        ...{ inputPitch: pitchOf(sizes[i]!), outputPitch: pitchOf(sizes[i + 1]!) },
        ...{ input: isLast && norm ? norm.treated : places[i]!, output: places[i + 1]! },
        ...{ relu: !isLast, inputRelu: i > 0 && !(isLast && norm) },
      };
      layers.push(layer);
      layout.weights += (layer.inputPitch + 1) * layer.outputPitch;
    }
    layout.networks.push({ spec, layers, norm });
  }
  layout.extraAt = take(extra);
  return layout;
}
