import { availableParallelism } from "node:os";
import { maxThreads } from "./wasmMemory";

/**
 * The number of threads for work in shared memory.
 * @param threads the requested number. Default: one per core
 * @throws RangeError unless it is a whole number in range
 */
export function threadCount(threads = Math.min(availableParallelism(), maxThreads - 1)): number {
  if (Number.isInteger(threads) && threads >= 1 && threads < maxThreads) return threads;
  throw new RangeError(`threads: expected an integer from 1 to ${maxThreads - 1}, found ${threads}`);
}
