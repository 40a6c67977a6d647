import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../compute/backends";
import { InputError } from "../errors";
import { readModelText } from "../model/text";
import { openParticles } from "../particles/particleSet";
import { beginTask, type TaskOptions } from "../progress";
import type { BackgroundSettings } from "../training/background";
import { defaultTrainingOptions } from "../training/options";
import { Run } from "../training/run";
import { type ExploreOptions, Explorer, type ExplorerParts } from "./explorer";

/**
 * Opens the explorer of a run.
 *
 * @param run one that is open, or its folder
 * @throws InputError where the folder is no run, one of another version, or one without a finished epoch
 */
export async function explore(run: Run | string, options: ExploreOptions = {}): Promise<Explorer> {
  if (!tf.getBackend()) await useBackend("auto");
  const opened = typeof run === "string" ? await Run.open(run) : run;
  const { record, latent, neutral, free, folder } = opened;
  const unfinished = record.status !== "complete";
  const latents = unfinished ? new Float32Array(0) : (await opened.latents())[options.latents ?? "refined"];
  const found = await findParticles(record.inputs, record.particles, options);
  const status = unfinished
    ? "The training of this run is not finished: its particles have no places yet, the model of its last epoch can be seen"
    : (found.withoutParticles ?? "");
  const parts: ExplorerParts = { folder, latent, neutral, free, run: opened, latents, status, ...found };
  return new Explorer(parts, options);
}

/** Particles of a run, or why they are not at hand. */
async function findParticles(
  inputs: { particles: string; dataFolder?: string; apix?: number; invertContrast?: boolean },
  count: number | undefined,
  options: ExploreOptions,
): Promise<Pick<ExplorerParts, "particles" | "withoutParticles">> {
  try {
    const dataFolder = options.dataFolder ?? inputs.dataFolder;
    const { apix, invertContrast } = inputs;
    const particles =
      options.particles ?? (await openParticles(inputs.particles, { dataFolder, apix, invertContrast }));
    if (count !== undefined && particles.count !== count) {
      throw new InputError(particles.file, `the ${count} particles of the run`, String(particles.count));
    }
    return { particles, withoutParticles: null };
  } catch (error) {
    if (options.particles || !(error instanceof Error)) throw error;
    return {
      particles: undefined,
      withoutParticles: `Without the particles sets can be made, but neither reconstructed nor written: ${error.message}`,
    };
  }
}

/**
 * Trains in the background, as `train` does, and shows it at once: before the first epoch the neutral model, from then on
 * latent space, curves and model of every epoch. `explorer.training` resolves with the finished run; it is stopped in
 * the explorer, or by the task's signal.
 *
 * @throws InputError where the neutral model cannot be read; what is wrong with the rest is said in the explorer
 */
export async function exploreTraining(
  settings: BackgroundSettings,
  task: TaskOptions & ExploreOptions = {},
): Promise<Explorer> {
  if (!tf.getBackend()) await useBackend(settings.backend ?? "auto");
  const { signal, onProgress, ...options } = beginTask(task);
  const neutral = await readModelText(settings.model);
  const found = await findParticles(settings, undefined, {
    ...options,
    ...(settings.dataFolder !== undefined && { dataFolder: settings.dataFolder }),
  });
  const parts: ExplorerParts = {
    folder: settings.out,
    latent: settings.options?.latent ?? defaultTrainingOptions.latent,
    neutral,
    free: undefined,
    run: undefined,
    latents: new Float32Array(0),
    status: "",
    ...found,
  };
  const explorer = new Explorer(parts, options);
  explorer.begin(settings, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
  return explorer;
}
