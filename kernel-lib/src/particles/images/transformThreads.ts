import { availableParallelism } from "node:os";
import path from "node:path";
import { kernelModule } from "../../wasm/wasmMemory";
import { WorkerClient } from "../../workerCalls";
import type { ImageChunk } from "./imageTransformer";

/** More threads would wait for the thread that reads images. */
const maxDefaultThreads = 8;
/** An upper limit that no machine needs; it catches values meant for another option. */
const maxThreads = 255;

/** `workerData` of a thread. */
export interface TransformWorkerData {
  /** The compiled WebAssembly module. */
  module: object;
  /** K of the disc. */
  rings: number;
  /** Length in Å of the box that the disc belongs to. */
  boxLength: number;
}

/** Default number of threads: one per core, at most 8. */
export function defaultTransformThreads(): number {
  return Math.min(availableParallelism(), maxDefaultThreads);
}

/**
 * Transforms images in worker threads. Each image is transformed independently, so results do not depend on the number of
 * threads. Threads start with the first chunk, and keep the process alive only while they work.
 */
export class TransformThreads {
  private clients: WorkerClient<ImageChunk, void>[] | undefined;
  private failure: Error | undefined;

  /**
   * @param rings     K of the disc
   * @param boxLength length in Å of the box that the disc belongs to
   * @param threads   default: {@link defaultTransformThreads}
   * @throws RangeError unless `threads` is an integer of 1 or more
   */
  constructor(
    private readonly rings: number,
    private readonly boxLength: number,
    readonly threads = defaultTransformThreads(),
  ) {
    if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads) {
      throw new RangeError(`threads: expected an integer from 1 to ${maxThreads}, found ${threads}`);
    }
  }

  /**
   * Fills the arrays of a chunk as `ImageTransformer.run` does. The arrays must be in shared memory.
   * @throws Error if a thread has failed, or after {@link dispose}
   */
  async run(chunk: ImageChunk): Promise<void> {
    if (this.failure) throw this.failure;
    this.clients ??= Array.from({ length: this.threads }, () => this.startThread());
    const client = this.clients.reduce((a, b) => (b.pending < a.pending ? b : a));
    try {
      await client.call(chunk);
    } catch (error) {
      void this.fail(threadError(`failed, ${(error as Error).message}`));
      throw this.failure;
    }
  }

  /** Ends the threads. Pending chunks fail. */
  async dispose(): Promise<void> {
    await this.fail(new Error("particle images: the worker threads have been disposed of"));
  }

  private startThread(): WorkerClient<ImageChunk, void> {
    const { rings, boxLength } = this;
    const workerData: TransformWorkerData = { module: kernelModule(), rings, boxLength };
    return new WorkerClient(path.join(__dirname, "transformWorker.js"), {
      workerData,
      onDeath: (reason) => {
        const error = threadError(`ended, ${reason}`);
        void this.fail(error);
        return error;
      },
    });
  }

  /** Fails everything with the first error, and ends the threads. */
  private async fail(error: Error): Promise<void> {
    this.failure ??= error;
    const { failure, clients = [] } = this;
    await Promise.all(clients.map((client) => client.close(failure)));
  }
}

function threadError(what: string): Error {
  return new Error(`particle images: a worker thread ${what}`);
}
