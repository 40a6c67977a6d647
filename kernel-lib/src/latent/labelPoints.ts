import { beginTask, type TaskOptions } from "../progress";
import { membership } from "./mixture";
import { groupLabels, type MixtureSelection } from "./mixtureSelection";
import { Pacing } from "./pacing";
import { checkDeviations, countPoints } from "./points";

/** Options of {@link labelPoints}. */
export interface LabelOptions extends TaskOptions {
  /** Errors of the points as in the fit of the mixture, [n · dimensions]. Default: none. */
  deviations?: Float32Array;
}

/**
 * The most probable group of each of some points, in a mixture that was fitted to others.
 * @param points [n · dimensions]
 * @returns [n], as `labels` of the selection
 * @throws InputError for coordinates that are not finite; StoppedError
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const selection = await e2.latent.selectMixture(refined, run.latent, { most: 2 });
 * const labels = await e2.latent.labelPoints(selection, Float32Array.of(0, 0, 1, -1), run.latent);
 * console.log(labels.length); // 2
 * ```
 */
export async function labelPoints(
  { mixture, groupOf }: Pick<MixtureSelection, "mixture" | "groupOf">,
  points: Float32Array,
  dimensions: number,
  options: LabelOptions = {},
): Promise<Int32Array> {
  const task = beginTask(options);
  const n = countPoints(points, dimensions, 0);
  checkDeviations(task.deviations, points.length, dimensions);
  const set = { points, dimensions, deviations: task.deviations };
  const { responsibilities } = await membership(mixture, set, new Pacing(task));
  return groupLabels(responsibilities, groupOf, n).labels;
}
