import path from "node:path";
import type { Progress, TaskOptions } from "../progress";
import { WorkerClient } from "../workerCalls";
import { type StateHalf, type StateTask, stateGroups } from "./stateGroups";

/** Voxels along an edge from which on the event loop would stand still for a tenth of a second. */
const large = 48;

/** Carries the cells of both halves into a state; large maps in a thread for each half. @throws as `stateGroups` */
export async function carriedHalves(
  tasks: readonly [StateTask, StateTask],
  { signal, onProgress }: TaskOptions,
): Promise<[StateHalf, StateHalf]> {
  const done = [0, 0];
  const total = tasks[0].cells.length + tasks[1].cells.length;
  const carry = (half: 0 | 1) => {
    const onHalf = (progress: Progress) => {
      done[half] = progress.done;
      onProgress?.({ ...progress, done: done[0]! + done[1]!, total });
    };
    return tasks[half].boxSize < large
      ? stateGroups(tasks[half], { ...(signal && { signal }), onProgress: onHalf })
      : inThread(tasks[half], signal, onHalf);
  };
  // One after the other in this thread, where they would only take turns.
  if (tasks[0].boxSize < large) return [await carry(0), await carry(1)];
  return Promise.all([carry(0), carry(1)]);
}

async function inThread(
  task: StateTask,
  signal: AbortSignal | undefined,
  onEvent: (progress: Progress) => void,
): Promise<StateHalf> {
  const client = new WorkerClient<StateTask, StateHalf, Progress>(
    path.join(__dirname, "stateGroupsWorker.js"),
    {
      onDeath: (reason) => new Error(`motion-corrected map: its thread ended, ${reason}`),
    },
  );
  try {
    return await client.call(task, { signal, onEvent });
  } finally {
    await client.close(new Error("motion-corrected map: its thread was ended"));
  }
}
