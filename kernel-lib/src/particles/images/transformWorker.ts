import { workerData } from "node:worker_threads";
import { serveCalls } from "../../workerCalls";
import { type ImageChunk, ImageTransformer } from "./imageTransformer";
import type { TransformWorkerData } from "./transformThreads";

/** The program of the worker threads of {@link TransformThreads}. */

const given = workerData as TransformWorkerData;
const transformer = new ImageTransformer(given.rings, given.boxLength, given.module);

serveCalls<ImageChunk, void>((chunk) => transformer.run(chunk));
