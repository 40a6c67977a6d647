import type { Progress } from "../progress";

/** What is used of a terminal or of any other stream that takes text. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Between two looks of a line on a terminal, and between two lines in a log, in milliseconds. */
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 15_000;

/**
 * Shows how far a task has come: on a terminal one line that changes, elsewhere a line of its own now and then, and
 * none for what is soon done.
 */
export class ProgressLine {
  private shown: number;
  private visible = false;

  constructor(
    private readonly stream: TextStream,
    private readonly now: () => number = Date.now,
  ) {
    this.shown = stream.isTTY ? Number.NEGATIVE_INFINITY : now();
  }

  show(progress: Progress): void {
    const now = this.now();
    if (now - this.shown < (this.stream.isTTY ? TERMINAL_INTERVAL : LOG_INTERVAL)) return;
    this.shown = now;
    const text = describe(progress);
    if (this.stream.isTTY) {
      this.stream.write(`\r\x1b[2K${text.slice(0, (this.stream.columns ?? 80) - 1)}`);
      this.visible = true;
    } else {
      this.stream.write(`${text}\n`);
    }
  }

  /** Takes the line away, so that other text can be written. */
  clear(): void {
    if (this.visible) this.stream.write("\r\x1b[2K");
    this.visible = false;
  }
}

function describe({ task, done, total, note }: Progress): string {
  const percent = total > 0 ? `: ${Math.floor((100 * done) / total)} %` : "";
  return `${task}${percent}${note ? `, ${note}` : ""}`;
}
