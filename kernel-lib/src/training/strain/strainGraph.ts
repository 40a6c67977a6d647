import type { StrainEnergy } from "./strainEnergy";

/**
 * The springs of a strain energy as kernels on a GPU read them, see `shaders/decodeBackward.wgsl`: a number that they write, where
 * the neighbours of each Gaussian start, then index, distance and stiffness of each neighbour, numbers with a fraction as their bits.
 * @param energy undefined for no springs
 * @param n Gaussians
 */
export function strainGraph(energy: StrainEnergy | undefined, n: number): Uint32Array {
  const { pairs, lengths, stiffness } = energy ?? {
    pairs: new Int32Array(0),
    lengths: new Float64Array(0),
    stiffness: new Float64Array(0),
  };
  const words = new Uint32Array(2 + n + 3 * pairs.length);
  const numbers = new Float32Array(words.buffer);
  const starts = words.subarray(1, n + 2);
  for (const i of pairs) starts[i + 1]!++;
  for (let i = 0; i < n; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice();
  for (let k = 0; k < pairs.length; k++) {
    const at = 2 + n + 3 * next[pairs[k]!]!++;
    words[at] = pairs[k ^ 1]!;
    numbers.set([lengths[k >> 1]!, stiffness[k >> 1]!], at + 1);
  }
  return words;
}
