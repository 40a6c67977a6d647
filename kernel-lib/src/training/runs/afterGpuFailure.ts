import { GpuFailure } from "../../compute/gpu/gpuFailure";
import type { RunFolder } from "./runFolder";

/**
 * The error of a training whose GPU failed: what happened, what is kept of the run, and how it goes on. Nothing was computed with the
 * GPU since the last checkpoint that is kept.
 */
export async function afterGpuFailure(failure: GpuFailure, folder: RunFolder): Promise<GpuFailure> {
  // Of a training inside another one, only the outer one goes on.
  const origin = failure.origin ?? failure;
  return new GpuFailure(origin.fault, `${origin.message}; ${await whatIsKept(folder)}`, origin);
}

async function whatIsKept(folder: RunFolder): Promise<string> {
  const state = await folder.state();
  const how = "go on with --resume (resume: true), on the CPU with --engine wasm, too";
  if (state === "waiting") return `what was found about the poses is kept: ${how}`;
  if (state !== "run") return "nothing was written: train again, or on the CPU with --engine wasm";
  const epoch = await lastEpoch(folder);
  return epoch > 0
    ? `the run is kept up to the end of epoch ${epoch}: ${how}`
    : `no epoch was finished: ${how}`;
}

/** The epoch of the last checkpoint, 0 if there is none. */
export async function lastEpoch(folder: RunFolder): Promise<number> {
  try {
    const { at } = await folder.readCheckpoint("weights", await folder.readWrittenRecord());
    return at.epoch;
  } catch {
    return 0;
  }
}
