import { parentPort, workerData } from "node:worker_threads";
import {
  awaitJob,
  type ControlWords,
  control,
  instantiate,
  type SharedWasmMemory,
  seeGrowth,
} from "../wasm/wasmMemory";

/**
 * A worker thread of the WebAssembly engine: waits for jobs, whose addresses are in the control words, and works on them;
 * the last thread to finish notifies the engine. Waking up this way takes a few microseconds, by a message fifty.
 */

const shared = workerData as {
  module: object;
  memory: SharedWasmMemory;
  words: ControlWords;
  index: number;
};
const { memory, words, index } = shared;
const kernels = instantiate(shared.module, memory);

for (let job = 0; ; ) {
  job = awaitJob(words, control.jobs, index, job);
  seeGrowth(kernels, memory, Atomics.load(words, control.pages));
  kernels.work(Atomics.load(words, control.job), Atomics.load(words, control.scratch + index));
  if (Atomics.sub(words, control.busy, 1) === 1) parentPort?.postMessage(job);
}
