import { InputError } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import { prepareTargets } from "../../particles/targets";
import { beginTask, type TaskOptions } from "../../progress";
import { createEngine } from "../../projection/engines";
import type { Outlier } from "../agreement/agreement";
import { particlesWithout } from "../agreement/chosenParticles";
import { defaultMemoryBudget } from "../memory";
import type { PlaceDecoder } from "../posterior/decoders";
import type { RunRecord } from "../runs/runRecord";
import type { Latents } from "../runs/runTables";
import { openTrainingParticles } from "../trainingInputs";
import { RingWeights } from "../weights";
import type { RefinePosesOptions } from "./consensusPoses";
import { type RefinedPoses, refinedPoses } from "./refinedPoses";

/** The parts of a run that poses are refined with. */
export interface PosedRun {
  record: RunRecord;
  neutral: GaussianModel;
  /** Mean FRC of the neutral model in each ring. */
  neutralFrc: Float64Array;
  decoder: PlaceDecoder;
  latents: Latents;
  outliers: readonly Outlier[];
}

/** Options of `Run.refinePoses`. */
export type RunPosesOptions = Pick<RefinePosesOptions, "prior" | "engine"> & TaskOptions;

/** Refines place and pose of all particles of a run together, with the decoder fixed. */
export async function refineRunPoses(run: PosedRun, given: RunPosesOptions = {}): Promise<RefinedPoses> {
  const options = beginTask(given);
  const { signal, onProgress, engine: choice, prior } = options;
  const task: TaskOptions = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const { record, neutral, outliers, latents, decoder } = run;
  const set = await openTrainingParticles(record.inputs, task);
  try {
    if (set.count !== record.particles) {
      throw new InputError(set.file, `the ${record.particles} particles of the run`, `${set.count}`);
    }
    const targets = await prepareTargets(set, {
      ...{ ...task, boxSize: neutral.boxSize, rings: record.rings },
      memoryBudget: defaultMemoryBudget() / 2,
      ...(choice?.threads !== undefined && { threads: choice.threads }),
    });
    const engine = await createEngine(choice);
    try {
      const members = particlesWithout(set.count, record.outliers?.kept ? [] : outliers);
      const weights = new RingWeights({
        ...{ weighting: "information", meanFrc: run.neutralFrc, members },
        ...{ ctfPower: targets.ctfPower, particles: set.count },
      });
      const deviations = new Float64Array(decoder.latent).fill(1);
      return await refinedPoses(
        { targets, neutral, engine, decoder, weights, members, deviations, places: latents.refined },
        { ...task, ...(prior && { prior }) },
      );
    } finally {
      await engine.dispose();
      await targets.dispose();
    }
  } finally {
    await set.close();
  }
}
