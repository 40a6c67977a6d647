import type { DispatchSpec } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { disc } from "../../fourier/disc";
import type { LoadedParticles } from "../posterior/batchCache";

/** Batches that stay on the device: as many as are processed at a time, and one more. */
const keptBatches = 3;

/** Targets of the batches that were used last, which are asked for again and again, fewer and fewer of their particles. */
export class UploadedTargets {
  private readonly recent: { of: Float32Array; buffer: GPUBuffer }[] = [];

  constructor(private readonly device: GpuDevice) {}

  /** The targets of a batch on the device. */
  private bufferOf({ targets }: LoadedParticles): GPUBuffer {
    let kept = this.recent.find(({ of }) => of === targets);
    if (!kept) {
      kept = { of: targets, buffer: this.device.constants(targets) };
      this.recent.unshift(kept);
      for (const { buffer } of this.recent.splice(keptBatches)) buffer.destroy();
    }
    return kept.buffer;
  }

  /**
   * Copies rows of a batch to where other kernels read them.
   * @param rows indices of the rows, on the device
   */
  copy(batch: LoadedParticles, rows: GPUBuffer, to: GPUBuffer): DispatchSpec {
    const length = 2 * disc(batch.targetRings).samples;
    return {
      files: ["targetRows"],
      constants: { length },
      buffers: [rows, this.bufferOf(batch), to],
      groups: (count) => [Math.ceil(length / 256), count, 1],
    };
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const { buffer } of this.recent.splice(0)) buffer.destroy();
  }
}
