/** A kernelspec that cannot be written or found. The message is one sentence for the user. */
export class KernelspecError extends Error {
  override readonly name = "KernelspecError";
}
