import { existsSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import type { BackendName } from "../compute/backends";
import { InputError, StoppedError } from "../errors";
import { beginTask, inKernel, type Progress, type TaskOptions } from "../progress";
import { withClaimedRun } from "./runs/claimRun";
import { Run } from "./runs/run";
import type { RunLockToken } from "./runs/runLock";
import type { EpochReport } from "./trainer";
import type { TrainSettings } from "./trainSettings";

/** What the training thread says. */
export type FromThread =
  | { kind: "progress"; progress: Progress }
  | { kind: "epoch"; report: EpochReport; latents: Float32Array }
  | { kind: "notice"; notice: string }
  | { kind: "done" }
  | { kind: "failed"; name: string; message: string; stack?: string };

/** What the training thread is given, and told. */
export interface ThreadData {
  settings: Omit<TrainSettings, "onEpoch" | "onNotice">;
  /** The folder is locked by the thread that waits for this one, so that the lock outlives it. */
  lock: RunLockToken;
  backend: BackendName | "auto";
  priority: "normal" | "low";
}
export type ToThread = { kind: "stop"; reason: string };

export interface BackgroundSettings extends TrainSettings {
  /**
   * TensorFlow.js backend, on which the encoder's input is computed and, by the engine `tensor`, projections are; the networks
   * are trained on the CPU. Default: the backend that is up in this thread, else the best there is.
   */
  backend?: BackendName | "auto";
  /**
   * `low`: the training's threads let everything else on the machine go first, so that widgets and pages stay quick beside
   * it; where nothing else runs it is as fast. On Linux only, since elsewhere the whole kernel would be slowed. Default:
   * `low` in a notebook's kernel, else `normal`.
   */
  priority?: "normal" | "low";
}

/**
 * Trains a run from files to files: particles and neutral model in, a run folder out. The work is done in a thread of
 * its own, so that a notebook's widgets, interrupts and other cells are served meanwhile; whatever happens to that
 * thread, this one lives and the last checkpoint stands.
 *
 * A checkpoint is written after every epoch. Stopped by its signal (in the e2gmm kernel: by interrupting the cell) or by
 * an accident, a training goes on with `resume` and ends with the same result. Nothing is written before all input has
 * been read.
 *
 * @returns the opened run
 * @throws InputError for bad input; StoppedError when the signal stopped it; Error when the thread died
 */
export async function train(settings: BackgroundSettings, task: TaskOptions = {}): Promise<Run> {
  const begun = beginTask(task);
  await withClaimedRun(settings, (lock) => trainInThread(settings, lock, begun));
  return Run.open(settings.out);
}

async function trainInThread(
  settings: BackgroundSettings,
  lock: RunLockToken,
  task: TaskOptions,
): Promise<void> {
  const { onEpoch, onNotice, backend, priority = inKernel() ? "low" : "normal", ...rest } = settings;
  const { signal } = task;
  const data: ThreadData = {
    settings: rest,
    lock,
    backend: backend ?? (currentBackend() || "auto"),
    priority,
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
      worker.on("message", (said: FromThread) => {
        if (said.kind === "progress") task.onProgress?.(said.progress);
        else if (said.kind === "epoch") onEpoch?.(said.report, said.latents);
        else if (said.kind === "notice") onNotice?.(said.notice);
        else if (said.kind === "done") resolve();
        else reject(asError(said));
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

/** The backend in use in this thread, or the empty string. */
function currentBackend(): BackendName | "" {
  return (tf.getBackend() ?? "") as BackendName | "";
}

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
    ? "the last checkpoint stands: train with `resume` to go on"
    : "no epoch was finished";
  return new Error(`the training thread ended, ${reason}; ${checkpoint}`);
}
