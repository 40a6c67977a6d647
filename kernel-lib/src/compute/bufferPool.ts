import * as tf from "@tensorflow/tfjs-core";

/** What is used of the insides of the backend `webgpu`. */
interface BufferManager {
  readonly freeBuffers: Map<string, { readonly size: number; destroy(): void }[]>;
  numFreeBuffers: number;
  numBytesUsed: number;
  numBytesAllocated: number;
}

/**
 * Gives the device's memory back that the current backend keeps for later, where it is more than so many bytes. The backend
 * `webgpu` keeps every buffer that was ever freed for a tensor of just its size: of a training, whose sizes change with
 * the cut-off, a device's memory would fill up. Other backends have no such pool.
 * What work under way needs is not among it.
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
