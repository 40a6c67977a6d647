import { availableParallelism } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import {
  Arena,
  instantiate,
  type KernelExports,
  kernelModule,
  maxThreads,
  newMemory,
  nextJob,
  pagesOf,
  type SharedWasmMemory,
} from "../wasm/wasmMemory";

/** What is to be computed, as WebAssembly reads it. */
export interface NetworkTask {
  /** The record's words after the first, which counts the pieces taken. */
  words: readonly number[];
  /** The record's floats, which follow the words. */
  floats: readonly number[];
  /** About how many multiplications it takes. */
  work: number;
}

/** Int32 words that the threads share beside the memory, and after them the text of {@link control.failed}. */
export const control = {
  /** Number of the job and of the threads that are to work on it, as `nextJob` puts them together; they sleep on it. */
  job: 0,
  /** Threads that still work on it. */
  busy: 1,
  /** Threads that are up. */
  ready: 2,
  /** Pages of memory that the task needs, see `seeGrowth`. */
  pages: 3,
  /** Bytes of text that says why a thread failed; 0 where none did. */
  failed: 4,
  text: 5,
} as const;
const TEXT_BYTES = 256;

/** Where the record lies in the memory. */
export const RECORD = 64;
const RECORD_BYTES = 128;

/**
 * Below so many multiplications, a fifth of a millisecond, a task is hardly done sooner with others: they have to wake, and
 * where all cores are busy the caller would wait for them. So it is with one model decoded while a training runs.
 */
const WORTH_SHARING = 8e6;
/** A thread that has not ended its part after so long never will; a task takes milliseconds. */
const LONGEST_WAIT = 60_000;

/**
 * Networks in WebAssembly with SIMD (assembly/dense.ts, assembly/head.ts), computed by the calling thread together with worker
 * threads, over one shared memory that holds weights and batches. A call returns when its task is done: there is no wait
 * for the event loop in between. The result does not depend on the number of threads.
 *
 * Workers start with the first large task and keep no process alive.
 */
export class NetworkThreads {
  readonly kernels: KernelExports;
  private readonly memory: SharedWasmMemory = newMemory();
  private readonly arena = new Arena();
  private readonly control = new Int32Array(new SharedArrayBuffer(4 * control.text + TEXT_BYTES));
  private workers: Worker[] | undefined;
  private failure: Error | undefined;

  /** @param threads the calling one included. Default: one per core */
  constructor(readonly threads = Math.min(availableParallelism(), maxThreads - 1)) {
    if (!Number.isInteger(threads) || threads < 1 || threads >= maxThreads) {
      throw new RangeError(`threads: expected an integer from 1 to ${maxThreads - 1}, found ${threads}`);
    }
    this.kernels = instantiate(kernelModule(), this.memory);
    this.arena.take(RECORD + RECORD_BYTES);
  }

  /** The address of `bytes` bytes of zeros. @throws RangeError where the memory would grow beyond 4 GiB */
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

  /** Computes a task. @throws Error when a worker thread died */
  run({ words, floats, work }: NetworkTask): void {
    if (this.failure) throw this.failure;
    this.integers(RECORD, 1 + words.length).set([0, ...words]);
    this.view(RECORD + 4 * (1 + words.length), floats.length).set(floats);
    const { control: shared } = this;
    const large = work > WORTH_SHARING;
    if (large) this.startWorkers();
    const helpers = large ? Atomics.load(shared, control.ready) : 0;
    if (helpers > 0) {
      Atomics.store(shared, control.busy, helpers);
      Atomics.store(shared, control.pages, pagesOf(this.memory));
      Atomics.store(shared, control.job, nextJob(Atomics.load(shared, control.job), helpers));
      Atomics.notify(shared, control.job);
    }
    try {
      this.kernels.network(RECORD);
    } finally {
      this.awaitHelpers(helpers);
    }
    if (this.failure) throw this.failure;
  }

  private awaitHelpers(helpers: number): void {
    const { control: shared } = this;
    for (let busy = helpers; busy > 0; busy = Atomics.load(shared, control.busy)) {
      if (Atomics.wait(shared, control.busy, busy, LONGEST_WAIT) === "timed-out") {
        this.failure ??= new Error("networks: a worker thread does not answer");
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

  /** Ends the worker threads. Nothing can be computed afterwards. */
  dispose(): void {
    this.failure ??= new Error("networks: they have been disposed of");
    for (const worker of this.workers ?? []) void worker.terminate();
    this.workers = [];
  }
}

/** In a worker: leaves the reason for the caller, who waits and can hear no event. */
export function sayFailed(shared: Int32Array, error: unknown): void {
  const text = Buffer.from(String((error as Error)?.message ?? error)).subarray(0, TEXT_BYTES);
  Buffer.from(shared.buffer, 4 * control.text, TEXT_BYTES).set(text);
  Atomics.store(shared, control.failed, Math.max(1, text.length));
}
