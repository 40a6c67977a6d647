import { workerData } from "node:worker_threads";
import { awaitJob, instantiate, type SharedWasmMemory, seeGrowth } from "../wasm/wasmMemory";
import { recordAddress } from "./networkCompute";
import { control, reportFailure } from "./networkThreads";

/** A worker thread of {@link NetworkThreads}: waits for tasks and works on them. */

const given = workerData as { module: object; memory: SharedWasmMemory; control: Int32Array };
const kernels = instantiate(given.module, given.memory);
const shared = given.control;
const index = Atomics.add(shared, control.ready, 1);

for (let job = 0; ; ) {
  job = awaitJob(shared, control.job, index, job);
  try {
    seeGrowth(kernels, given.memory, Atomics.load(shared, control.pages));
    kernels.network(recordAddress);
  } catch (error) {
    reportFailure(shared, error);
  }
  // The caller waits until the last thread is done, whether it failed or not.
  if (Atomics.sub(shared, control.busy, 1) === 1) Atomics.notify(shared, control.busy);
}
