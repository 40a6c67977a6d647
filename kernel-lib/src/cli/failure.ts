import { GpuFailure } from "../compute/gpu/gpuFailure";
import { InputError, StoppedError } from "../errors";
import { describeFileError } from "../fileErrors";
import { describeMemoryError } from "../memoryLimit";

/**
 * The error message of a command: one line, without the program's name. Everything but invalid input, an abort, file
 * system errors and lack of memory is reported as an unexpected error.
 */
export function describeFailure(error: unknown): string {
  return oneLine(messageOf(error));
}

function messageOf(error: unknown): string {
  const isPlain = [InputError, StoppedError, GpuFailure].some((kind) => error instanceof kind);
  if (isPlain) return (error as Error).message;
  if (!(error instanceof Error)) return `unexpected error: ${String(error)}`;
  const memory = describeMemoryError(error);
  if (memory !== undefined) return memory;
  const { path } = error as NodeJS.ErrnoException;
  const fileError = describeFileError(error);
  if (fileError !== undefined) return path === undefined ? fileError : `${path}: ${fileError}`;
  return `unexpected error: ${error.message} (set E2GMM_DEBUG=1 to see where)`;
}

/** Joins the lines of a text. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, " ");
}

/**
 * Replaces the names of arguments in the library's errors by those of options and files.
 * @param names what to call each argument that an InputError may begin with
 */
export async function inTermsOf<T>(names: Record<string, string | undefined>, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof InputError) {
      for (const [argument, name] of Object.entries(names)) {
        if (name === undefined || !error.message.startsWith(`${argument}:`)) continue;
        throw InputError.of(name + error.message.slice(argument.length));
      }
    }
    throw error;
  }
}
