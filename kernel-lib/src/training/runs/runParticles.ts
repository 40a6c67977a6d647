import { openParticles, type ParticleSet } from "../../particles/particleSet";
import type { RunRecord } from "./runRecord";

/** Options of {@link openRunParticles}. */
export interface RunParticlesOptions {
  /** Folder of the image stacks, instead of the run's. */
  dataFolder?: string | undefined;
  /** Stops the opening. */
  signal?: AbortSignal | undefined;
}

/** How the particles of a run are read; a `record.inputs` is one. */
export type ParticleInputs = Pick<
  RunRecord["inputs"],
  "particles" | "dataFolder" | "apix" | "invertContrast" | "bytes" | "symmetry"
>;

/**
 * Opens the particles of a run as its training did: their numbers are those of `latents.csv`. With a symmetry they are symmetry
 * copies; `originals()` are the particles.
 * @throws InputError as `particles.open`
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const particles = await e2.training.openParticles(run.record.inputs);
 * console.log(particles.count === run.record.particles); // true
 * await particles.close();
 * ```
 */
export function openRunParticles(
  { particles, ...inputs }: ParticleInputs,
  { dataFolder, signal }: RunParticlesOptions = {},
): Promise<ParticleSet> {
  const { apix, invertContrast, bytes, symmetry } = inputs;
  return openParticles(particles, {
    ...{ apix, invertContrast, bytes, symmetry },
    dataFolder: dataFolder ?? inputs.dataFolder,
    ...(signal && { signal }),
  });
}
