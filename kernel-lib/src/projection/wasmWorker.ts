import { parentPort, workerData } from "node:worker_threads";
import { awaitJob, type ControlWords, control, instantiate, type SharedWasmMemory } from "./wasmMemory";

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
const { work } = instantiate(shared.module, shared.memory);
const { words, index } = shared;

for (let job = 0; ; ) {
  job = awaitJob(words, control.jobs, index, job);
  work(Atomics.load(words, control.job), Atomics.load(words, control.scratch + index));
  if (Atomics.sub(words, control.busy, 1) === 1) parentPort?.postMessage(job);
}
