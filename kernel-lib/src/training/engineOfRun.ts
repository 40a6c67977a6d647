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
import type { RunRecord } from "./runs/run";

/**
 * The projection engine that a run is trained with: the one asked for, else that of the record of a run that goes on, so
 * that the same arithmetic goes on, else the choice of {@link chooseEngine}. A GPU that failed in the trial is not trusted
 * with the rest of the training either: the current TensorFlow.js backend is `wasm` then.
 *
 * @param begun record of the run, if it goes on
 * @param say takes a sentence about a choice that was made
 */
export async function engineOfRun(
  choice: EngineChoice = {},
  work: Workload,
  begun: RunRecord["program"] | undefined,
  say: (sentence: string) => void,
  environment?: EngineEnvironment,
): Promise<ChosenEngine> {
  const { engine: asked = "auto" } = choice;
  const recorded = engineNames.find((name) => name === begun?.engine);
  if (asked === "auto" && begun && recorded && isHere(recorded, begun)) {
    return chooseEngine({ ...choice, engine: recorded }, work, environment);
  }
  const chosen = await chooseEngine(choice, work, environment);
  if (asked === "auto" && begun) {
    const now = `${chosen.engine.name}, on the backend ${tf.getBackend()}`;
    say(
      `the run was begun with the engine ${begun.engine} on the backend ${begun.backend}; it goes on with ${now}`,
    );
  }
  if (chosen.gpuFailed) await useBackend("wasm");
  if (chosen.reason) say(chosen.reason);
  return chosen;
}

/** Only what is made of the operations of a backend is there or not. */
function isHere(engine: EngineName, begun: RunRecord["program"]): boolean {
  return engine !== "tensor" || begun.backend === tf.getBackend();
}
