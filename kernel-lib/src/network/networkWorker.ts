import { workerData } from "node:worker_threads";
import { instantiate, MOST_THREADS, type SharedWasmMemory } from "../projection/wasmMemory";
import { control, RECORD, sayFailed } from "./networkThreads";

/** One thread of {@link NetworkThreads}: sleeps until there is a task to work on. */

const given = workerData as { module: object; memory: SharedWasmMemory; control: Int32Array };
const { network } = instantiate(given.module, given.memory);
const shared = given.control;
const index = Atomics.add(shared, control.ready, 1);

for (let seen = 0; ; ) {
  Atomics.wait(shared, control.job, seen);
  const job = Atomics.load(shared, control.job);
  if (job === seen) continue;
  seen = job;
  if (index >= job % MOST_THREADS) continue;
  try {
    network(RECORD);
  } catch (error) {
    sayFailed(shared, error);
  }
  // The caller sleeps until the last one has ended its part, well or badly.
  if (Atomics.sub(shared, control.busy, 1) === 1) Atomics.notify(shared, control.busy);
}
