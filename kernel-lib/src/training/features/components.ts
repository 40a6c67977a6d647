import * as tf from "@tensorflow/tfjs-core";
import { readAndDispose } from "../../compute/tensors";

/** What gradients are multiplied by to become the encoder's input. */
export interface GradientComponents {
  /** Outermost ring of each block of gradients. */
  readonly rings: readonly number[];
  /** Factor on each gradient, [blocks · 5m]. */
  readonly scale: Float32Array;
  /** [blocks · 5m · size] */
  readonly basis: Float32Array;
  readonly size: number;
}

/** Makes encoder input of some kind of batch. */
export interface ComponentProjector<Batch> {
  /** Encoder input, [rows · size]. Numbers of a row are not finite if a gradient of it is not. */
  project(batch: Batch): Promise<Float32Array>;
  /** Frees memory. */
  dispose(): void;
}

/** Multiplies gradients [rows · blocks · 5m] on the current TensorFlow.js backend. */
export function tensorComponents<Batch>(
  { scale, basis, size }: GradientComponents,
  gradientsOf: (batch: Batch) => Promise<Float32Array>,
): ComponentProjector<Batch> {
  const inputs = scale.length;
  let matrix: tf.Tensor2D | undefined;
  return {
    project: async (batch) => {
      const gradients = await gradientsOf(batch);
      for (let i = 0; i < gradients.length; i++) gradients[i]! *= scale[i % inputs]!;
      const rows = gradients.length / inputs;
      matrix ??= tf.tensor2d(basis, [inputs, size]);
      const right = matrix;
      const projected = tf.tidy(() => tf.matMul(tf.tensor2d(gradients, [rows, inputs]), right));
      return (await readAndDispose(projected)) as Float32Array;
    },
    dispose: () => matrix?.dispose(),
  };
}
