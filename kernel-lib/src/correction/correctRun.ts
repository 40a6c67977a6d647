import { InputError } from "../errors";
import type { ParticleSet } from "../particles/particleSet";
import { beginTask } from "../progress";
import type { Run } from "../training/runs/run";
import { openRunParticles } from "../training/runs/runParticles";
import { usedParticles } from "../training/runs/usedParticles";
import { type CorrectedReconstruction, type CorrectOptions, correctMotion } from "./correctMotion";
import { overConsensus } from "./overConsensus";
import { posedSource } from "./posedSource";

/** Options of {@link correctRun}. */
export interface CorrectRunOptions extends Omit<CorrectOptions, "indices"> {
  /**
   * Images of the particles of the run, in the same order, of any box and pixel size, such as those in full size; poses are
   * those of the run. Default: the images that the run was trained on.
   */
  images?: ParticleSet;
}

/**
 * The motion-corrected map of one state of a run; see {@link correctMotion}. Particles that were left out of the training as outliers
 * take no part. The maps lie over the consensus map, with its origin.
 *
 * Both halves are corrected by the one training of the run, which has seen all particles.
 * @param state the place of the state, one number for each axis
 * @throws InputError before the run is complete, for a run with symmetry, for a state that is no place of its latent space, for images of
 *   other particles, and as `reconstruct`; StoppedError
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
  const { images, ...task } = beginTask(options);
  const { record, neutral, latent } = run;
  if (record.inputs.symmetry !== undefined) {
    throw new InputError(run.folder, "a run without symmetry", `one with ${record.inputs.symmetry}`);
  }
  const { refined: places } = await run.latents();
  const indices = await usedParticles({ record, outliers: () => run.outliers() }, places.length / latent);
  const poses = await openRunParticles(record.inputs, { signal: task.signal });
  try {
    const source = images ? posedSource(images, poses) : poses;
    await (images ?? poses).checkStacks({ ...(task.signal && { signal: task.signal }) });
    const motion = { latent, places, decode: (place: ArrayLike<number>) => run.decode(place) };
    const found = await correctMotion(source, motion, state, { ...task, indices });
    return overConsensus(found, neutral);
  } finally {
    await poses.close();
  }
}
