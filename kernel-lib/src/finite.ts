import { finalName } from "./atomicWrite";
import { InputError } from "./errors";

/** Output files hold finite numbers only: a NaN is reported when it is written, not when it is read later. */

/**
 * @param file  the file being written; a temporary name is reported as the final one
 * @param what  describes the value at an index, for the message
 * @throws InputError naming the file and the first value that is NaN or infinite
 */
export function requireFinite(
  values: ArrayLike<number>,
  file: string,
  what: (index: number) => string,
): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) throw notFinite(file, what(i), values[i]!);
  }
}

/** A number formatted with `decimals` decimals. @throws InputError if it is NaN or infinite */
export function finiteText(value: number, decimals: number, file: string, what: string): string {
  if (!Number.isFinite(value)) throw notFinite(file, what, value);
  return value.toFixed(decimals);
}

/** The error for a value that is NaN or infinite. */
export function notFinite(file: string, what: string, value: number): InputError {
  return new InputError(finalName(file), "only finite numbers to be written", `${value} for ${what}`);
}
