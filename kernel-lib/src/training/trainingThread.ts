import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { useBackend } from "../compute/backends";
import type { FromThread, ThreadData, ToThread } from "./background";
import { trainClaimed } from "./train";

/** The thread in which `train` works: reports progress and epochs, stops when told to. */

const { settings, lock, backend, priority } = workerData as ThreadData;
const controller = new AbortController();
const say = (message: FromThread) => parentPort?.postMessage(message);

parentPort?.on("message", ({ reason }: ToThread) => controller.abort(new Error(reason)));

// On Linux this is the thread's own priority, and that of the threads that it starts.
if (priority === "low" && process.platform === "linux") setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

/** Steps take milliseconds; somebody who watches sees no more than this. */
const PROGRESS_INTERVAL = 100;
let lastProgress = 0;
let lastTask = "";

async function work(): Promise<void> {
  await useBackend(backend);
  await trainClaimed(
    {
      ...settings,
      onEpoch: (report, latents) => say({ kind: "epoch", report, latents }),
      onNotice: (notice) => say({ kind: "notice", notice }),
    },
    lock,
    {
      signal: controller.signal,
      onProgress: (progress) => {
        const now = Date.now();
        const due = now - lastProgress >= PROGRESS_INTERVAL || progress.done === progress.total;
        if (!due && progress.task === lastTask) return;
        lastProgress = now;
        lastTask = progress.task;
        say({ kind: "progress", progress });
      },
    },
  );
}

work().then(
  () => say({ kind: "done" }),
  (error: Error) =>
    say({
      kind: "failed",
      name: error.name,
      message: error.message,
      ...(error.stack && { stack: error.stack }),
    }),
);
