import { workerData } from "node:worker_threads";
import { awaitJob, instantiate, type SharedWasmMemory, seeGrowth } from "../wasm/wasmMemory";
import { control, RECORD, sayFailed } from "./networkThreads";

/** One thread of {@link NetworkThreads}: sleeps until there is a task to work on. */

const given = workerData as { module: object; memory: SharedWasmMemory; control: Int32Array };
const kernels = instantiate(given.module, given.memory);
const shared = given.control;
const index = Atomics.add(shared, control.ready, 1);

for (let job = 0; ; ) {
  job = awaitJob(shared, control.job, index, job);
  try {
    seeGrowth(kernels, given.memory, Atomics.load(shared, control.pages));
    kernels.network(RECORD);
  } catch (error) {
    sayFailed(shared, error);
  }
  // The caller sleeps until the last one has ended its part, well or badly.
  if (Atomics.sub(shared, control.busy, 1) === 1) Atomics.notify(shared, control.busy);
}
