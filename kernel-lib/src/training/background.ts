import { existsSync } from "node:fs";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { BackendName } from "../compute/backends";
import { beginTask, inKernel, type Progress } from "../progress";
import { WorkerClient } from "../workerCalls";
import { withClaimedRun } from "./runs/claimRun";
import { Run } from "./runs/run";
import type { RunLockToken } from "./runs/runLock";
import type { TrainingSettings } from "./settings";
import type { EpochReport } from "./trainer";

/** Events from the training thread. */
export type TrainingEvent =
  | { kind: "progress"; progress: Progress }
  | { kind: "epoch"; report: EpochReport; latents: Float32Array }
  | { kind: "warning"; warning: string };

/** Settings that can be posted to a thread. */
type PlainSettings = Omit<TrainingSettings, "signal" | "onProgress" | "onEpoch" | "onWarning">;

/** Request to the training thread. */
export interface TrainingRequest {
  settings: PlainSettings;
  /** Lock of the run folder, held by the parent thread so that it outlives the training thread. */
  lock: RunLockToken;
  backend: BackendName | "auto";
  priority: "normal" | "low";
}

/**
 * Trains a heterogeneity model: particles and neutral model in, a run folder out. The training runs in a thread of its
 * own, so that a notebook's widgets, interrupts and other cells keep working; if that thread dies, the calling one and the
 * last checkpoint survive.
 *
 * A checkpoint is written after every epoch. A training that was aborted by its signal (in the e2gmm kernel: by
 * interrupting the cell), or by an accident, can be continued with `resume` and gives the same result. Nothing is written
 * before all input has been read.
 *
 * @returns the opened run
 * @throws InputError for invalid input; StoppedError if aborted; Error if the thread died
 * @example
 * ```ts
 * const run = await e2.train({
 *   particles: "particles.star",
 *   model: "neutral.txt",
 *   out: "trained",
 *   options: { latent: 1, epochs: 1, hidden: [16, 16] },
 * });
 * run.close();
 * ```
 */
export async function train(settings: TrainingSettings): Promise<Run> {
  const started = beginTask(settings);
  await withClaimedRun(started, (lock) => trainInThread(started, lock));
  return Run.open(settings.out);
}

async function trainInThread(settings: TrainingSettings, lock: RunLockToken): Promise<void> {
  const { signal, onProgress, onEpoch, onWarning, ...plain } = settings;
  const request: TrainingRequest = {
    settings: plain,
    lock,
    backend: settings.backend ?? (currentBackend() || "auto"),
    priority: settings.priority ?? (inKernel() ? "low" : "normal"),
  };
  const onEvent = (event: TrainingEvent) => {
    if (event.kind === "progress") onProgress?.(event.progress);
    else if (event.kind === "epoch") onEpoch?.(event.report, event.latents);
    else onWarning?.(event.warning);
  };
  const thread = new WorkerClient<TrainingRequest, void, TrainingEvent>(
    path.join(__dirname, "trainingThread.js"),
    { onDeath: (reason, exitCode) => deathError(reason, exitCode, settings.out) },
  );
  try {
    await thread.call(request, { signal, onEvent });
  } finally {
    await thread.close(new Error("the training has ended"));
  }
}

/** The active backend of this thread, or the empty string. */
function currentBackend(): BackendName | "" {
  return (tf.getBackend() ?? "") as BackendName | "";
}

function deathError(reason: string, exitCode: number | undefined, out: string): Error {
  const why = exitCode === undefined ? reason : `it exited with code ${exitCode}`;
  const checkpoint = existsSync(path.join(out, "weights.safetensors"))
    ? "the last checkpoint is intact: train with `resume` to continue"
    : "no epoch was finished";
  return new Error(`the training thread died, ${why}; ${checkpoint}`);
}
