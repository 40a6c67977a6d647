import * as tf from "@tensorflow/tfjs-core";
import { InputError } from "../errors";
import type { ProjectionEngine } from "./engine";
import { ReferenceEngine } from "./reference";
import { TensorEngine } from "./tensor";
import { WasmEngine } from "./wasm";

export const engineNames = ["wasm", "tensor", "reference"] as const;
export type EngineName = (typeof engineNames)[number];

export interface EngineChoice {
  /**
   * `wasm` for CPUs, `tensor` for GPUs (it runs on the current TensorFlow.js backend), `reference` slow and exact.
   * Default `auto`: `tensor` where the current backend computes on a GPU, otherwise `wasm`.
   */
  engine?: EngineName | "auto";
  /** Worker threads of `wasm`. Default: one per core. */
  threads?: number;
}

/** Whether the current TensorFlow.js backend computes on a GPU. */
function onGpu(): boolean {
  const name = tf.getBackend();
  if (name === "webgpu") return true;
  return name === "tensorflow" && (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}

/**
 * A projection engine, to be disposed of by the caller. A TensorFlow.js backend that the engine shall follow has to be
 * up before (`useBackend`).
 *
 * @throws InputError when `engine` is none of these, or `tensor` is asked for and no backend is up
 */
export async function createEngine(choice: EngineChoice = {}): Promise<ProjectionEngine> {
  const { engine = "auto", threads } = choice;
  switch (engine === "auto" ? (onGpu() ? "tensor" : "wasm") : engine) {
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
      throw new InputError("engine", `auto, ${engineNames.join(", ")}`, String(engine));
  }
}
