/**
 * The error for bad input, with a one-sentence message: the file or argument, the location in it, what was expected and what was
 * found. The command line prints `message`; a notebook shows it as the error of the cell.
 * @example
 * ```ts
 * try {
 *   await e2.particles.open("missing.star");
 * } catch (error) {
 *   if (error instanceof e2.InputError) console.log(error.message);
 * }
 * ```
 */
export class InputError extends Error {
  /** Always `InputError`. */
  override readonly name = "InputError";

  static {
    // The kernel leaves the library's own frames out of the traceback: the fault lies in the input.
    Object.defineProperty(InputError.prototype, Symbol.for("Jupyter.userError"), { value: true });
  }

  /**
   * @param where    the file, `file: row 12`, `file: byte 1024`, or the name of an argument
   * @param expected what was expected
   * @param found    what was found; omitted if `expected` says it all
   */
  constructor(where: string, expected: string, found?: string) {
    super(found === undefined ? `${where}: ${expected}` : `${where}: expected ${expected}, found ${found}`);
  }

  /** An error with a complete message, such as one from another thread. */
  static of(message: string): InputError {
    const error = new InputError("", "");
    error.message = message;
    return error;
  }
}

/**
 * Thrown by long-running functions when their `AbortSignal` is aborted; the message is that of the signal's reason.
 * @example
 * ```ts
 * const signal = AbortSignal.abort(new Error("enough"));
 * await e2.particles.open("particles.star", { signal }).catch((error) => {
 *   console.log(error instanceof e2.StoppedError, error.message); // true enough
 * });
 * ```
 */
export class StoppedError extends Error {
  /** Always `StoppedError`. */
  override readonly name = "StoppedError";
}

/**
 * Throws {@link StoppedError} if the signal is aborted. Call it at every step of long-running work.
 * @example
 * ```ts
 * const { signal } = new AbortController();
 * for (let i = 0; i < 3; i++) e2.throwIfStopped(signal);
 * ```
 */
export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StoppedError(String(signal.reason?.message ?? "stopped"));
}
