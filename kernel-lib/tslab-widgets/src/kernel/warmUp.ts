/** Long enough that a first cell that is run at once finds no step in progress. */
const defaultQuietMs = 700;

/**
 * Work done ahead of time while the kernel is idle, so that the first completion need not wait for the compiler to read the
 * declarations of libraries. A step blocks the thread for some tenths of a second: each waits for an idle moment,
 * and any request postpones the remaining ones.
 */
export class WarmUp {
  readonly #steps: (() => void)[];
  readonly #quietMs: number;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param steps   in the order in which they are taken; errors are ignored
   * @param quietMs milliseconds without a request before a step is taken. Default: 700
   */
  constructor(steps: readonly (() => void)[], quietMs = defaultQuietMs) {
    this.#steps = [...steps];
    this.#quietMs = quietMs;
  }

  /** Waits for a quiet moment, from now on: a request has arrived or been answered. */
  postpone(): void {
    clearTimeout(this.#timer);
    if (this.#steps.length === 0) return;
    this.#timer = setTimeout(() => this.#step(), this.#quietMs).unref();
  }

  /** Takes no step until the next {@link postpone}: a cell is running. */
  suspend(): void {
    clearTimeout(this.#timer);
  }

  #step(): void {
    try {
      this.#steps.shift()?.();
    } catch {
      // The same request of a front end gets the error.
    }
    this.postpone();
  }
}
