import { beginTask, type TaskOptions } from "../progress";
import type { EngineChoice } from "../projection/engines";
import { gatherRows } from "../training/batches";
import type { Run } from "../training/runs/run";
import { usedParticles } from "../training/runs/usedParticles";
import { type MixtureSets, mixtureSets } from "./mixtureSets";

/** Options of {@link particleSets}. */
export interface ParticleSetsOptions extends TaskOptions {
  /** Number of sets; `auto` (default): as many as there are separate groups. */
  clusters?: number | "auto";
  /**
   * By what particles are assigned to separate groups. `images` (default): by the probability of each group given the image, which
   * is more exact; the images are read again. `places`: by the coordinates only. In a run with symmetry, and for parts of a
   * continuum, it is always places.
   */
  by?: "images" | "places";
  /** Of random choices. Default 1. */
  seed?: number;
  /** Projection engine and number of threads. Default `wasm`. */
  engine?: EngineChoice;
  /** Called with a sentence about what has changed since the training. */
  onWarning?: (warning: string) => void;
}

/** Particles of a run divided into sets. Rows are those of `indices`. */
export interface ParticleSets extends MixtureSets {
  /** Particles, ascending: all but the outliers that were left out of training. */
  indices: Int32Array;
}

/**
 * Divides the particles of a run into sets as `e2gmm latent RUN --clusters auto` does: a mixture of their places, with the errors of
 * these, says whether there are separate groups and how many (see `selectMixture`). Then the images decide which group each
 * particle belongs to, and whether they need all of these groups.
 *
 * @throws InputError before the run is complete, and if its particles have changed or cannot be read; StoppedError
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { advice, indices, labels, certainty } = await e2.latent.particleSets(run);
 * console.log(advice, indices[0], labels[0], certainty[0]);
 * run.close();
 * ```
 */
export async function particleSets(run: Run, options: ParticleSetsOptions = {}): Promise<ParticleSets> {
  const { clusters = "auto", by = "images", engine, onWarning, ...task } = beginTask(options);
  const { latent, record } = run;
  const { refined, standardDeviation } = await run.latents();
  const outliers = () => run.outliers();
  const indices = await usedParticles({ record, outliers }, refined.length / latent);
  const images = { ...(engine && { engine }), ...(onWarning && { onWarning }) };
  const sets = await mixtureSets(gatherRows(refined, latent, indices), latent, {
    ...{ ...task, clusters, deviations: gatherRows(standardDeviation, latent, indices) },
    ...(by === "images" &&
      record.inputs.symmetry === undefined && {
        assign: (groups, under) => run.assignByImages(groups, { ...images, ...under, rows: indices }),
      }),
  });
  return { ...sets, indices };
}
