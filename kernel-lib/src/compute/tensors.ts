import * as tf from "@tensorflow/tfjs-core";

/**
 * The numbers of a tensor, which is disposed of also where they cannot be read: a device that is lost, or out of memory, rejects
 * `data()`, and what it holds would stay allocated for good.
 */
export async function readAndDispose(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return (await tensor.data()) as Float32Array;
  } finally {
    tensor.dispose();
  }
}

/**
 * Tensors that live on across reads, where `tf.tidy` cannot hold them: all that were kept are disposed of at the end of `work`,
 * however it ends. One that is done with earlier can be disposed of as usual.
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
