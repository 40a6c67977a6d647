import { GpuFailure } from "../compute/gpu/gpuFailure";
import { beginTask } from "../progress";
import { createRun } from "./createRun";
import { runEpochs } from "./epochs";
import { OpenedTraining, type TrainingPlace } from "./openedTraining";
import { motionFirst } from "./poses/first/motionFirst";
import { motionSentence, type PoseDecision } from "./poses/first/poseDecision";
import { type DecidedPoses, posesFirst } from "./poses/first/posesFirst";
import { requestOf, waitingSettings } from "./poses/first/trainingRequest";
import { recordResults } from "./recordResults";
import { afterGpuFailure } from "./runs/afterGpuFailure";
import { withClaimedRun } from "./runs/claimRun";
import { finishRun } from "./runs/finishRun";
import { checkSameParticleFile } from "./runs/inputFiles";
import { readResumed } from "./runs/resumedRun";
import { Run } from "./runs/run";
import { RunFolder } from "./runs/runFolder";
import type { RunLockToken } from "./runs/runLock";
import { openSecondRound } from "./secondRound/secondRound";
import type { CompleteSettings, TrainingSettings } from "./settings";
import { completeSettings, recordedInputs } from "./trainingInputs";

/**
 * Trains in the calling thread; `train` uses a separate thread. A TensorFlow.js backend must be active (`useBackend`).
 * @returns the opened run
 * @throws InputError for invalid input; StoppedError if aborted
 * @example
 * ```ts
 * await e2.useBackend("wasm");
 * const run = await e2.training.trainInThisThread({
 *   particles: "particles.star",
 *   model: "neutral.txt",
 *   out: "trained-here",
 *   options: { latent: 1, epochs: 1, hidden: [16, 16] },
 * });
 * run.close();
 * ```
 */
export async function trainInThisThread(
  settings: Omit<TrainingSettings, "backend" | "priority">,
): Promise<Run> {
  const started = beginTask(settings);
  await withClaimedRun(started, (lock) => trainClaimed(started, lock));
  return Run.open(settings.out);
}

/** Trains into a run folder whose lock the caller holds. */
export async function trainClaimed(given: TrainingSettings, lock: RunLockToken): Promise<void> {
  const folder = new RunFolder(given.out);
  const settings = given.resume ? await waitingSettings(given, folder) : given;
  const resumed = settings.resume ? await readResumed(folder) : undefined;
  try {
    const round =
      settings.from && !resumed ? await openSecondRound(settings.from, settings, folder) : undefined;
    const complete = round?.settings ?? completeSettings(settings, resumed?.record.inputs);
    await trainRun(complete, { folder, lock, resumed, round });
  } catch (error) {
    // Nothing is left of a second round that did not begin.
    if (settings.from && !folder.exists) await folder.removeLeftovers();
    throw error instanceof GpuFailure ? await afterGpuFailure(error, folder) : error;
  }
}

async function trainRun(settings: CompleteSettings, place: TrainingPlace): Promise<void> {
  const startedAt = Date.now();
  const { folder, lock, resumed } = place;
  if (resumed?.checkpoint?.at.refined) {
    await checkSameParticleFile(resumed.record.inputs.particles, resumed.record.inputFiles);
    // Training had finished; only the final status was missing.
    await finishRun(folder, resumed.record, resumed.checkpoint.at);
    return;
  }
  let training = await OpenedTraining.open(settings, place);
  try {
    let record = resumed?.record;
    if (!record) {
      await training.checkFit();
      let { decision, inputs } = await decidePoses(training);
      const reopen = async () => {
        await training.close();
        training = await OpenedTraining.open({ ...settings, ...inputs }, place);
        await training.checkFit();
      };
      while (inputs) {
        await reopen();
        ({ decision, inputs } = await refineWithMotion(training, decision, settings));
      }
      training.tellDoubts();
      training.warnIfEndsCoarse();
      record = await createRun(training, { lock, poses: decision, startedAt });
    }
    const { trainer, task } = training;
    const { onEpoch } = settings;
    const checkpoint = resumed?.checkpoint;
    const at = await runEpochs({ trainer, folder, lock, record, checkpoint, startedAt, onEpoch, ...task });
    await recordResults(training, { record, at, lock });
  } finally {
    await training.close();
  }
}

/** Refines poses that were refined in rounds further. @returns with inputs, if the poses are others now */
async function refineWithMotion(
  { folder, options, choice, trainer, task, warn }: OpenedTraining,
  decision: PoseDecision,
  settings: CompleteSettings,
): Promise<DecidedPoses> {
  const found = await motionFirst(
    {
      ...{ decision, trainer, folder: folder.poses, seed: options.seed, set: choice.judged.set },
      request: requestOf(settings, recordedInputs(settings)),
    },
    task,
  );
  const last = found.decision.motion?.at(-1);
  if (last && found.decision !== decision) warn("poses", motionSentence(last));
  return found;
}

/** Decides which poses a new run uses. @returns with inputs, if they are not those of the settings */
async function decidePoses(training: OpenedTraining): Promise<DecidedPoses> {
  const { settings, folder, options, files, choice, trainer, task, warn } = training;
  const found = await posesFirst(
    {
      choice: settings.poses ?? "auto",
      request: requestOf(settings, files),
      ...{ set: choice.judged.set, model: trainer.neutral, isSecondRound: settings.from !== undefined },
      ...{ folder: folder.poses, seed: options.seed, engine: settings.engine },
    },
    task,
  );
  if (settings.poses !== "file") warn("poses", found.decision.sentence);
  return found;
}
