import { throwIfStopped } from "./errors";

/** How far a long piece of work has come; `done` counts up to `total` in steps of the named task. */
export interface Progress {
  task: string;
  done: number;
  total: number;
  /** A short remark of the moment, such as `FRC 0.812`. */
  note?: string;
}

/** What every long-running function of the library accepts as part of its options. */
export interface TaskOptions {
  /** Stops the work at its next step with `StoppedError`. Default: in a notebook, set when the cell is interrupted. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

const interrupt = Symbol.for("Jupyter.interrupt");

/**
 * The signal that stops a task: the caller's own, else that of the notebook cell that is running. A kernel that can be
 * interrupted puts it on the global object under this name; a stock kernel has none.
 */
export function taskSignal(task: Pick<TaskOptions, "signal">): AbortSignal | undefined {
  if (task.signal) return task.signal;
  const signal = (globalThis as Record<symbol, unknown>)[interrupt];
  return signal instanceof AbortSignal ? signal : undefined;
}

/**
 * The options of a task that begins, with its signal filled in by {@link taskSignal}. Every public function that takes
 * {@link TaskOptions} calls it first, and hands on what it returns, so that whatever it calls stops with it.
 * @throws StoppedError where the signal is set already
 */
export function beginTask<T extends Pick<TaskOptions, "signal">>(options: T): T {
  const signal = taskSignal(options);
  throwIfStopped(signal);
  return signal === options.signal ? options : { ...options, signal };
}

/** Whether this process is a kernel with somebody at the other end: one that can be interrupted. */
export function inKernel(): boolean {
  return interrupt in globalThis;
}
