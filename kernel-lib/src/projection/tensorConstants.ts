import * as tf from "@tensorflow/tfjs-core";
import { disc, sampleIndex } from "../fourier/disc";

/** Tensors that depend on the rings alone and stay on the device. s = K + 1. */
export interface TensorConstants {
  /** 0 … K, [1, 1, s]. */
  k: tf.Tensor3D;
  /** −2π²k², [1, 1, s]. */
  falloff: tf.Tensor3D;
  /** (k² | k²), [1, 1, 2s]. */
  square: tf.Tensor3D;
  /** (2πk | −2πk), [1, 1, 2s]. */
  turn: tf.Tensor3D;
  /** From the products of real and imaginary factors to the quadrants of the image. */
  toQuadrants: Mixture;
  /** The transpose of that, for gradients. */
  fromQuadrants: Mixture;
  /**
   * Index in the disc layout of `targetRings`, for each of s² samples kx, ky ≥ 0, of re and im of (kx, ky), re and im of
   * (kx, −ky); [4s²].
   */
  pick: tf.Tensor1D;
  /** Multiplicity of these, 0 if there is no sample, [1, 4, s²]. */
  multiplicity: tf.Tensor3D;
  /** Ring of each of s² samples, [s²]. */
  ring: tf.Tensor1D;
  /** 1 where a sample belongs to a ring, [s², s]. */
  inRing: tf.Tensor2D;
}

/** A linear combination of four runs of numbers: run `first[i]` plus `sign[i]` times run `second[i]`. */
export interface Mixture {
  /** [4] */
  first: tf.Tensor1D;
  /** [4] */
  second: tf.Tensor1D;
  /** [1, 4, 1] */
  sign: tf.Tensor3D;
}

/** Makes the constants for rings 0 … K = `rings`; the caller disposes of them. */
export function makeConstants(rings: number, targetRings: number): TensorConstants {
  const side = rings + 1;
  const k = Float32Array.from({ length: side }, (_, i) => i);
  const both = (re: (k: number) => number, im: (k: number) => number) =>
    tf.tensor3d(Float32Array.of(...k.map(re), ...k.map(im)), [1, 1, 2 * side]);
  const { pick, multiplicity, ring, inRing } = sampleTables(rings, targetRings);
  const constants: TensorConstants = {
    k: tf.tensor3d(k, [1, 1, side]),
    falloff: tf.tensor3d(
      k.map((v) => -2 * (Math.PI * v) ** 2),
      [1, 1, side],
    ),
    square: both(
      (v) => v * v,
      (v) => v * v,
    ),
    turn: both(
      (v) => 2 * Math.PI * v,
      (v) => -2 * Math.PI * v,
    ),
    // re·re − im·im, re·im + im·re, re·re + im·im, im·re − re·im of (re·re, re·im, im·re, im·im), and its transpose
    toQuadrants: mixture([0, 1, 0, 2], [3, 2, 3, 1], [-1, 1, 1, -1]),
    fromQuadrants: mixture([0, 1, 1, 2], [2, 3, 3, 0], [1, -1, 1, -1]),
    pick: tf.tensor1d(pick, "int32"),
    multiplicity: tf.tensor3d(multiplicity, [1, 4, side * side]),
    ring: tf.tensor1d(ring, "int32"),
    inRing: tf.tensor2d(inRing, [side * side, side]),
  };
  for (const tensor of tensorsOf(constants)) tf.keep(tensor);
  return constants;
}

function sampleTables(rings: number, targetRings: number) {
  const side = rings + 1;
  const layout = disc(rings);
  const pick = new Int32Array(4 * side * side);
  const multiplicity = new Float32Array(4 * side * side);
  const ring = new Int32Array(side * side);
  const inRing = new Float32Array(side * side * side);
  for (let kx = 0; kx < side; kx++) {
    for (let ky = 0; ky < side; ky++) {
      const i = kx * side + ky;
      const at = sampleIndex(rings, kx, ky);
      ring[i] = layout.ring[at]!;
      inRing[i * side + ring[i]!] = 1;
      for (const sign of [1, -1]) {
        const part = (sign > 0 ? 0 : 2) * side * side + i;
        const target = 2 * sampleIndex(targetRings, kx, sign * ky);
        pick[part] = target;
        pick[part + side * side] = target + 1;
        // (kx, 0) is one sample, not two.
        const m = sign < 0 && ky === 0 ? 0 : layout.multiplicity[at]!;
        multiplicity[part] = m;
        multiplicity[part + side * side] = m;
      }
    }
  }
  return { pick, multiplicity, ring, inRing };
}

/** All tensors of the constants, for disposal. */
export function tensorsOf(constants: TensorConstants): tf.Tensor[] {
  const { toQuadrants, fromQuadrants, ...others } = constants;
  return [toQuadrants, fromQuadrants, others].flatMap((group): tf.Tensor[] => Object.values(group));
}

function mixture(first: number[], second: number[], sign: number[]): Mixture {
  return {
    first: tf.tensor1d(first, "int32"),
    second: tf.tensor1d(second, "int32"),
    sign: tf.tensor3d(sign, [1, 4, 1]),
  };
}

/** Applies a mixture to [B, 4, s²]. */
export function mix(runs: tf.Tensor, { first, second, sign }: Mixture): tf.Tensor3D {
  return tf.add(tf.gather(runs, first, 1), tf.mul(tf.gather(runs, second, 1), sign));
}
