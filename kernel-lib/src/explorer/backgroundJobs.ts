import path from "node:path";
import { Worker } from "node:worker_threads";
import { InputError, StoppedError, throwIfStopped } from "../errors";
import type { ByteSign } from "../formats/mrc";
import type { Umap } from "../latent/umap";
import { beginTask, type Progress, type TaskOptions } from "../progress";
import type { Reconstruction } from "../reconstruction/reconstruct";
import type { Clustering } from "./sets/clusterings";

/** Where a thread reads particles: all of a file, or the given rows of it. */
export interface ParticleSource {
  /** Particle file. */
  file: string;
  /** Folder of the image stacks. Default that of the file. */
  dataFolder?: string | undefined;
  /** Å per pixel, instead of the file's. */
  apix?: number | undefined;
  /** Whether the contrast of the images is inverted. */
  invertContrast?: boolean | undefined;
  /** Whether bytes of the stacks are signed. */
  bytes?: ByteSign | undefined;
  /** Rows of the file. Default all. */
  rows?: Int32Array | undefined;
}

/** Kinds of jobs, with their input and result. */
export interface Jobs {
  /** Map, half maps and FSC of some particles. */
  reconstruct: {
    given: { source: ParticleSource; indices: Uint32Array; boxSize?: number };
    result: Reconstruction;
  };
  /** Rows of each cluster of points [n · dimensions]. */
  clusters: {
    given: { points: Float32Array; dimensions: number; clustering: Clustering };
    result: Uint32Array[];
  };
  /** UMAP of points [n · dimensions]. */
  umap: {
    given: { points: Float32Array; dimensions: number };
    result: Umap;
  };
}

/** A kind of job. */
export type JobKind = keyof Jobs;

/** Message to the thread: starts a job. */
export interface ToJobThread<K extends JobKind = JobKind> {
  /** Number of the job, for its answers. */
  job: number;
  kind: K;
  given: Jobs[K]["given"];
}

/** Message from the thread. */
export type FromJobThread =
  | { job: number; kind: "progress"; progress: Progress }
  | { job: number; kind: "done"; result: Jobs[JobKind]["result"] }
  | { job: number; kind: "failed"; name: string; message: string };

/**
 * Runs long computations in a worker thread, one after the other, so that widgets and cells stay responsive. The thread
 * starts with the first job and keeps its last particle file open. It does not keep the process alive while idle; one that
 * has died is replaced by the next job.
 */
export class BackgroundJobs {
  private worker: Worker | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private lastJob = 0;
  private closed = false;

  /** @param program script of the thread */
  constructor(private readonly program = path.join(__dirname, "jobThread.js")) {}

  /**
   * Runs a job after those that were queued before it. A job that is stopped in the queue never starts.
   * @throws InputError for bad input; StoppedError when stopped or closed; Error when the thread died
   */
  async run<K extends JobKind>(
    kind: K,
    given: Jobs[K]["given"],
    options: TaskOptions = {},
  ): Promise<Jobs[K]["result"]> {
    // Now, to get the signal of the cell that asks, not of the one that runs when the job starts
    const begun = beginTask(options);
    const result = this.queue.then(() => this.work(kind, given, begun));
    this.queue = result.catch(() => {});
    return rejectedOnAbort(result, options.signal);
  }

  /** Ends the thread; running and queued jobs reject with StoppedError. */
  async close(): Promise<void> {
    this.closed = true;
    await this.endThread();
  }

  private async endThread(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private thread(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(this.program);
    const gone = () => {
      if (this.worker === worker) this.worker = undefined;
    };
    // Without a listener, an error of the idle thread would end the process
    worker.on("error", gone);
    worker.on("messageerror", gone);
    worker.on("exit", gone);
    this.worker = worker;
    return worker;
  }

  private async work<K extends JobKind>(
    kind: K,
    given: Jobs[K]["given"],
    { signal, onProgress }: TaskOptions,
  ): Promise<Jobs[K]["result"]> {
    throwIfStopped(signal);
    if (this.closed) throw new StoppedError("closed");
    const worker = this.thread();
    const job = ++this.lastJob;
    const listeners = new Listeners(worker);
    let stop = () => {};
    try {
      return await new Promise((resolve, reject) => {
        listeners.add("message", (message: FromJobThread) => {
          if (message.job !== job) return;
          if (message.kind === "progress") onProgress?.(message.progress);
          else if (message.kind === "done") resolve(message.result as Jobs[K]["result"]);
          else reject(jobError(message));
        });
        const died = (reason: string) => reject(this.deathError(reason));
        listeners.add("error", (error: Error) => died(error.message));
        listeners.add("messageerror", (error: Error) => died(error.message));
        listeners.add("exit", (code: number) => died(`its thread exited with code ${code}`));
        // A job cannot be interrupted between its steps, which may take seconds, so the thread is terminated
        stop = () => {
          reject(stoppedError(signal));
          void this.endThread();
        };
        signal?.addEventListener("abort", stop, { once: true });
        worker.ref();
        worker.postMessage({ job, kind, given } satisfies ToJobThread<K>);
      });
    } finally {
      signal?.removeEventListener("abort", stop);
      worker.unref();
      listeners.removeAll();
    }
  }

  private deathError(reason: string): Error {
    if (this.closed) return new StoppedError("closed");
    return new Error(`The background task ended before it was finished: ${reason}; try again.`);
  }
}

/** Listeners of a worker that are removed together. */
class Listeners {
  private readonly added: [string, (value: unknown) => void][] = [];

  constructor(private readonly worker: Worker) {}

  add<V>(event: string, listener: (value: V) => void): void {
    const any = listener as (value: unknown) => void;
    this.added.push([event, any]);
    this.worker.on(event, any);
  }

  removeAll(): void {
    for (const [event, listener] of this.added) this.worker.off(event, listener);
  }
}

function jobError({ name, message }: Extract<FromJobThread, { kind: "failed" }>): Error {
  return name === "InputError" ? InputError.of(message) : new Error(message);
}

function stoppedError(signal: AbortSignal | undefined): StoppedError {
  return new StoppedError(String(signal?.reason?.message ?? "stopped"));
}

/** The result, or a StoppedError as soon as the signal is aborted, even while the job is still queued. */
async function rejectedOnAbort<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(stoppedError(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([result, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
