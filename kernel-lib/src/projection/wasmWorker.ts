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
 * One thread of the WebAssembly engine. It sleeps until there is another job, works on it as the control words
 * say, and the thread that ends last says so. Waiting like this takes a few microseconds where a message takes fifty.
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
