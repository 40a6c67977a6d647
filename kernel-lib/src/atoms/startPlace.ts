import { InputError, throwIfStopped } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import { beginTask, type TaskOptions } from "../progress";
import { fitBeads } from "./agreement";
import type { AtomModel } from "./atomModel";
import { beadsOf } from "./beads";
import { blobsOf, blurredBeads, correlation } from "./blobs";

/** What decodes places of a latent space, such as a run. */
export interface Decoder {
  /** Dimensions of the latent space. */
  readonly latent: number;
  /** Decodes a place, [latent]. */
  decode(z: ArrayLike<number>): GaussianModel;
}

/** The place of a latent space at which a model is. */
export interface ModelPlace {
  /** Index among the places. */
  index: number;
  /** The place, [latent]. */
  place: number[];
  /** Correlation of the densities there. */
  correlation: number;
  /** Correlation at every place, [places]. */
  correlations: Float64Array;
}

/**
 * Finds the place whose decoded density is most like an atomic model.
 * @param places [n · latent]
 * @throws InputError for no places, and if the model does not lie in the density
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const model = await e2.atoms.read("start.pdb");
 * const { place } = await e2.atoms.nearestPlace(run, model, [-1, 0, 0, 0, 1, 0]);
 * ```
 */
export async function nearestPlace(
  run: Decoder,
  model: AtomModel,
  places: ArrayLike<number>,
  options: TaskOptions = {},
): Promise<ModelPlace> {
  const { signal, onProgress } = beginTask(options);
  const all = rowsOf(places, run.latent);
  const beads = beadsOf(model);
  const middle = run.decode(all[all.length >> 1]!);
  const blurred = blurredBeads(beads, fitBeads(model, beads, middle).blur ** 2);
  const correlations = new Float64Array(all.length);
  for (const [i, place] of all.entries()) {
    correlations[i] = correlation(blurred, blobsOf(run.decode(place)));
    onProgress?.({ task: "start", done: i + 1, total: all.length });
    await new Promise(setImmediate);
    throwIfStopped(signal);
  }
  const best = correlations.reduce((most, value) => Math.max(most, value), 0);
  const index = correlations.indexOf(best);
  return { index, place: all[index]!, correlation: best, correlations };
}

/** Places as rows. @throws InputError unless they are rows of finite numbers */
export function rowsOf(places: ArrayLike<number>, latent: number): number[][] {
  const n = places.length / latent;
  if (!Number.isInteger(n) || n < 1 || !Array.from(places).every(Number.isFinite)) {
    throw new InputError("places", `one or more rows of ${latent} numbers`, `${places.length} numbers`);
  }
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: latent }, (_, d) => places[i * latent + d]!),
  );
}
