import { Matrix, solve } from "ml-matrix";
import { motionOf } from "../correction/correctRun";
import { joinedSource } from "../correction/joinedSource";
import type { Motion } from "../correction/motion";
import {
  type CorrectedReconstruction,
  type CorrectOptions,
  type MotionCorrection,
  prepareWithHooks,
} from "../correction/motionCorrection";
import { overConsensus } from "../correction/overConsensus";
import { InputError } from "../errors";
import { columnsOf } from "../latent/selection/columns";
import { nearestRows } from "../latent/selection/regions";
import { beginTask } from "../progress";
import { gatherRows } from "../training/batches";
import { type CommonParticles, commonParticles } from "./commonPlaces";
import { StudyFolder } from "./studyFolder";
import { TrainedPart } from "./trainedPart";

/** Options of {@link correctHalves}. */
export interface CorrectHalvesOptions extends Omit<CorrectOptions, "indices" | "halves" | "secondHalf"> {
  /** As in `correction.correctRun`: motion along axes that the evidence does not call real is undone, too. Default false. */
  allAxes?: boolean;
}

/** Particles of half 1 that say where a state of its space is in the other space, at least so many for each coefficient. */
const nearest = 50;
const leastNear = 5;
/** Distance from the nearest particle of half 1 beyond which a state is outside of the population, in standard deviations. */
const farthest = 1;

/**
 * The motion-corrected map of a state from the halves of a study that never met: each half is corrected by its own training, so that
 * an error of a decoder is not common to both half maps. See `correction.correctMotion`.
 *
 * Where the state is in the space of half 2 is what that training says of the particles of half 1 that are nearest to it (their places, which
 * are kept in the study's folder, `half1_in_half2.csv`). Poses are those of each half.
 * @param folder of a study of halves, both trained
 * @param state in the latent space of half 1
 * @throws InputError for other studies and runs with symmetry, before both halves are complete, for a state that is no place of the space,
 *   and as `reconstruct`; StoppedError
 * @example
 * ```ts no-run
 * const { corrected, stateFsc } = await e2.study.correctHalves("study", [1.2]);
 * console.log(e2.reconstruction.resolutionAt(corrected.fsc, 0.143), stateFsc[5]);
 * ```
 */
export async function correctHalves(
  folder: string,
  state: ArrayLike<number>,
  options: CorrectHalvesOptions = {},
): Promise<CorrectedReconstruction> {
  const cells = await prepareHalvesCorrection(folder, options);
  try {
    return await cells.state(state, options);
  } finally {
    await cells.close();
  }
}

/**
 * Back-projects the halves of a study once, for motion-corrected maps of any number of states; see {@link correctHalves}.
 * @throws InputError as `correctHalves`; StoppedError
 * @example
 * ```ts no-run
 * const cells = await e2.study.prepareHalvesCorrection("study");
 * for (const state of [[-1], [1]]) console.log((await cells.state(state)).motion);
 * await cells.close();
 * ```
 */
export async function prepareHalvesCorrection(
  folder: string,
  options: CorrectHalvesOptions = {},
): Promise<MotionCorrection> {
  const { allAxes = false, ...task } = beginTask(options);
  const files = new StudyFolder(folder);
  const opened: TrainedPart[] = [];
  const closed = async () => {
    for (const part of opened.splice(0)) await part.close();
  };
  try {
    for (const half of [1, 2] as const) {
      const part = { name: `half${half}`, label: `half ${half}`, half, options: {} };
      if (!(await files.isComplete(part)))
        throw new InputError(folder, "a study of halves, both trained", `no complete half ${half}`);
      opened.push(await TrainedPart.open(files, part, task.signal));
    }
    const [first, second] = opened as [TrainedPart, TrainedPart];
    for (const { run } of opened) {
      const { symmetry } = run.record.inputs;
      if (symmetry !== undefined)
        throw new InputError(run.folder, "a run without symmetry", `one with ${symmetry}`);
    }
    const common = await commonParticles(files, [first, second], task);
    const count = first.set.count + second.set.count;
    const motions: Motion[] = [];
    for (const [p, { run, places }] of opened.entries()) {
      const all = new Float32Array(count * run.latent);
      all.set(places, p === 0 ? 0 : first.set.count * run.latent);
      motions.push(await motionOf(run, all, { allAxes }));
    }
    const used = [...first.used, ...Array.from(second.used, (i) => i + first.set.count)];
    const secondHalf = {
      motion: motions[1]!,
      placeOf: (state: ArrayLike<number>) => placeInSecond(common, state),
    };
    const source = joinedSource(first.set, second.set);
    const { neutral } = first.run;
    return await prepareWithHooks(
      source,
      motions[0]!,
      { ...task, indices: used, secondHalf },
      { finished: (found) => overConsensus(found, neutral), closed },
    );
  } catch (error) {
    await closed();
    throw error;
  }
}

/**
 * Where a state of the first space is in the second: the linear regression of the second places on the first, over the particles of half 1 that are
 * nearest to the state, so that states at the edge of the population are not drawn into it.
 * @throws InputError for a state that is farther than a standard deviation from all particles of half 1
 */
function placeInSecond({ placed, owner }: CommonParticles, state: ArrayLike<number>): Float64Array {
  const { first, firstAxes, second, secondAxes } = placed;
  const own = Array.from(owner.keys()).filter((i) => owner[i] === 1);
  const columns = columnsOf(gatherRows(first, firstAxes, own), firstAxes);
  const count = Math.max(leastNear * (firstAxes + 1), nearest);
  const near = Array.from(nearestRows(columns, state, count), (row) => own[row]!);
  const distance = (i: number) => Math.hypot(...Array.from(state, (z, d) => first[i * firstAxes + d]! - z));
  // Places have unit variance.
  if (Math.min(...near.map(distance)) > farthest) {
    const place = Array.from(state, (z) => z.toFixed(2)).join(", ");
    throw new InputError("state", "a place where particles of half 1 are", place);
  }
  const offsets = new Matrix(
    near.map((i) => [1, ...Array.from(state, (z, d) => first[i * firstAxes + d]! - z)]),
  );
  const values = new Matrix(
    near.map((i) => Array.from({ length: secondAxes }, (_, d) => second[i * secondAxes + d]!)),
  );
  return Float64Array.from(solve(offsets, values, true).getRow(0));
}
