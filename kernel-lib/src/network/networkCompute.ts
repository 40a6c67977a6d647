import type { KernelExports } from "../wasm/wasmMemory";

/** A task for the WebAssembly module. */
export interface NetworkTask {
  /** Words of the task record after the first, which counts the chunks that were taken. */
  words: readonly number[];
  /** Floats of the task record, which follow the words. */
  floats: readonly number[];
  /** Approximate number of multiplications. */
  work: number;
}

/** Address of the task record in the memory. */
export const recordAddress = 64;
/** Bytes of the task record. */
export const recordBytes = 128;

/** The functions of the WebAssembly module that compute networks. */
export type NetworkKernels = Pick<KernelExports, "network" | "denseChunks" | "headChunks">;

/**
 * Memory for weights and batches, and what computes in it: the threads of a process (`NetworkThreads`), or the calling thread
 * alone, as in a browser (`CallingThread`). Both run the same WebAssembly code, and their results are the same.
 */
export interface NetworkCompute {
  /** The module's functions in the calling thread. */
  readonly kernels: NetworkKernels;
  /** Allocates zeroed bytes; returns their address. @throws RangeError if the memory would exceed 4 GiB */
  take(bytes: number): number;
  /** The floats at an address. */
  view(address: number, length: number): Float32Array;
  /** The integers at an address. */
  integers(address: number, length: number): Int32Array;
  /** Computes a task. */
  run(task: NetworkTask): void;
}

/** Writes a task to the record. */
export function writeTask(compute: NetworkCompute, { words, floats }: NetworkTask): void {
  compute.integers(recordAddress, 1 + words.length).set([0, ...words]);
  compute.view(recordAddress + 4 * (1 + words.length), floats.length).set(floats);
}
