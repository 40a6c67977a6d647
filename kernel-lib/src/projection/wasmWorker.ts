import { parentPort, workerData } from "node:worker_threads";
import { instantiate, type SharedWasmMemory } from "./wasmMemory";

/** One thread of the WebAssembly engine: works on the job that a message names, then says so. */

const shared = workerData as { module: object; memory: SharedWasmMemory };
const { work } = instantiate(shared.module, shared.memory);

parentPort?.on("message", ({ job, scratch }: { job: number; scratch: number }) => {
  work(job, scratch);
  parentPort?.postMessage("done");
});
