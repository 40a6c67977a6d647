import { Run } from "./run";

/**
 * Opens the folder of a run for reading: its record, models and latent coordinates.
 *
 * @param folder path of the run folder
 * @returns the run; `run.close()` releases its networks
 * @throws InputError if the folder holds no run, a damaged one, or one without a finished epoch
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * ```
 */
export function openRun(folder: string): Promise<Run> {
  return Run.open(folder);
}
