/** A kernelspec that cannot be written or found. The message is one sentence for the person who asked. */
export class KernelspecError extends Error {
  override readonly name = "KernelspecError";
}
