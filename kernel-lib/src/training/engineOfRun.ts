import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../compute/backends";
import {
  type ChosenEngine,
  chooseEngine,
  type EngineChoice,
  type EngineEnvironment,
  type EngineName,
  engineNames,
} from "../projection/engines";
import type { Workload } from "../projection/trial";
import type { RunRecord } from "./runs/runRecord";

/** Options of {@link engineOfRun}. */
export interface RunEngineOptions {
  /** Record of the program that the run was started with, if it is resumed. */
  recorded?: RunRecord["program"] | undefined;
  /** Called with a sentence about a choice that was made. */
  onWarning?: (warning: string) => void;
  /** Replaces GPU, engines and clock in tests. */
  environment?: EngineEnvironment;
}

/**
 * Chooses the projection engine of a training: the requested one, else that of a resumed run's record, so that the
 * arithmetic stays the same, else by {@link chooseEngine}. If the GPU fails in its trial, the TensorFlow.js backend is
 * switched to `wasm` for the rest of the training, too.
 */
export async function engineOfRun(
  choice: EngineChoice | undefined,
  workload: Workload,
  { recorded, onWarning, environment }: RunEngineOptions = {},
): Promise<ChosenEngine> {
  const { engine: requested = "auto" } = choice ?? {};
  const before = engineNames.find((name) => name === recorded?.engine);
  if (requested === "auto" && recorded && before && isAvailable(before, recorded)) {
    return chooseEngine({ ...choice, engine: before }, workload, environment);
  }
  const chosen = await chooseEngine(choice, workload, environment);
  if (requested === "auto" && recorded) {
    onWarning?.(
      `the run was started with the engine ${recorded.engine} on the backend ${recorded.backend}; it continues with ` +
        `${chosen.engine.name} on the backend ${tf.getBackend()}`,
    );
  }
  if (chosen.gpuFailed) await useBackend("wasm");
  if (chosen.reason) onWarning?.(chosen.reason);
  return chosen;
}

/** Only the engine `tensor` depends on the backend. */
function isAvailable(engine: EngineName, recorded: RunRecord["program"]): boolean {
  return engine !== "tensor" || recorded.backend === tf.getBackend();
}
