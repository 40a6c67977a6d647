import { writeSync } from "node:fs";

/** Lines about messages of one kind that are written in full. */
const IN_FULL = 20;

function write(text: string): void {
  try {
    writeSync(2, `kernel: ${text}\n`);
  } catch {
    // Nobody reads the log: then nothing is lost by not writing it.
  }
}

/**
 * The log of the socket thread, on stderr, which front ends keep; `process.stderr` of a worker would need the main
 * thread. Whoever reaches a port can cause lines, and a pipe that nobody empties would block the thread for good: of
 * each kind the first lines are written in full, then only their number, each time that it has doubled.
 */
export class ThreadLog {
  readonly #counts = new Map<string, number>();

  constructor(private readonly line: (text: string) => void = write) {}

  /** A line that comes once. */
  say(text: string): void {
    this.line(text);
  }

  /** A line that may come any number of times. */
  event(kind: string, reason: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= IN_FULL) this.line(`${kind}: ${reason}`);
    else if (Number.isInteger(Math.log2(count / IN_FULL)))
      this.line(`${kind}: ${count} so far, the last: ${reason}`);
  }
}
