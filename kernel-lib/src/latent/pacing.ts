import { throwIfStopped } from "../errors";
import { beginTask, type TaskOptions } from "../progress";

/** Longest time between two yields to the event loop, in ms. */
const interval = 25;

/** Yields to the event loop during long computations, so that widgets, timers and interrupts are served meanwhile. */
export class Pacing {
  private readonly task: TaskOptions;
  private last = performance.now();

  constructor(task: TaskOptions) {
    this.task = beginTask(task);
  }

  /** Whether it is time to {@link yield}. Cheap enough to be asked every few thousand operations. */
  get due(): boolean {
    return performance.now() - this.last >= interval;
  }

  /** Yields to the event loop. @throws StoppedError if the task was aborted */
  async yield(): Promise<void> {
    await new Promise(setImmediate);
    throwIfStopped(this.task.signal);
    this.last = performance.now();
  }

  /** Reports progress to the task's `onProgress`. */
  report(task: string, done: number, total: number): void {
    this.task.onProgress?.({ task, done, total });
  }
}
