/**
 * What every cell can use without importing it. The declarations of this file are part of the program that cells are
 * checked in.
 */
declare global {
  /** Options of {@link display}. */
  interface DisplayOptions {
    /** Names the output, so that a later call can replace it. */
    id?: string;
    /** Replaces what was shown under `id` instead of adding an output. Default: false. */
    update?: boolean;
  }

  /**
   * Shows a value in the cell's output, as it would appear as the cell's last expression.
   * Resolves when the value has been rendered, which can take a moment for values that render themselves.
   */
  function display(value: unknown, options?: DisplayOptions): Promise<void>;

  /**
   * Removes the cell's output.
   * @param wait true: only when the next output comes, so that an animation does not flicker. Default: false.
   */
  function clearOutput(wait?: boolean): void;

  /**
   * Asks the person at the front end for a line of text.
   * @param prompt   what is written before the input field
   * @param options  `password: true` hides what is typed
   */
  function input(prompt?: string, options?: { password?: boolean }): Promise<string>;
}

export {};
