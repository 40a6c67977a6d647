import type { DenseNetwork } from "../denseNetwork";
import type { Moments } from "../parameters";
import type { NetworkLayout, PackedLayer } from "./networkLayout";

/** Weights and moments of all networks in their packed memory, and those of normalizations. */
export interface PackedNumbers {
  weights: Float32Array;
  first: Float32Array;
  second: Float32Array;
  norms: PackedNormNumbers[];
}

/** Numbers of the normalization of a network. */
export interface PackedNormNumbers {
  /** Scale, offset, running mean and running variance, a run of numbers each. */
  parameters: Float32Array;
  /** For each column the first moments of scale and offset, then the second ones. */
  moments: Float32Array;
}

/**
 * Weights and moments of the networks on the CPU, packed.
 * @param training whether there are moments; else they are left out. Default true
 */
export function packedNumbers(
  networks: readonly DenseNetwork[],
  layout: NetworkLayout,
  training = true,
): PackedNumbers {
  const empty = (length = layout.weights) => new Float32Array(length);
  const [first, second] = [0, 1].map(() => empty(training ? layout.weights : 0)) as [
    Float32Array,
    Float32Array,
  ];
  const packed: PackedNumbers = { weights: empty(), first, second, norms: [] };
  for (const [n, { layers, norm }] of layout.networks.entries()) {
    const arrays = networks[n]!.save().map(({ data }) => data);
    const moments = training ? networks[n]!.moments() : [];
    for (const [i, layer] of layers.entries()) {
      put(packed.weights, layer, arrays[2 * i]!, arrays[2 * i + 1]!);
      if (!training) continue;
      const [ofWeights, ofBias] = [moments[2 * i]!, moments[2 * i + 1]!];
      put(packed.first, layer, ofWeights.first, ofBias.first);
      put(packed.second, layer, ofWeights.second, ofBias.second);
    }
    if (!norm) continue;
    const [scale, offset] = moments.slice(2 * layers.length);
    const parameters = new Float32Array(4 * norm.width);
    for (const [k, run] of arrays.slice(2 * layers.length).entries()) parameters.set(run, k * norm.width);
    if (!training) {
      packed.norms.push({ parameters, moments: empty(0) });
      continue;
    }
    const ofNorm = new Float32Array(4 * norm.width);
    for (let j = 0; j < norm.width; j++) {
      const own = [scale!.first[j]!, offset!.first[j]!, scale!.second[j]!, offset!.second[j]!];
      ofNorm.set(own, 4 * j);
    }
    packed.norms.push({ parameters, moments: ofNorm });
  }
  return packed;
}

/** Puts packed weights and moments into the networks on the CPU. */
export function unpackNumbers(
  networks: readonly DenseNetwork[],
  layout: NetworkLayout,
  { weights, first, second, norms }: PackedNumbers,
): void {
  let next = 0;
  for (const [n, { layers, norm }] of layout.networks.entries()) {
    const network = networks[n]!;
    const arrays = network.save();
    const moments: Moments[] = [];
    for (const [i, layer] of layers.entries()) {
      const own = taken(weights, layer);
      arrays[2 * i]!.data = own.weights;
      arrays[2 * i + 1]!.data = own.bias;
      const [m, v] = [taken(first, layer), taken(second, layer)];
      moments.push({ first: m.weights, second: v.weights }, { first: m.bias, second: v.bias });
    }
    if (norm) {
      const { parameters, moments: both } = norms[next++]!;
      const { width } = norm;
      for (let k = 0; k < 4; k++) {
        const at = 2 * layers.length + k;
        arrays[at] = { ...arrays[at]!, data: parameters.slice(k * width, (k + 1) * width) };
      }
      const column = (k: number) => Float32Array.from({ length: width }, (_, j) => both[4 * j + k]!);
      moments.push({ first: column(0), second: column(2) }, { first: column(1), second: column(3) });
    }
    network.load(arrays);
    network.setMoments(moments);
  }
}

function put(to: Float32Array, layer: PackedLayer, weights: Float32Array, bias: Float32Array): void {
  const { inputs, outputs, inputPitch, outputPitch } = layer;
  for (let i = 0; i < inputs; i++) {
    to.set(weights.subarray(i * outputs, (i + 1) * outputs), layer.weights + i * outputPitch);
  }
  to.set(bias, layer.weights + inputPitch * outputPitch);
}

function taken(from: Float32Array, layer: PackedLayer): { weights: Float32Array; bias: Float32Array } {
  const { inputs, outputs, inputPitch, outputPitch } = layer;
  const weights = new Float32Array(inputs * outputs);
  const row = (i: number) => from.subarray(layer.weights + i * outputPitch).subarray(0, outputs);
  for (let i = 0; i < inputs; i++) weights.set(row(i), i * outputs);
  return { weights, bias: row(inputPitch).slice() };
}
