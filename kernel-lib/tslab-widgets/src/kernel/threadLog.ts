import { writeSync } from "node:fs";

/** Lines of one kind that are written in full. */
const linesInFull = 20;

function write(text: string): void {
  try {
    writeSync(2, `kernel: ${text}\n`);
  } catch {
    // Nobody reads the log.
  }
}

/**
 * The log of the socket thread, on stderr, which front ends keep; `process.stderr` of a worker would need the main thread.
 * Anybody who reaches a port can cause lines, and a pipe that nobody reads would block the thread for good: of each kind the
 * first lines are written in full, then only their number whenever it has doubled.
 */
export class ThreadLog {
  readonly #write: (text: string) => void;
  readonly #counts = new Map<string, number>();

  /** @param writeLine writes a line. Default: to stderr */
  constructor(writeLine: (text: string) => void = write) {
    this.#write = writeLine;
  }

  /** A line that comes once. */
  say(text: string): void {
    this.#write(text);
  }

  /** A line that may come any number of times. */
  event(kind: string, reason: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= linesInFull) this.#write(`${kind}: ${reason}`);
    else if (Number.isInteger(Math.log2(count / linesInFull)))
      this.#write(`${kind}: ${count} so far, the last: ${reason}`);
  }
}
