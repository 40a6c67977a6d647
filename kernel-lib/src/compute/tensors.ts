import * as tf from "@tensorflow/tfjs-core";

/**
 * Reads the numbers of a tensor and disposes of it, even if reading fails: `data()` rejects if the device is lost or out of
 * memory, and the tensor would stay allocated.
 */
export async function readAndDispose(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return (await tensor.data()) as Float32Array;
  } finally {
    tensor.dispose();
  }
}

/**
 * An asynchronous `tf.tidy`: tensors passed to `keep` are disposed of when `work` ends or fails. They may be disposed of
 * earlier.
 */
export async function withTensors<R>(
  work: (keep: <T extends tf.Tensor>(tensor: T) => T) => Promise<R>,
): Promise<R> {
  const kept: tf.Tensor[] = [];
  try {
    return await work((tensor) => {
      kept.push(tensor);
      return tensor;
    });
  } finally {
    tf.dispose(kept);
  }
}
