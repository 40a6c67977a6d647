/**
 * The one way in which bad input is reported: a single sentence that names the file (or the argument), the
 * place in it, what was expected and what was found. The command line prints `message` as it stands; a notebook
 * shows it as the error value.
 */
export class InputError extends Error {
  override readonly name = "InputError";

  /**
   * @param where    the file, or `file: row 12`, `file: byte 1024`, or the name of an argument
   * @param expected what had to be there
   * @param found    what is there instead; left out where the expectation says it all
   */
  constructor(where: string, expected: string, found?: string) {
    super(found === undefined ? `${where}: ${expected}` : `${where}: expected ${expected}, found ${found}`);
  }

  /** An error with this message as it stands, such as one that comes from another thread. */
  static of(message: string): InputError {
    const error = new InputError("", "");
    error.message = message;
    return error;
  }
}

/** Thrown, with the reason of the signal, where an `AbortSignal` stopped a long piece of work. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** Throws {@link StoppedError} once the signal is set. Called at every step of long work. */
export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StoppedError(String(signal.reason?.message ?? "stopped"));
}
