import { throwIfStopped } from "./errors";

/** Progress of a task: `done` of `total` steps. */
export interface Progress {
  /** What is being done, such as `reading particles`. */
  task: string;
  /** Steps that are done. */
  done: number;
  /** Steps in total. */
  total: number;
  /** Current status, such as `FRC 0.812`. */
  note?: string;
}

/** Options of every long-running function of the library. */
export interface TaskOptions {
  /**
   * Stops the work at its next step with `StoppedError`. Default: in a notebook, a signal that is aborted when the cell is
   * interrupted.
   */
  signal?: AbortSignal;
  /** Called as the work proceeds. */
  onProgress?: (progress: Progress) => void;
}

const interrupt = Symbol.for("Jupyter.interrupt");

/**
 * The signal of a task: the caller's, else that of the running notebook cell. The e2gmm kernel provides it on the global
 * object; other kernels have none.
 * @example
 * ```ts
 * const signal = e2.taskSignal({});
 * console.log(signal?.aborted ?? "not in a notebook");
 * ```
 */
export function taskSignal(task: Pick<TaskOptions, "signal">): AbortSignal | undefined {
  if (task.signal) return task.signal;
  const signal = (globalThis as Record<symbol, unknown>)[interrupt];
  return signal instanceof AbortSignal ? signal : undefined;
}

/**
 * The options of a task with its signal filled in by {@link taskSignal}. Every public function that takes
 * {@link TaskOptions} calls this first and passes the result on, so that everything it calls stops with it.
 * @throws StoppedError if the signal is already aborted
 */
export function beginTask<T extends Pick<TaskOptions, "signal">>(options: T): T {
  const signal = taskSignal(options);
  throwIfStopped(signal);
  return signal === options.signal ? options : { ...options, signal };
}

/** Whether this process is an e2gmm kernel, whose cells can be interrupted. */
export function inKernel(): boolean {
  return interrupt in globalThis;
}
