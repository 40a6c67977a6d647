import { parentPort, workerData } from "node:worker_threads";
import { type ImageChunk, ImageTransformer } from "./imageTransformer";
import type { TransformWorkerData } from "./transformThreads";

/** One thread of {@link TransformThreads}. */

const given = workerData as TransformWorkerData;
const transformer = new ImageTransformer(given.rings, given.edge, given.module);

parentPort?.on("message", ({ id, chunk }: { id: number; chunk: ImageChunk }) => {
  transformer.run(chunk);
  parentPort?.postMessage(id);
});
