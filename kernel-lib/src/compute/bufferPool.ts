import * as tf from "@tensorflow/tfjs-core";

/** The internals of the backend `webgpu` that are used. */
interface BufferManager {
  readonly freeBuffers: Map<string, { readonly size: number; destroy(): void }[]>;
  numFreeBuffers: number;
  numBytesUsed: number;
  numBytesAllocated: number;
}

/**
 * Frees the device memory that the current backend keeps for reuse, if it is more than `bytes`. The backend `webgpu` keeps
 * every freed buffer for tensors of the same size; in a training, whose sizes change with the resolution, they would fill the
 * device's memory. Other backends have no such pool. Buffers in use are not affected.
 */
export function limitBufferPool(bytes: number): void {
  const { bufferManager } = (tf.findBackend(tf.getBackend()) ?? {}) as { bufferManager?: BufferManager };
  if (!(bufferManager?.freeBuffers instanceof Map)) return;
  if (bufferManager.numBytesAllocated - bufferManager.numBytesUsed <= bytes) return;
  for (const buffers of bufferManager.freeBuffers.values()) {
    for (const buffer of buffers.splice(0)) {
      bufferManager.numFreeBuffers--;
      bufferManager.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
  }
}
