import type { Progress } from "../progress";

/** The part of a terminal or text stream that is used. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shortest time between two updates on a terminal, and between two lines in a log, in ms. */
const terminalInterval = 100;
const logInterval = 15_000;

/**
 * Shows progress: on a terminal one line that is updated, elsewhere a new line every 15 s, so that short tasks print
 * none.
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

  /** Shows progress, unless it was shown just before. */
  show(progress: Progress): void {
    const now = this.now();
    if (now - this.shown < (this.stream.isTTY ? terminalInterval : logInterval)) return;
    this.shown = now;
    const text = describe(progress);
    if (this.stream.isTTY) {
      this.stream.write(`\r\x1b[2K${text.slice(0, (this.stream.columns ?? 80) - 1)}`);
      this.visible = true;
    } else {
      this.stream.write(`${text}\n`);
    }
  }

  /** Clears the line, so that other text can be written. */
  clear(): void {
    if (this.visible) this.stream.write("\r\x1b[2K");
    this.visible = false;
  }
}

function describe({ task, done, total, note }: Progress): string {
  const percent = total > 0 ? `: ${Math.floor((100 * done) / total)} %` : "";
  return `${task}${percent}${note ? `, ${note}` : ""}`;
}
