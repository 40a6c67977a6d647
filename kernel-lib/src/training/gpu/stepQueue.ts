import type { Dispatch, Pass } from "../../compute/gpu/dispatch";
import type { GpuDevice } from "../../compute/gpu/gpuDevice";
import { throwIfStopped } from "../../errors";

/** Steps that are submitted at once. */
const stepsAtOnce = 8;
/** Submissions of which the end is waited for together. */
const submissionsAhead = 4;
/** Bytes of the record of `shaders/step.wgsl`, and numbers from one record to the next. */
const recordBytes = 64;
const recordWords = recordBytes / 4;

/** Steps that differ in nothing but their records. */
export interface QueuedSteps {
  dispatches: readonly Dispatch[];
  /** End of each step in the order of the particles. */
  ends: readonly number[];
  /** The record of a step. */
  record: (first: number, count: number) => StepRecord;
  /** Called before a step that ends there is submitted. */
  before?: (end: number) => Promise<void>;
  /** Called after some steps have been submitted, with the end of the last one. */
  onSubmitted?: (end: number) => void;
  signal?: AbortSignal | undefined;
}

/** The numbers of `shaders/step.wgsl` after the first two. */
export interface StepRecord {
  rows: number;
  seed: number;
  /** From `rate` on; what is left out is 0. */
  numbers: readonly number[];
  strained?: number;
}

/** Submits steps to the device, some at once, and not too many ahead of it. */
export class StepQueue {
  /** The record of the current step. */
  readonly record: GPUBuffer;
  private readonly records: GPUBuffer;

  constructor(private readonly device: GpuDevice) {
    this.record = device.uniform(recordBytes);
    this.records = device.buffer(recordBytes * stepsAtOnce);
  }

  /** Submits all steps. @throws StoppedError between two of them */
  async run({ dispatches, ends, record, before, onSubmitted, signal }: QueuedSteps): Promise<void> {
    const { device } = this;
    for (let i = 0, turn = 1; i < ends.length; i += stepsAtOnce, turn++) {
      throwIfStopped(signal);
      const some = ends.slice(i, i + stepsAtOnce);
      const records = new Uint32Array(some.length * recordWords);
      const passes: Pass[] = [];
      let first = ends[i - 1] ?? 0;
      for (const [k, end] of some.entries()) {
        await before?.(end);
        const count = end - first;
        const { rows, seed, numbers, strained = 0 } = record(first, count);
        const own = records.subarray(k * recordWords, (k + 1) * recordWords);
        own.set([first, count, rows, seed]);
        new Float32Array(own.buffer, own.byteOffset, recordWords).set(numbers, 4);
        own[13] = strained;
        passes.push({
          ...{ dispatches, count },
          input: { from: this.records, at: k * recordBytes, bytes: recordBytes, to: this.record },
        });
        first = end;
      }
      device.write(this.records, records);
      device.submit(passes);
      if (turn % submissionsAhead === 0) await device.idle();
      onSubmitted?.(first);
    }
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const buffer of [this.record, this.records]) buffer.destroy();
  }
}
