import { throwIfStopped } from "../errors";
import { beginTask, type TaskOptions } from "../progress";

/** Milliseconds of work between turns of the event loop. */
const TURN = 25;

/** Long work on one thread that lets the event loop have its turns, so that widgets and interrupts are answered. */
export class Pacing {
  private readonly task: TaskOptions;
  private last = performance.now();

  constructor(task: TaskOptions) {
    this.task = beginTask(task);
  }

  /** Whether it is time for {@link turn}: cheap enough for every few thousand operations. */
  get due(): boolean {
    return performance.now() - this.last >= TURN;
  }

  /** Lets the event loop run. @throws StoppedError once the task's signal is set */
  async turn(): Promise<void> {
    await new Promise(setImmediate);
    throwIfStopped(this.task.signal);
    this.last = performance.now();
  }

  report(task: string, done: number, total: number): void {
    this.task.onProgress?.({ task, done, total });
  }
}
