import path from "node:path";
import { Worker } from "node:worker_threads";
import { InputError, StoppedError, throwIfStopped } from "../errors";
import type { ByteSign } from "../formats/mrc";
import type { Umap } from "../latent/umap";
import { beginTask, type Progress, type TaskOptions } from "../progress";
import type { Reconstruction } from "../reconstruction/reconstruct";
import type { Clustering } from "./sets/clusterings";

/** Where a thread finds the particles: those of the file, or the given rows of it. */
export interface ParticleSource {
  file: string;
  dataFolder?: string | undefined;
  /** Pixel size that was given instead of the file's. */
  apix?: number | undefined;
  invertContrast?: boolean | undefined;
  bytes?: ByteSign | undefined;
  rows?: Int32Array | undefined;
}

/** Work that takes long, and what comes of it. */
export interface Jobs {
  reconstruct: {
    given: { source: ParticleSource; indices: Uint32Array; boxSize?: number };
    result: Reconstruction;
  };
  clusters: {
    given: { points: Float32Array; dimensions: number; clustering: Clustering };
    result: Uint32Array[];
  };
  umap: {
    given: { points: Float32Array; dimensions: number };
    result: Umap;
  };
}

export type JobKind = keyof Jobs;

/** What the thread is told. */
export interface ToJobThread<K extends JobKind = JobKind> {
  job: number;
  kind: K;
  given: Jobs[K]["given"];
}

/** What the thread says. */
export type FromJobThread =
  | { job: number; kind: "progress"; progress: Progress }
  | { job: number; kind: "done"; result: Jobs[JobKind]["result"] }
  | { job: number; kind: "failed"; name: string; message: string };

/**
 * Long work in a thread of its own, one piece after the other, so that widgets and cells are served meanwhile. The thread
 * lives from the first piece of work on, and keeps the particle file open that it read last. Idle, it keeps no process alive;
 * one that dies, at work or idle, is replaced when the next piece of work comes.
 */
export class BackgroundJobs {
  private worker: Worker | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private made = 0;
  private closed = false;

  /** @param program of the thread */
  constructor(private readonly program = path.join(__dirname, "jobThread.js")) {}

  /**
   * Does one piece of work after those that were asked for before. One that is stopped while it waits is never begun.
   * @throws InputError for bad input; StoppedError once the signal is set; Error when the thread died
   */
  async run<K extends JobKind>(
    kind: K,
    given: Jobs[K]["given"],
    task: TaskOptions = {},
  ): Promise<Jobs[K]["result"]> {
    // Of the cell that asks, not of the one that runs when its turn comes.
    const begun = beginTask(task);
    const result = this.last.then(() => this.work(kind, given, begun));
    this.last = result.catch(() => {});
    return stoppedEarly(result, task.signal);
  }

  /** Ends the thread and all work. */
  async close(): Promise<void> {
    this.closed = true;
    await this.end();
  }

  private async end(): Promise<void> {
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
    // Also while it is idle, when an error that nobody listens for would end the process
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
    const job = ++this.made;
    let stop = () => {};
    const listeners: [string, (value: unknown) => void][] = [];
    const on = <V>(event: string, listener: (value: V) => void) => {
      const any = listener as (value: unknown) => void;
      listeners.push([event, any]);
      worker.on(event, any);
    };
    try {
      return await new Promise((resolve, reject) => {
        on("message", (said: FromJobThread) => {
          if (said.job !== job) return;
          if (said.kind === "progress") onProgress?.(said.progress);
          else if (said.kind === "done") resolve(said.result as Jobs[K]["result"]);
          else reject(said.name === "InputError" ? InputError.of(said.message) : new Error(said.message));
        });
        const died = (reason: string) =>
          reject(
            this.closed
              ? new StoppedError("closed")
              : new Error(`The background work ended before it was done: ${reason}; try again.`),
          );
        on("error", (error: Error) => died(error.message));
        on("messageerror", (error: Error) => died(error.message));
        on("exit", (code: number) => died(`its thread exited with code ${code}`));
        // Between two chunks of particles may be seconds, and an inversion cannot be left half way: the thread is given up
        stop = () => {
          reject(stoppedError(signal));
          void this.end();
        };
        signal?.addEventListener("abort", stop, { once: true });
        worker.ref();
        worker.postMessage({ job, kind, given } satisfies ToJobThread<K>);
      });
    } finally {
      signal?.removeEventListener("abort", stop);
      worker.unref();
      for (const [event, listener] of listeners) worker.off(event, listener);
    }
  }
}

function stoppedError(signal: AbortSignal | undefined): StoppedError {
  return new StoppedError(String(signal?.reason?.message ?? "stopped"));
}

/** A result, or a StoppedError as soon as the signal is set, however long the result is still waited for. */
async function stoppedEarly<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
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
