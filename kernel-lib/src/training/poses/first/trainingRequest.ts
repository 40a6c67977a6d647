import type { RunFolder } from "../../runs/runFolder";
import type { RunRecord } from "../../runs/runRecord";
import type { TrainingSettings } from "../../settings";
import type { TrainingRequest } from "./posesFolder";

/** What a training needs to continue before it has a run. */
export function requestOf(settings: TrainingSettings, inputs: RunRecord["inputs"]): TrainingRequest {
  const { keepOutliers, resolution, options, poses } = settings;
  return {
    ...inputs,
    ...(keepOutliers !== undefined && { keepOutliers }),
    ...(resolution !== undefined && { resolution }),
    ...(options && { options }),
    ...(poses && { poses }),
  };
}

/**
 * The settings of a training that was stopped while it checked or refined poses: those that it was started with, computed as it is
 * asked for now. Otherwise the given settings.
 */
export async function waitingSettings(given: TrainingSettings, folder: RunFolder): Promise<TrainingSettings> {
  if ((await folder.state()) !== "waiting") return given;
  const { out, engine, memoryBudget, backend, priority } = given;
  const { signal, onProgress, onEpoch, onWarning } = given;
  return {
    ...(await folder.poses.readRequest()),
    out,
    ...(engine && { engine }),
    ...(memoryBudget !== undefined && { memoryBudget }),
    ...(backend && { backend }),
    ...(priority && { priority }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onEpoch && { onEpoch }),
    ...(onWarning && { onWarning }),
  };
}
