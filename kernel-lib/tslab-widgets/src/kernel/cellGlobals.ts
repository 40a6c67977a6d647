/**
 * What every cell can use without importing it. The declarations of this file are part of the program that cells are
 * checked in.
 */
declare global {
  /** Options of {@link display}. */
  interface DisplayOptions {
    /** Names the output, so that a later call can replace it. Default: no name. */
    id?: string;
    /** Replaces the output with this `id` instead of adding one. Default: false. */
    update?: boolean;
  }

  /**
   * Shows a value in the cell's output, as it would appear as the cell's last expression.
   * Resolves when the value has been rendered, which can take a moment for values that render themselves.
   */
  function display(value: unknown, options?: DisplayOptions): Promise<void>;

  /**
   * Removes the cell's output.
   * @param wait true: keeps it until the next output arrives, so that an animation does not flicker. Default: false.
   */
  function clearOutput(wait?: boolean): void;

  /**
   * Asks the user for a line of text.
   * @param prompt   shown before the input field
   * @param options  `password: true` hides the typed text
   */
  function input(prompt?: string, options?: { password?: boolean }): Promise<string>;
}

export {};
