import path from "node:path";
import { Worker } from "node:worker_threads";
import { Arena } from "../wasm/arena";
import { threadCount } from "../wasm/threadCount";
import {
  instantiate,
  type KernelExports,
  kernelModule,
  newMemory,
  nextJob,
  pagesOf,
  type SharedWasmMemory,
} from "../wasm/wasmMemory";
import {
  type NetworkCompute,
  type NetworkTask,
  recordAddress,
  recordBytes,
  writeTask,
} from "./networkCompute";

/** Indices of the Int32 control words that the threads share, apart from the memory. */
export const control = {
  /** Number of the job and of its threads, combined by `nextJob`; idle threads wait on it. */
  job: 0,
  /** Threads that are still working on it. */
  busy: 1,
  /** Threads that have started. */
  ready: 2,
  /** Pages of memory that the task needs, see `seeGrowth`. */
  pages: 3,
  /** Length in bytes of the reason why a thread failed; 0 where none did. */
  failed: 4,
  /** Start of that reason, UTF-8. */
  text: 5,
} as const;
const maxTextBytes = 256;

/**
 * Multiplications, a fifth of a millisecond, from which a task is shared with other threads. Smaller ones are not faster
 * that way: threads have to wake, and the caller would wait for them where all cores are busy, as when one model is
 * decoded while a training runs.
 */
const minSharedWork = 8e6;
/** In ms, after which a thread counts as dead; a task takes milliseconds. */
const maxWait = 60_000;

/**
 * Computes networks in WebAssembly with SIMD (assembly/dense.ts, assembly/head.ts) in the calling thread and worker
 * threads, over one shared memory with weights and batches. A call returns when its task is done, without waiting
 * for the event loop. The result does not depend on the number of threads.
 *
 * Workers start with the first large task and do not keep the process alive.
 */
export class NetworkThreads implements NetworkCompute {
  /** Number of threads, including the calling one. */
  readonly threads: number;
  /** The module's functions in the calling thread. */
  readonly kernels: KernelExports;
  private readonly memory: SharedWasmMemory = newMemory();
  private readonly arena = new Arena();
  private readonly control = new Int32Array(new SharedArrayBuffer(4 * control.text + maxTextBytes));
  private workers: Worker[] | undefined;
  private failure: Error | undefined;

  /** @param threads including the calling one. Default: one per core. @throws RangeError */
  constructor(threads?: number) {
    this.threads = threadCount(threads);
    this.kernels = instantiate(kernelModule(), this.memory);
    this.arena.take(recordAddress + recordBytes);
  }

  /** Allocates zeroed bytes; returns their address. @throws RangeError if the memory would exceed 4 GiB */
  take(bytes: number): number {
    const address = this.arena.take(bytes);
    this.arena.fit(this.memory, "networks");
    return address;
  }

  /** The floats at an address. Stays valid when the memory grows. */
  view(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  /** The integers at an address. Stays valid when the memory grows. */
  integers(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  /** Computes a task. @throws Error when a worker thread failed or died */
  run(task: NetworkTask): void {
    if (this.failure) throw this.failure;
    writeTask(this, task);
    const { work } = task;
    const { control: shared } = this;
    const isShared = work > minSharedWork;
    if (isShared) this.startWorkers();
    const helpers = isShared ? Atomics.load(shared, control.ready) : 0;
    if (helpers > 0) {
      Atomics.store(shared, control.busy, helpers);
      Atomics.store(shared, control.pages, pagesOf(this.memory));
      Atomics.store(shared, control.job, nextJob(Atomics.load(shared, control.job), helpers));
      Atomics.notify(shared, control.job);
    }
    try {
      this.kernels.network(recordAddress);
    } finally {
      this.awaitHelpers(helpers);
    }
    if (this.failure) throw this.failure;
  }

  private awaitHelpers(helpers: number): void {
    const { control: shared } = this;
    for (let busy = helpers; busy > 0; busy = Atomics.load(shared, control.busy)) {
      if (Atomics.wait(shared, control.busy, busy, maxWait) === "timed-out") {
        this.failure ??= new Error("networks: a worker thread does not respond");
        return;
      }
    }
    const length = Atomics.load(shared, control.failed);
    if (length > 0) {
      const text = Buffer.from(Buffer.from(shared.buffer, 4 * control.text, length)).toString();
      this.failure ??= new Error(`networks: a worker thread failed, ${text}`);
    }
  }

  private startWorkers(): void {
    if (this.workers) return;
    const { memory, control: shared } = this;
    const workerData = { module: kernelModule(), memory, control: shared };
    this.workers = Array.from({ length: this.threads - 1 }, () => {
      const worker = new Worker(path.join(__dirname, "networkWorker.js"), { workerData });
      const fail = (reason: string) => {
        this.failure ??= new Error(`networks: a worker thread ended, ${reason}`);
      };
      worker.on("error", (error) => fail(error.message));
      worker.on("exit", (code) => fail(`exit code ${code}`));
      worker.unref();
      return worker;
    });
  }

  /** Terminates the worker threads. Nothing can be computed afterwards. */
  dispose(): void {
    this.failure ??= new Error("networks: already disposed");
    for (const worker of this.workers ?? []) void worker.terminate();
    this.workers = [];
  }
}

/** In a worker: stores the reason of a failure for the caller, which waits and cannot receive events. */
export function reportFailure(shared: Int32Array, error: unknown): void {
  const text = Buffer.from(String((error as Error)?.message ?? error)).subarray(0, maxTextBytes);
  Buffer.from(shared.buffer, 4 * control.text, maxTextBytes).set(text);
  Atomics.store(shared, control.failed, Math.max(1, text.length));
}
