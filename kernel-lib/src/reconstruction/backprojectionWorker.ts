import { workerData } from "node:worker_threads";
import { serveCalls } from "../workerCalls";
import type { BackprojectionRequest, SharedBackprojection } from "./backprojectionMemory";
import { BackprojectionThread } from "./backprojectionThread";

/** The program of the worker threads of `ThreadedSums`. */

const thread = new BackprojectionThread(workerData as SharedBackprojection);

serveCalls<BackprojectionRequest, void>((request) => thread.run(request));
