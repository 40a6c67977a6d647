import { availableParallelism } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import {
  Arena,
  instantiate,
  type KernelExports,
  kernelModule,
  MOST_THREADS,
  newMemory,
  nextJob,
  type SharedWasmMemory,
} from "../projection/wasmMemory";

/** Words of the record of a layer's task, in the order of assembly/dense.ts; those from `beta1` on are floats. */
const words = [
  "next",
  "chunks",
  "task",
  "rows",
  "inputs",
  "outputs",
  "relu",
  "inputPitch",
  "outputPitch",
  "weights",
  "bias",
  "input",
  "output",
  "inputSlope",
  "first",
  "second",
  "biasFirst",
  "biasSecond",
] as const;
const floats = ["beta1", "beta2", "epsilon", "rate", "root", "decay"] as const;

export const FORWARD = 0;
export const BACKWARD = 1;
export const UPDATE = 2;

/** A layer's task; what it does not need may be left out. */
export type LayerTask = { task: number; rows: number; inputs: number; outputs: number } & Partial<
  Record<(typeof words)[number] | (typeof floats)[number], number>
>;

/** Words that the threads share beside the memory. */
export const control = {
  /** Number of the job and of the threads that are to work on it, as `nextJob` puts them together; they sleep on it. */
  job: 0,
  /** Threads that still work on it. */
  busy: 1,
  /** Threads that are up. */
  ready: 2,
} as const;

/** Where the record lies in the memory. */
export const RECORD = 64;
const RECORD_BYTES = 128;

/**
 * Below so many multiplications, a fifth of a millisecond, a layer is hardly done sooner with others: they have to wake, and
 * where all cores are busy the caller would wait for them. So it is with one model decoded while a training runs.
 */
const WORTH_SHARING = 8e6;
/** A thread that has not ended its part of a layer after so long never will; a layer takes milliseconds. */
const LONGEST_WAIT = 60_000;

/**
 * Layers of networks in WebAssembly with SIMD (assembly/dense.ts), computed by the calling thread together with worker
 * threads, over one shared memory that holds weights and batches. A call returns when its layer is done: there is no wait
 * for the event loop in between. The result does not depend on the number of threads.
 *
 * Workers start with the first large layer and keep no process alive.
 */
export class DenseThreads {
  private readonly memory: SharedWasmMemory = newMemory();
  private readonly exports: KernelExports;
  private readonly arena = new Arena();
  private readonly control = new Int32Array(new SharedArrayBuffer(16));
  private workers: Worker[] | undefined;
  private failure: Error | undefined;

  /** @param threads the calling one included. Default: one per core */
  constructor(readonly threads = Math.min(availableParallelism(), MOST_THREADS - 1)) {
    if (!Number.isInteger(threads) || threads < 1 || threads >= MOST_THREADS) {
      throw new RangeError(`threads: expected an integer from 1 to ${MOST_THREADS - 1}, found ${threads}`);
    }
    this.exports = instantiate(kernelModule(), this.memory);
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

  /** Computes a layer. @throws Error when a worker thread died */
  run(task: LayerTask): void {
    if (this.failure) throw this.failure;
    const record = { ...task, chunks: this.exports.denseChunks(task.task, task.inputs, task.outputs) };
    new Int32Array(this.memory.buffer, RECORD, words.length).set(words.map((word) => record[word] ?? 0));
    this.view(RECORD + 4 * words.length, floats.length).set(floats.map((word) => record[word] ?? 0));
    const { control: shared } = this;
    const large = task.rows * task.inputs * task.outputs > WORTH_SHARING;
    if (large) this.startWorkers();
    const helpers = large ? Atomics.load(shared, control.ready) : 0;
    if (helpers > 0) {
      Atomics.store(shared, control.busy, helpers);
      Atomics.store(shared, control.job, nextJob(Atomics.load(shared, control.job), helpers));
      Atomics.notify(shared, control.job);
    }
    this.exports.dense(RECORD);
    for (let busy = helpers; busy > 0; busy = Atomics.load(shared, control.busy)) {
      if (Atomics.wait(shared, control.busy, busy, LONGEST_WAIT) === "timed-out") {
        this.failure = new Error("networks: a worker thread does not answer");
        throw this.failure;
      }
    }
  }

  private startWorkers(): void {
    if (this.workers) return;
    const { memory, control: shared } = this;
    const workerData = { module: kernelModule(), memory, control: shared };
    this.workers = Array.from({ length: this.threads - 1 }, () => {
      const worker = new Worker(path.join(__dirname, "denseWorker.js"), { workerData });
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
