import type { TaskOptions } from "../../../progress";
import { type FscCurve, resolutionAt } from "../../../reconstruction/fsc";
import type { PoseChange } from "../commonFrame";
import type { HalfMapResolution } from "./roundsSettings";

/** What rounds of the consensus and rounds with trainings have in common: names of their tasks, and what is measured at their end. */

/** Poses stand still when they move by less than this part of their own uncertainty. */
const standStill = 0.25;

/** Progress with a name before each task. */
export function named({ signal, onProgress }: TaskOptions, name: string): TaskOptions {
  return {
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (progress) => onProgress({ ...progress, task: name + progress.task }) }),
  };
}

/** Resolutions of half maps. */
export function resolutionOf(fsc: FscCurve): HalfMapResolution {
  return { half: resolutionAt(fsc, 0.5), seventh: resolutionAt(fsc, 0.143) };
}

/** Whether poses have moved by less than images can tell, from their uncertainties in each half. */
export function standsStill(
  { angle, shift }: PoseChange,
  uncertainties: readonly { angle: number; shift: number }[],
): boolean {
  const least = (of: "angle" | "shift") => Math.min(...uncertainties.map((uncertainty) => uncertainty[of]));
  return (
    angle.rms < standStill * Math.sqrt(3) * least("angle") &&
    shift.rms < standStill * Math.sqrt(2) * least("shift")
  );
}
