import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../compute/backends";
import { GpuFailure } from "../compute/gpu/gpuFailure";
import { errorLine } from "../compute/optionalPackages";
import {
  type ChosenEngine,
  chooseEngine,
  type EngineChoice,
  type EngineEnvironment,
  type EngineName,
  engineNames,
} from "../projection/engines";
import { GpuEngine } from "../projection/gpu/gpuEngine";
import type { Workload } from "../projection/trial";
import type { RunRecord } from "./runs/runRecord";
import type { SampleShape } from "./trial/sampleSteps";
import { requireSameTraining } from "./trial/selfTest";
import { stepMilliseconds } from "./trial/stepTime";

/** Options of {@link engineOfRun}. */
export interface RunEngineOptions {
  /** Record of the program that the run was started with, if it is resumed. */
  recorded?: RunRecord["program"] | undefined;
  /** Called with a sentence about a choice that was made. */
  onWarning?: (warning: string) => void;
  /** Replaces GPU, engines and clock in tests. */
  environment?: EngineEnvironment;
  /** The run's own steps, which the trial takes. Default: it only projects. */
  steps?: SampleShape | undefined;
}

/**
 * Chooses the engine of a training: the requested one, else that of a resumed run's record, so that the arithmetic stays the same, else
 * by {@link chooseEngine} and a trial of the run's own step. A GPU has to compute a small training step as the CPU does. If
 * the GPU fails in its trial, the TensorFlow.js backend is switched to `wasm` for the rest of the training, too.
 * @throws InputError or GpuFailure if a GPU that is asked for cannot be used
 */
export async function engineOfRun(
  choice: EngineChoice | undefined,
  work: Workload,
  options: RunEngineOptions = {},
): Promise<ChosenEngine> {
  const { recorded, onWarning, environment } = options;
  const { engine: requested = "auto" } = choice ?? {};
  if (requested !== "auto") return tested(await chooseEngine(choice, work, environment));
  const before = engineNames.find((name) => name === recorded?.engine);
  if (recorded && before && isAvailable(before, recorded)) {
    const same = await chooseEngine({ ...choice, engine: before }, work, environment);
    const reason = await whyNot(same);
    if (reason === undefined) return same;
    await same.engine.dispose();
    onWarning?.(`the run was started with the engine ${before}; it continues with wasm: ${reason}`);
    return chooseEngine({ ...choice, engine: "wasm" }, work, environment);
  }
  const chosen = await chooseEngine(choice, { ...work, ...timedSteps(options.steps) }, environment);
  if (recorded) {
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

/** Steps as what a trial times. A GPU that takes a step wrong fails in it. */
function timedSteps(steps: SampleShape | undefined): Pick<Workload, "timed"> {
  if (!steps) return {};
  const timed = {
    name: "training steps",
    milliseconds: async (engine: ChosenEngine["engine"]) => {
      if (engine instanceof GpuEngine) await requireSameTraining(engine);
      return stepMilliseconds(steps, engine);
    },
  };
  return { timed };
}

/** @throws InputError or GpuFailure if it is a GPU that cannot be used; it is disposed of then */
async function tested(chosen: ChosenEngine): Promise<ChosenEngine> {
  const { engine } = chosen;
  if (!(engine instanceof GpuEngine)) return chosen;
  try {
    await requireSameTraining(engine);
    return chosen;
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Why an engine cannot be used; undefined if it can. */
async function whyNot({ engine }: ChosenEngine): Promise<string | undefined> {
  if (!(engine instanceof GpuEngine)) return undefined;
  try {
    await requireSameTraining(engine);
    return undefined;
  } catch (error) {
    // Any failure of the GPU, its package or its driver counts: the run can go on without it.
    return error instanceof GpuFailure ? error.message : errorLine(error);
  }
}
