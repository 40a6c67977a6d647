import { InputError } from "./errors";
import { finalName } from "./writeBeside";

/** What a file is given must be finite: a NaN that is written is found by somebody else, long after its cause is gone. */

/**
 * @param file  the file that is written, also under its passing name
 * @param what  what the value at a place of the array is
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

/** A number with so many decimals, for a table. @throws InputError where it is NaN or infinite */
export function finiteText(value: number, decimals: number, file: string, what: string): string {
  if (!Number.isFinite(value)) throw notFinite(file, what, value);
  return value.toFixed(decimals);
}

export function notFinite(file: string, what: string, value: number): InputError {
  return new InputError(finalName(file), "only finite numbers to be written", `${value} for ${what}`);
}
