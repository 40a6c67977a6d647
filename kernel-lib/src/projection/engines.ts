import * as tf from "@tensorflow/tfjs-core";
import { InputError } from "../errors";
import type { ProjectionEngine } from "./engine";
import { exampleBatch } from "./examples";
import { findGpu as findGpuOf, type GpuSearch } from "./foundGpu";
import { GpuEngine } from "./gpu/gpuEngine";
import { openTestedGpu } from "./gpu/testedGpu";
import { ReferenceEngine } from "./reference";
import { TensorEngine } from "./tensor";
import { fasterOf, type TrialTimes, type Workload } from "./trial";
import { WasmEngine } from "./wasm";

/** Names of the engines. */
export const engineNames = ["wasm", "webgpu", "tensor", "reference"] as const;
/** One of {@link engineNames}. */
export type EngineName = (typeof engineNames)[number];

/** Which engine to use. */
export interface EngineChoice {
  /**
   * `wasm` for CPUs, `webgpu` for GPUs by Vulkan, Metal or D3D12 (Dawn, an optional dependency), `tensor` for the current
   * TensorFlow.js backend, `reference` slow and exact. Default `auto`: on a machine with a GPU the faster of `wasm` and that GPU's
   * engine (`webgpu`; with CUDA alone `tensor`) in a trial of a few seconds, otherwise `wasm`.
   */
  engine?: EngineName | "auto";
  /** Worker threads of `wasm`. Default: one per core. */
  threads?: number;
  /** Number of the GPU of `webgpu`, from 0 as in `listGpus`. Default: that of `E2GMM_GPU`, else the one for high performance. */
  gpu?: number;
}

/** The result of {@link chooseEngine}. */
export interface ChosenEngine {
  /** The caller disposes of it. */
  engine: ProjectionEngine;
  /** Why it was chosen, as a sentence without a full stop; only after a trial, or if there is a GPU that cannot be used. */
  reason?: string;
  /** Milliseconds of what was timed in the trial, by engine. */
  milliseconds?: TrialTimes;
  /** Whether the GPU failed in the trial, with an error or wrong results. */
  gpuFailed?: boolean;
}

/** What {@link chooseEngine} depends on, apart from its arguments; replaced in tests. */
export interface EngineEnvironment {
  /** Looks for the GPU to try. */
  findGpu(): Promise<GpuSearch>;
  /** Makes an engine. */
  make(name: EngineName): ProjectionEngine;
  /** A clock in milliseconds. */
  now(): number;
}

/** The default workload of a trial, a training of medium size. */
function typicalWork(): Workload {
  const [count, boxSize, rings] = [512, 64, 31];
  const { batch } = exampleBatch({ count: 1, gaussians: count, boxSize, rings: 1, shared: true });
  return { model: { count, params: batch.model, boxSize, apix: 1 }, rings, batchSize: 32 };
}

function makeEngine(name: EngineName, { threads, gpu }: EngineChoice): ProjectionEngine {
  switch (name) {
    case "wasm":
      return new WasmEngine(threads === undefined ? {} : { threads });
    case "webgpu":
      return new GpuEngine({ open: () => openTestedGpu(gpu) });
    case "tensor":
      if (tf.getBackend() === undefined) {
        throw new InputError(
          "engine tensor",
          "an initialized TensorFlow.js backend; call useBackend() first",
        );
      }
      return new TensorEngine();
    case "reference":
      return new ReferenceEngine();
    default:
      throw new InputError("engine", `auto, ${engineNames.join(", ")}`, String(name));
  }
}

/**
 * Chooses and makes a projection engine. The TensorFlow.js backend that `tensor` shall use has to be initialized first
 * (`useBackend`).
 *
 * @param work the workload of the trial. Default: 32 particles of 64² pixels, 512 Gaussians
 * @throws InputError for an unknown engine, and for `tensor` without a backend
 */
export async function chooseEngine(
  choice: EngineChoice = {},
  work?: Workload,
  environment?: EngineEnvironment,
): Promise<ChosenEngine> {
  const { engine: asked = "auto" } = choice;
  const { findGpu, make, now } = environment ?? {
    findGpu: () => findGpuOf(choice.gpu),
    make: (name: EngineName) => makeEngine(name, choice),
    now: () => performance.now(),
  };
  if (asked !== "auto") return { engine: make(asked) };
  const { gpu, passedOver } = await findGpu();
  const wasm = make("wasm");
  if (!gpu) return { engine: wasm, ...(passedOver !== undefined && { reason: passedOver }) };
  const workers = (wasm as Partial<WasmEngine>).threads ?? 1;
  return fasterOf(
    { engine: wasm, title: `wasm (${workers} ${workers === 1 ? "thread" : "threads"})` },
    { engine: make(gpu.engine), title: gpu.title },
    work ?? typicalWork(),
    now,
  );
}

/**
 * Makes a projection engine. The TensorFlow.js backend that `tensor` shall use has to be initialized first
 * (`useBackend`). The caller disposes of the engine.
 *
 * @param work the workload of the trial of `auto`. Default: 32 particles of 64² pixels, 512 Gaussians
 * @throws InputError for an unknown engine, and for `tensor` without a backend
 * @example
 * ```ts
 * const engine = await e2.projection.createEngine({ engine: "wasm", threads: 1 });
 * const { count, params, boxSize } = await e2.model.readText("neutral.txt");
 * const pose = { rotations: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), shifts: new Float32Array(2) };
 * const image = await engine.project({ count: 1, gaussians: count, model: params, ...pose }, { boxSize, rings: 5 });
 * await engine.dispose();
 * ```
 */
export async function createEngine(choice: EngineChoice = {}, work?: Workload): Promise<ProjectionEngine> {
  return (await chooseEngine(choice, work)).engine;
}
