import type { Progress } from "../progress";
import type { JobProgress } from "./wholeProgress";

/** A few seconds say nothing about the rest of a step. */
const leastSeconds = 3;

/** Follows the tasks of a command whose course is not known: what is left is that of the task that is going on. */
export class StepProgress {
  private task: string | undefined;
  private began = 0;
  private before = 0;

  /** @param now in ms */
  constructor(private readonly now: () => number = Date.now) {}

  /** Progress of a task, with the time that is left of it. */
  follow(progress: Progress): JobProgress {
    const { task, done, total } = progress;
    const now = this.now();
    if (task !== this.task || done < this.before) {
      this.task = task;
      this.began = now;
      this.before = done;
    }
    const seconds = (now - this.began) / 1000;
    const own = done - this.before;
    return {
      ...{ ...progress, at: new Date(now).toISOString() },
      ...(own > 0 &&
        seconds >= leastSeconds && { stepSecondsLeft: (seconds * Math.max(0, total - done)) / own }),
    };
  }
}
