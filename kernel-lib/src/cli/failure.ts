import { InputError, StoppedError } from "../errors";
import { describeFileError } from "../fileErrors";
import { describeMemoryError } from "../memoryLimit";

/**
 * The one line that a user reads when a command fails, without the program's name. Anything but bad input, a stop,
 * trouble with files and want of memory is a defect of the program, and is called one.
 */
export function describeFailure(error: unknown): string {
  return oneLine(sentence(error));
}

function sentence(error: unknown): string {
  if (error instanceof InputError || error instanceof StoppedError) return error.message;
  if (!(error instanceof Error)) return `unexpected error: ${String(error)}`;
  const memory = describeMemoryError(error);
  if (memory !== undefined) return memory;
  const { path } = error as NodeJS.ErrnoException;
  const trouble = describeFileError(error);
  if (trouble !== undefined) return path === undefined ? trouble : `${path}: ${trouble}`;
  return `unexpected error: ${error.message} (E2GMM_DEBUG=1 shows where)`;
}

export function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, " ");
}

/**
 * The library speaks of its arguments where a user of the command has options and files.
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
