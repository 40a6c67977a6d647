import { existsSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import type { BackendName } from "../compute/backends";
import { InputError, StoppedError } from "../errors";
import { beginTask, inKernel, type Progress } from "../progress";
import { withClaimedRun } from "./runs/claimRun";
import { Run } from "./runs/run";
import type { RunLockToken } from "./runs/runLock";
import type { TrainingSettings } from "./settings";
import type { EpochReport } from "./trainer";

/** Messages from the training thread. */
export type FromThread =
  | { kind: "progress"; progress: Progress }
  | { kind: "epoch"; report: EpochReport; latents: Float32Array }
  | { kind: "warning"; warning: string }
  | { kind: "done" }
  | { kind: "failed"; name: string; message: string; stack?: string };

/** Messages to the training thread. */
export type ToThread = { kind: "stop"; reason: string };

/** Settings that can be posted to a thread. */
type PlainSettings = Omit<TrainingSettings, "signal" | "onProgress" | "onEpoch" | "onWarning">;

/** Start-up data of the training thread. */
export interface ThreadData {
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
  const data: ThreadData = {
    settings: plain,
    lock,
    backend: settings.backend ?? (currentBackend() || "auto"),
    priority: settings.priority ?? (inKernel() ? "low" : "normal"),
  };
  const worker = new Worker(path.join(__dirname, "trainingThread.js"), { workerData: data });
  const stop = () => {
    worker.postMessage({
      kind: "stop",
      reason: String(signal?.reason?.message ?? "stopped"),
    } satisfies ToThread);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (message: FromThread) => {
        if (message.kind === "progress") onProgress?.(message.progress);
        else if (message.kind === "epoch") onEpoch?.(message.report, message.latents);
        else if (message.kind === "warning") onWarning?.(message.warning);
        else if (message.kind === "done") resolve();
        else reject(asError(message));
      });
      worker.once("error", (error) => reject(threadDied(error.message, settings.out)));
      worker.once("exit", (code) => reject(threadDied(`it exited with code ${code}`, settings.out)));
      signal?.addEventListener("abort", stop, { once: true });
      if (signal?.aborted) stop();
    });
  } finally {
    signal?.removeEventListener("abort", stop);
    worker.removeAllListeners("exit");
    await worker.terminate();
  }
}

/** The active backend of this thread, or the empty string. */
function currentBackend(): BackendName | "" {
  return (tf.getBackend() ?? "") as BackendName | "";
}

/** Restores the class of an error, which does not survive the way between threads. */
function asError({ name, message, stack }: Extract<FromThread, { kind: "failed" }>): Error {
  const error =
    name === "InputError"
      ? InputError.of(message)
      : name === "StoppedError"
        ? new StoppedError(message)
        : new Error(message);
  if (name !== "InputError" && stack) error.stack = stack;
  return error;
}

function threadDied(reason: string, out: string): Error {
  const checkpoint = existsSync(path.join(out, "weights.safetensors"))
    ? "the last checkpoint is intact: train with `resume` to continue"
    : "no epoch was finished";
  return new Error(`the training thread died, ${reason}; ${checkpoint}`);
}
