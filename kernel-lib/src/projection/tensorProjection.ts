import * as tf from "@tensorflow/tfjs-core";
import { mix, type TensorConstants } from "./tensorConstants";

/** Projection and its adjoint as tensor operations, by separable factors; see assembly/separable.ts for the formulas. */

/** Part of a batch, on the device. */
export interface BatchPart {
  /** [B, 5, N], or [1, 5, N] for a set of Gaussians shared by the batch. */
  model: tf.Tensor3D;
  /** The first two rows of each rotation, [B, 2, 3]. */
  rotations: tf.Tensor3D;
  /** [B, 2, 1] */
  shifts: tf.Tensor3D;
}

/** exp(−2π²σ²k²/S² − 2πi k·u) along one axis. */
export interface Factors {
  /** Real part, [B, N, s]. */
  re: tf.Tensor3D;
  /** Imaginary part, [B, N, s]. */
  im: tf.Tensor3D;
  /** (re | im), [B, N, 2s]. */
  both: tf.Tensor3D;
}

/** Gaussians in the image. */
export interface PlacedGaussians {
  /** Factors along x. */
  x: Factors;
  /** Factors along y. */
  y: Factors;
  /** Centres, [B or 1, 3, N]. */
  centre: tf.Tensor3D;
  /** σ, [B or 1, 1, N]. */
  sigma: tf.Tensor3D;
  /** (2π)^{3/2}σ³, [B or 1, 1, N]. */
  volume: tf.Tensor3D;
  /** Amplitude times volume divided by `unit`, [B or 1, 1, N]. */
  weight: tf.Tensor3D;
  /** The largest weight of each set, [B or 1, 1, 1]: in the map's units the squares of weights may underflow in float32. */
  unit: tf.Tensor3D;
}

/** Places the Gaussians of a part in its images. */
export function placeGaussians(
  { model, rotations, shifts }: BatchPart,
  boxSize: number,
  { k, falloff }: TensorConstants,
): PlacedGaussians {
  const [count] = rotations.shape;
  const [sets, , n] = model.shape;
  const row = (first: number, size: number) => tf.slice(model, [0, first, 0], [-1, size, -1]);
  const centre = row(0, 3);
  const sigma = row(4, 1);
  const volume = tf.mul(tf.mul(tf.square(sigma), sigma), (2 * Math.PI) ** 1.5) as tf.Tensor3D;
  const onImage = tf.add(tf.matMul(rotations, centre), shifts) as tf.Tensor3D;
  const [x, y] = tf.tidy(() => {
    const scaled = tf.reshape(tf.square(tf.div(sigma, boxSize)), [sets, n, 1]);
    const envelope = tf.exp(tf.mul(scaled, falloff));
    const factors = (axis: number): Factors =>
      tf.tidy(() => {
        const u = tf.reshape(tf.slice(onImage, [0, axis, 0], [-1, 1, -1]), [count, n, 1]);
        const turns = tf.mul(u, k);
        // Sine and cosine of large angles are imprecise on GPUs.
        const angle = tf.mul(tf.sub(turns, tf.round(turns)), -2 * Math.PI);
        const re = tf.mul(envelope, tf.cos(angle)) as tf.Tensor3D;
        const im = tf.mul(envelope, tf.sin(angle)) as tf.Tensor3D;
        return { re, im, both: tf.concat([re, im], 2) } as Factors & tf.TensorContainerObject;
      });
    return [factors(0), factors(1)] as never;
  }) as [Factors, Factors];
  const weight = tf.mul(row(3, 1), volume) as tf.Tensor3D;
  const largest = tf.max(tf.abs(weight), 2, true);
  const unit = tf.add(largest, tf.sub(1, tf.step(largest))) as tf.Tensor3D;
  return { x, y, centre, sigma, volume, weight: tf.div(weight, unit), unit };
}

/** Batched matrix product. `wasm` is fast only for two matrices, neither of them transposed. */
function batchMatMul(a: tf.Tensor3D, b: tf.Tensor3D, transposeA = false): tf.Tensor3D {
  if (tf.getBackend() !== "wasm") return tf.matMul(a, b, transposeA);
  const first = transposeA ? tf.transpose(a, [0, 2, 1]) : a;
  const pairs = tf.unstack(b).map((right, i) => {
    const [, height, width] = first.shape as [number, number, number];
    const left = tf.reshape(tf.slice(first, [i, 0, 0], [1, height, width]), [height, width]);
    return tf.matMul(left as tf.Tensor2D, right as tf.Tensor2D);
  });
  return tf.stack(pairs) as tf.Tensor3D;
}

/** The projection: re and im of P(kx, ky), re and im of P(kx, −ky), for kx, ky ≥ 0, [B, 4, s²]. */
export function quadrants({ x, y, weight }: PlacedGaussians, { toQuadrants }: TensorConstants): tf.Tensor3D {
  const [count, n, width] = x.both.shape;
  const side = width / 2;
  return tf.tidy(() => {
    const weighed = tf.mul(y.both, tf.reshape(weight, [-1, n, 1])) as tf.Tensor3D;
    const all = tf.reshape(batchMatMul(x.both, weighed, true), [count, 2, side, 2, side]);
    const blocks = tf.transpose(all, [0, 1, 3, 2, 4]);
    return mix(tf.reshape(blocks, [count, 4, side * side]), toQuadrants);
  });
}

/**
 * The adjoint of {@link quadrants}: from the gradient G of the score in the quadrants, [B, 4, s²], to each Gaussian. For an
 * amplitude of 1, `along` is its part of Σ G·P and `square` the same with every sample times k², [B, 1, N]; `moved` is
 * the gradient in its position in the image, [B, 2, N].
 */
export function contract({ x, y, weight }: PlacedGaussians, gradient: tf.Tensor, constants: TensorConstants) {
  const { fromQuadrants, square, turn } = constants;
  const [count, n, width] = x.both.shape;
  const side = width / 2;
  const blocks = tf.reshape(mix(gradient, fromQuadrants), [count, 2, 2, side, side]);
  const matrix = (order: number[]) =>
    tf.reshape(tf.transpose(blocks, order), [count, width, width]) as tf.Tensor3D;
  const summed = (table: tf.Tensor) => tf.reshape(tf.sum(table, 2), [count, 1, n]);
  const moved = ({ re, im }: Factors, gradients: tf.Tensor3D) =>
    tf.tidy(() => summed(tf.mul(tf.concat([im, re], 2), tf.mul(gradients, turn))));
  // Tables of one axis are freed before those of the other are allocated.
  const alongX = tf.tidy(() => {
    const inX = batchMatMul(y.both, matrix([0, 2, 4, 1, 3]));
    const own = tf.tidy(() => {
      const product = tf.mul(x.both, inX);
      return { along: summed(product), square: summed(tf.mul(product, square)) };
    });
    return { ...own, moved: moved(x, inX) };
  });
  const alongY = tf.tidy(() => {
    const inY = batchMatMul(x.both, matrix([0, 1, 3, 2, 4]));
    const own = tf.tidy(() => summed(tf.mul(tf.mul(y.both, inY), square)));
    return { square: own, moved: moved(y, inY) };
  });
  return {
    along: alongX.along,
    square: tf.add(alongX.square, alongY.square),
    moved: tf.mul(tf.concat([alongX.moved, alongY.moved], 1), weight) as tf.Tensor3D,
  };
}
