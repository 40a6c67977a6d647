/** How long nobody must have asked for anything before a step is taken. A first cell that comes at once finds no step under way. */
const QUIET_MS = 700;

/**
 * Work that is done ahead while nobody asks for anything, so that the first completion need not wait for the compiler to
 * read the libraries' declarations. A step blocks the thread for some tenths of a second: each waits for a quiet moment of
 * its own, and a request puts off those that are left.
 */
export class WarmUp {
  readonly #steps: (() => void)[];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    steps: readonly (() => void)[],
    private readonly quietMs = QUIET_MS,
  ) {
    this.#steps = [...steps];
  }

  /** Begins to wait for a quiet moment, anew with each call: somebody has asked, or has been answered. */
  postpone(): void {
    clearTimeout(this.#timer);
    if (this.#steps.length === 0) return;
    this.#timer = setTimeout(() => this.#step(), this.quietMs).unref();
  }

  /** While a cell runs no step is taken. */
  suspend(): void {
    clearTimeout(this.#timer);
  }

  #step(): void {
    try {
      this.#steps.shift()?.();
    } catch {
      // Whoever asks for the same later gets the error.
    }
    this.postpone();
  }
}
