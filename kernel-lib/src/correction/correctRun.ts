import { InputError } from "../errors";
import { pointGroup } from "../optics/symmetry";
import type { ParticleSet } from "../particles/particleSet";
import { beginTask } from "../progress";
import type { Run } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import { usedParticles } from "../training/runs/usedParticles";
import type { Motion } from "./motion";
import {
  type CorrectedReconstruction,
  type CorrectOptions,
  type MotionCorrection,
  prepareWithHooks,
} from "./motionCorrection";
import { overConsensus } from "./overConsensus";
import { posedSource } from "./posedSource";
import { realMotion } from "./realMotion";
import { requireParticlesAround } from "./statesWithParticles";

/** Options of {@link correctRun}. */
export interface CorrectRunOptions extends Omit<CorrectOptions, "indices"> {
  /**
   * Images of the particles of the run, in the same order, of any box and pixel size, such as those in full size; poses are
   * those of the run. Not for runs with symmetry. Default: the images that the run was trained on.
   */
  images?: ParticleSet;
  /**
   * Whether motion along axes which the evidence of the run does not call real is undone, too. Default false: what the decoder invents
   * would blur the map.
   */
  allAxes?: boolean;
}

/**
 * Back-projects the particles of a run once, for motion-corrected maps of any number of its states; see {@link correctRun}.
 * @throws InputError as `correctRun`; StoppedError
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const cells = await e2.correction.prepareRunCorrection(run, { cells: 4 });
 * for (const state of [[-1, 0], [1, 0]]) console.log((await cells.state(state)).motion);
 * await cells.close();
 * run.close();
 * ```
 */
export function prepareRunCorrection(run: Run, options: CorrectRunOptions = {}): Promise<MotionCorrection> {
  return prepared(run, options, []);
}

/** As {@link prepareRunCorrection}; `states` that cannot be made are refused before the images are read. */
async function prepared(
  run: Run,
  options: CorrectRunOptions,
  states: readonly ArrayLike<number>[],
): Promise<MotionCorrection> {
  const { images, allAxes = false, ...task } = beginTask(options);
  const { record, neutral, latent } = run;
  const { symmetry } = record.inputs;
  if (symmetry !== undefined && images)
    throw new InputError("images", `those of the run, which has symmetry ${symmetry}`, images.file);
  const { refined } = await run.latents();
  const indices = await usedRows(run, refined.length / latent);
  const motion = await motionOf(run, refined, { allAxes });
  const axes = await followedAxes(run, allAxes);
  const check = requireParticlesAround(refined, { latent, axes, indices });
  for (const state of states) check(state);
  const poses = await openRunParticles(record.inputs, { signal: task.signal });
  try {
    const source = images ? posedSource(images, poses) : poses;
    await (images ?? poses).checkStacks({ ...(task.signal && { signal: task.signal }) });
    return await prepareWithHooks(
      source,
      motion,
      { ...task, indices },
      { check, finished: (found) => overConsensus(found, neutral) },
    );
  } finally {
    await poses.close();
  }
}

/** Places and decoder of a run, with its bodies and units. @internal */
export async function motionOf(
  run: Run,
  places: Float32Array,
  { allAxes }: { allAxes: boolean },
): Promise<Motion> {
  const { latent, neutral, bodies } = run;
  const { symmetry } = run.record.inputs;
  const group = symmetry === undefined ? undefined : pointGroup(symmetry);
  const motion: Motion = {
    ...{ latent, places, decode: (place) => run.decode(place) },
    ...(bodies && { bodies }),
    ...(group && { unit: { group, gaussians: neutral.count / group.order } }),
  };
  const followed = new Set(await followedAxes(run, allAxes));
  return realMotion(
    motion,
    Array.from({ length: latent }, (_, d) => followed.has(d)),
  );
}

/** Axes along which motion is undone. */
async function followedAxes(run: Run, allAxes: boolean): Promise<number[]> {
  const axes = await run.axes();
  return Array.from(axes.keys()).filter((d) => allAxes || axes[d]!.real !== false);
}

/** Rows of the particles that took part in the training; with symmetry all copies of each. */
async function usedRows(run: Run, count: number): Promise<Int32Array> {
  const used = await usedParticles({ record: run.record, outliers: () => run.outliers() }, count);
  const { symmetry } = run.record.inputs;
  if (symmetry === undefined) return used;
  const { order } = pointGroup(symmetry);
  const missing = new Set<number>();
  const known = new Set(used);
  for (let i = 0; i < count; i++) if (!known.has(i)) missing.add(Math.floor(i / order));
  return used.filter((i) => !missing.has(Math.floor(i / order)));
}

/**
 * The motion-corrected map of one state of a run; see {@link correctMotion}. Particles that were left out of the training as outliers
 * take no part. The maps lie over the consensus map, with its origin. Rigid bodies of the run are turned as such. In a run with symmetry each
 * unit of a particle is carried into the state from a place of its own, and all units of the map are in that state.
 *
 * Both halves are corrected by the one training of the run, which has seen all particles.
 * @param state the place of the state, one number for each axis
 * @throws InputError before the run is complete, for a state that is no place of its latent space or has no particles around it, for images
 *   of other particles, and as `reconstruct`; StoppedError
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { corrected, plain } = await e2.correction.correctRun(run, [1, 0], { cells: 4 });
 * console.log(e2.reconstruction.resolutionAt(corrected.fsc, 0.143), e2.reconstruction.resolutionAt(plain.fsc, 0.143));
 * run.close();
 * ```
 */
export async function correctRun(
  run: Run,
  state: ArrayLike<number>,
  options: CorrectRunOptions = {},
): Promise<CorrectedReconstruction> {
  const task = beginTask(options);
  // Refuses states of other dimensions.
  run.decode(state);
  const cells = await prepared(run, task, [state]);
  try {
    return await cells.state(state, task);
  } finally {
    await cells.close();
  }
}
