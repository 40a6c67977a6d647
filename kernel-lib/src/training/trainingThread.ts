import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { useBackend } from "../compute/backends";
import type { FromThread, ThreadData, ToThread } from "./background";
import { trainClaimed } from "./train";

/*
 * Entry point of the training thread of `train`. Reports progress, epochs and warnings to the parent thread.
 */

const { settings, lock, backend, priority } = workerData as ThreadData;
const controller = new AbortController();
const post = (message: FromThread) => parentPort?.postMessage(message);

parentPort?.on("message", ({ reason }: ToThread) => controller.abort(new Error(reason)));

// On Linux the priority is that of this thread and of the threads it starts.
if (priority === "low" && process.platform === "linux") setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

/** Shortest time between two progress messages of a task, in ms; steps take a few ms. */
const progressInterval = 100;
let lastProgress = 0;
let lastTask = "";

async function run(): Promise<void> {
  await useBackend(backend);
  await trainClaimed(
    {
      ...settings,
      signal: controller.signal,
      onEpoch: (report, latents) => post({ kind: "epoch", report, latents }),
      onWarning: (warning) => post({ kind: "warning", warning }),
      onProgress: (progress) => {
        const now = Date.now();
        const due = now - lastProgress >= progressInterval || progress.done === progress.total;
        if (!due && progress.task === lastTask) return;
        lastProgress = now;
        lastTask = progress.task;
        post({ kind: "progress", progress });
      },
    },
    lock,
  );
}

run().then(
  () => post({ kind: "done" }),
  (error: Error) =>
    post({
      kind: "failed",
      name: error.name,
      message: error.message,
      ...(error.stack && { stack: error.stack }),
    }),
);
