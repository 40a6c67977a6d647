import path from "node:path";
import { StoppedError, throwIfStopped } from "../errors";
import type { ByteSign } from "../formats/mrc";
import type { Umap } from "../latent/umap";
import { beginTask, type Progress, type TaskOptions } from "../progress";
import type { Reconstruction } from "../reconstruction/reconstruct";
import { WorkerClient } from "../workerCalls";
import type { ClusteredPoints, Clustering } from "./sets/clusterings";

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
  /** Point group, for symmetry copies. */
  symmetry?: string | undefined;
  /** Rows of the file. Default all. */
  rows?: Int32Array | undefined;
  /** Symmetry operators of these rows. */
  operators?: Uint8Array | undefined;
}

/** Kinds of jobs, with their input and result. */
export interface Jobs {
  /** Map, half maps and FSC of some particles. */
  reconstruct: {
    given: { source: ParticleSource; indices: Uint32Array; boxSize?: number };
    result: Reconstruction;
  };
  /** Rows of each cluster of points [n · dimensions], which a mixture assigns by their images if the folder of their run is given. */
  clusters: {
    given: Omit<ClusteredPoints, "assign"> & { clustering: Clustering; run?: string | undefined };
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

/** Request to the thread: a job. */
export interface JobRequest {
  /** What is computed. */
  kind: JobKind;
  /** Its input. */
  given: Jobs[JobKind]["given"];
}

/** Answer of the thread. */
export type JobResult = Jobs[JobKind]["result"];

/**
 * Runs long computations in a worker thread, one after the other, so that widgets and cells stay responsive. The thread
 * starts with the first job and keeps its last particle file open. It does not keep the process alive while idle; one that
 * has died is replaced by the next job.
 */
export class BackgroundJobs {
  private thread: WorkerClient<JobRequest, JobResult, Progress> | undefined;
  private queue: Promise<unknown> = Promise.resolve();
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
    await this.thread?.close(new StoppedError("closed"));
  }

  private runningThread(): WorkerClient<JobRequest, JobResult, Progress> {
    if (!this.thread || this.thread.ended) {
      this.thread = new WorkerClient(this.program, { onDeath: deathError });
    }
    return this.thread;
  }

  private async work<K extends JobKind>(
    kind: K,
    given: Jobs[K]["given"],
    { signal, onProgress }: TaskOptions,
  ): Promise<Jobs[K]["result"]> {
    throwIfStopped(signal);
    if (this.closed) throw new StoppedError("closed");
    const thread = this.runningThread();
    // A job cannot be interrupted between its steps, which may take seconds, so the thread is terminated
    const stop = () => void thread.close(stoppedError(signal));
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await thread.call({ kind, given }, { onEvent: onProgress });
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
}

function deathError(reason: string, exitCode?: number): Error {
  const why = exitCode === undefined ? reason : `its thread exited with code ${exitCode}`;
  return new Error(`The background task ended before it was finished: ${why}; try again.`);
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
