import { availableParallelism } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { kernelModule } from "../../wasm/wasmMemory";
import type { ImageChunk } from "./imageTransformer";

/** More would wait for the thread that reads the images. */
const MOST_BY_DEFAULT = 8;
/** A number that no machine needs more of; it catches what was meant for another option. */
const MOST = 255;

/** What a thread is started with. */
export interface TransformWorkerData {
  module: object;
  rings: number;
  edge: number;
}

interface Thread {
  worker: Worker;
  /** Chunks that it has been given and not yet done. */
  waiting: Map<number, { resolve: () => void; reject: (error: Error) => void }>;
}

/** Threads that {@link TransformThreads} takes by default: one per core, at most 8. */
export function defaultTransformThreads(): number {
  return Math.min(availableParallelism(), MOST_BY_DEFAULT);
}

/**
 * Transforms images in worker threads. Every image is worked on alone, so results do not depend on the number of threads.
 *
 * Threads start with the first chunk. They keep the process alive while they work, and not while they wait.
 */
export class TransformThreads {
  private started: Thread[] | undefined;
  private failure: Error | undefined;
  private next = 0;

  /**
   * @param rings  K of the disc
   * @param edge   of the box that the disc belongs to, in Å
   * @throws RangeError unless `threads` is an integer of 1 or more
   */
  constructor(
    private readonly rings: number,
    private readonly edge: number,
    readonly threads = defaultTransformThreads(),
  ) {
    if (!Number.isInteger(threads) || threads < 1 || threads > MOST) {
      throw new RangeError(`threads: expected an integer from 1 to ${MOST}, found ${threads}`);
    }
  }

  /**
   * Fills the arrays of a chunk as `ImageTransformer.run` does. They have to be in shared memory.
   * @throws Error when a thread died, or the threads have been disposed of
   */
  run(chunk: ImageChunk): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    this.started ??= Array.from({ length: this.threads }, () => this.start());
    const thread = this.started.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      thread.waiting.set(id, { resolve, reject });
      thread.worker.ref();
      thread.worker.postMessage({ id, chunk });
    });
  }

  /** Ends the threads. Chunks that are being worked on fail. */
  async dispose(): Promise<void> {
    this.fail(new Error("particle images: their threads have been disposed of"));
    const started = this.started ?? [];
    this.started = [];
    await Promise.all(started.map(({ worker }) => worker.terminate()));
  }

  private start(): Thread {
    const workerData: TransformWorkerData = { module: kernelModule(), rings: this.rings, edge: this.edge };
    const worker = new Worker(path.join(__dirname, "transformWorker.js"), { workerData });
    const thread: Thread = { worker, waiting: new Map() };
    const died = (reason: string) =>
      this.fail(new Error(`particle images: a worker thread ended, ${reason}`));
    worker.on("error", (error) => died(error.message));
    worker.on("exit", (code) => died(`exit code ${code}`));
    worker.on("message", (id: number) => {
      const chunk = thread.waiting.get(id);
      // After a failure nobody waits any more, but for the end of the thread: that must keep the process alive.
      if (!chunk) return;
      chunk.resolve();
      thread.waiting.delete(id);
      if (thread.waiting.size === 0) worker.unref();
    });
    // After the listener for messages, which would keep the process alive.
    worker.unref();
    return thread;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { worker, waiting } of this.started ?? []) {
      for (const { reject } of waiting.values()) reject(this.failure);
      waiting.clear();
      worker.unref();
    }
  }
}
