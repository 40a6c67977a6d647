/**
 * What went wrong: `lost` the device was reset or taken away, `memory` it has not enough memory, `size` a buffer is larger than it
 * allows, `wrong` it computes wrong numbers, `invalid` it refused a command.
 */
export type GpuFault = "lost" | "memory" | "size" | "wrong" | "invalid";

/** A GPU that failed, with a one-sentence message. Nothing that it computed since is to be used, nor the GPU itself. */
export class GpuFailure extends Error {
  /** Always `GpuFailure`. */
  override readonly name = "GpuFailure";

  constructor(
    /** What went wrong. */
    readonly fault: GpuFault,
    message: string,
    /** The failure that this one tells more about. */
    readonly origin?: GpuFailure,
  ) {
    super(message);
  }
}
