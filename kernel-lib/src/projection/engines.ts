import * as tf from "@tensorflow/tfjs-core";
import { InputError } from "../errors";
import type { ProjectionEngine } from "./engine";
import { exampleBatch } from "./examples";
import { ReferenceEngine } from "./reference";
import { TensorEngine } from "./tensor";
import { fasterOf, type Workload } from "./trial";
import { WasmEngine } from "./wasm";

export const engineNames = ["wasm", "tensor", "reference"] as const;
export type EngineName = (typeof engineNames)[number];

export interface EngineChoice {
  /**
   * `wasm` for CPUs, `tensor` for GPUs (it runs on the current TensorFlow.js backend), `reference` slow and exact.
   * Default `auto`: where the current backend computes on a GPU, the faster of `wasm` and `tensor` by a trial of a few
   * seconds, otherwise `wasm`.
   */
  engine?: EngineName | "auto";
  /** Worker threads of `wasm`. Default: one per core. */
  threads?: number;
}

export interface ChosenEngine {
  /** To be disposed of by the caller. */
  engine: ProjectionEngine;
  /** Why this one, in a sentence without a full stop, where there was a trial. */
  reason?: string;
  /** In the trial the GPU threw, or its numbers were wrong. */
  gpuFailed?: boolean;
}

/** What a choice depends on beside what is asked for. */
export interface Surroundings {
  /** The GPU of the current TensorFlow.js backend in a word or two, if it has one. */
  gpu: string | undefined;
  make(name: EngineName): ProjectionEngine;
  /** Milliseconds. */
  now(): number;
}

/** The work of a trial where the caller knows of none: a middling training. */
function middlingWork(): Workload {
  const [count, boxSize, rings] = [512, 64, 31];
  const { batch } = exampleBatch({ count: 1, gaussians: count, boxSize, rings: 1, shared: true });
  return { model: { count, params: batch.model, boxSize, apix: 1 }, rings, batchSize: 32 };
}

/** The GPU on which the current TensorFlow.js backend computes, if it is one. */
function currentGpu(): string | undefined {
  const name = tf.getBackend();
  if (name === "webgpu") return "WebGPU";
  const cuda =
    name === "tensorflow" && (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
  return cuda ? "CUDA" : undefined;
}

function makeEngine(name: EngineName, threads: number | undefined): ProjectionEngine {
  switch (name) {
    case "wasm":
      return new WasmEngine(threads === undefined ? {} : { threads });
    case "tensor":
      if (tf.getBackend() === undefined) {
        throw new InputError("engine tensor", "a TensorFlow.js backend that is up; call useBackend() first");
      }
      return new TensorEngine();
    case "reference":
      return new ReferenceEngine();
    default:
      throw new InputError("engine", `auto, ${engineNames.join(", ")}`, String(name));
  }
}

/**
 * A projection engine and, where it was chosen by a trial, why. A TensorFlow.js backend that the engine shall follow has
 * to be up before (`useBackend`).
 *
 * @param work what it is for. Default: a step of 32 particles of 64² pixels, 512 Gaussians
 * @throws InputError when `engine` is none of these, or `tensor` is asked for and no backend is up
 */
export async function chooseEngine(
  choice: EngineChoice = {},
  work?: Workload,
  surroundings?: Surroundings,
): Promise<ChosenEngine> {
  const { engine: asked = "auto", threads } = choice;
  const { gpu, make, now } = surroundings ?? {
    gpu: currentGpu(),
    make: (name: EngineName) => makeEngine(name, threads),
    now: () => performance.now(),
  };
  if (asked !== "auto") return { engine: make(asked) };
  const wasm = make("wasm");
  if (gpu === undefined) return { engine: wasm };
  const workers = (wasm as Partial<WasmEngine>).threads ?? 1;
  return fasterOf(
    { engine: wasm, title: `wasm (${workers} ${workers === 1 ? "thread" : "threads"})` },
    { engine: make("tensor"), title: `tensor (${gpu})` },
    work ?? middlingWork(),
    now,
  );
}

/** {@link chooseEngine}, for callers whom the reason does not concern. */
export async function createEngine(choice: EngineChoice = {}, work?: Workload): Promise<ProjectionEngine> {
  return (await chooseEngine(choice, work)).engine;
}
