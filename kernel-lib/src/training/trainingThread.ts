import { constants, setPriority } from "node:os";
import { useBackend } from "../compute/backends";
import { GpuFailure } from "../compute/gpu/gpuFailure";
import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import { serveCalls } from "../workerCalls";
import type { TrainingEvent, TrainingRequest } from "./background";
import { trainClaimed } from "./train";

/*
 * Entry point of the training thread of `train`. Reports progress, epochs and warnings to the parent thread.
 */

/** Shortest time between two progress events of a task, in ms; steps take a few ms. */
const progressInterval = 100;

serveCalls<TrainingRequest, void, TrainingEvent>(
  async ({ settings, lock, backend, priority }, { signal, emit }) => {
    // On Linux the priority is that of this thread and of the threads it starts.
    if (priority === "low" && process.platform === "linux") {
      setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
    }
    await useBackend(backend);
    await trainClaimed(
      {
        ...settings,
        signal,
        onEpoch: (report, latents) => emit({ kind: "epoch", report, latents }),
        onWarning: (warning) => emit({ kind: "warning", warning }),
        onProgress: progressEvents(emit),
      },
      lock,
    ).catch((error: unknown) => {
      // Only these errors keep their class between threads.
      throw error instanceof GpuFailure ? InputError.of(error.message) : error;
    });
  },
);

/** Emits the first progress of each task, its end, and between them one per {@link progressInterval}. */
function progressEvents(emit: (event: TrainingEvent) => void): TaskOptions["onProgress"] {
  let lastProgress = 0;
  let lastTask = "";
  return (progress) => {
    const now = Date.now();
    const due = now - lastProgress >= progressInterval || progress.done === progress.total;
    if (!due && progress.task === lastTask) return;
    lastProgress = now;
    lastTask = progress.task;
    emit({ kind: "progress", progress });
  };
}
