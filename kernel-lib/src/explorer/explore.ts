import * as tf from "@tensorflow/tfjs-core";
import { loadRasteriser } from "tslab-widgets/display";
import { useBackend } from "../compute/backends";
import { InputError } from "../errors";
import { readModelText } from "../model/text";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import { beginTask, type TaskOptions } from "../progress";
import { defaultTrainingOptions } from "../training/options";
import { Run, type RunRecord } from "../training/runs/run";
import type { TrainingSettings } from "../training/settings";
import { type ExploreOptions, Explorer, type ExplorerParts } from "./explorer";

/**
 * Opens the explorer of a run.
 *
 * @param run one that is open, or its folder
 * @throws InputError where the folder is no run, one of another version, or one without a finished epoch
 */
export async function explore(run: Run | string, options: ExploreOptions = {}): Promise<Explorer> {
  await loadRasteriser();
  if (!tf.getBackend()) await useBackend("auto");
  const opened = typeof run === "string" ? await Run.open(run) : run;
  const own: Owned[] = typeof run === "string" ? [opened] : [];
  return withOwned(own, async () => {
    const { record, latent, neutral, free, folder } = opened;
    const { latents, note } = await placesOf(opened, options.latents ?? "refined");
    const found = await findParticles(record.inputs, record.particles, options, own);
    const status = [note, found.withoutParticles].filter(Boolean).join(". ");
    const parts = { folder, latent, neutral, free, run: opened, latents, status, own, ...found };
    return new Explorer(parts, options);
  });
}

/** Where the particles of a run are, and what is to be said of it. */
async function placesOf(
  run: Run,
  which: "refined" | "encoder",
): Promise<{ latents: Float32Array; note: string }> {
  if (run.record.status === "complete") return { latents: (await run.latents())[which], note: "" };
  const last = run.history.at(-1);
  const epoch = last ? `epoch ${last.epoch} of ${run.record.options.epochs}` : "its last epoch";
  const places = run.encoderLatents;
  if (places) {
    return {
      latents: places,
      note: `The training of this run is not finished: shown are the encoder's places after ${epoch}, which are not refined yet`,
    };
  }
  return {
    latents: new Float32Array(0),
    note: `The training of this run is not finished, and its checkpoint has no places of the particles; the model of ${epoch} can be seen`,
  };
}

/** What an explorer opens itself, and closes. */
type Owned = ExplorerParts["own"][number];

/** Makes something of what has been opened; where that fails, all of it is closed. */
async function withOwned<T>(own: readonly Owned[], make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    await Promise.allSettled(own.map(async (one) => one.close()));
    throw error;
  }
}

/** Particles of a run, or why they are not at hand. @param own gets what is opened here */
async function findParticles(
  inputs: Pick<RunRecord["inputs"], "particles" | "dataFolder" | "apix" | "invertContrast" | "bytes">,
  count: number | undefined,
  options: ExploreOptions,
  own: Owned[],
): Promise<Pick<ExplorerParts, "particles" | "withoutParticles">> {
  let opened: ParticleSet | undefined;
  try {
    const dataFolder = options.dataFolder ?? inputs.dataFolder;
    const { apix, invertContrast, bytes } = inputs;
    if (!options.particles)
      opened = await openParticles(inputs.particles, { dataFolder, apix, invertContrast, bytes });
    const particles = options.particles ?? opened!;
    if (count !== undefined && particles.count !== count) {
      throw new InputError(particles.file, `the ${count} particles of the run`, String(particles.count));
    }
    if (opened) own.push(opened);
    return { particles, withoutParticles: null };
  } catch (error) {
    await opened?.close();
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
  settings: TrainingSettings,
  task: TaskOptions & ExploreOptions = {},
): Promise<Explorer> {
  await loadRasteriser();
  if (!tf.getBackend()) await useBackend(settings.backend ?? "auto");
  const { signal, onProgress, ...options } = beginTask(task);
  const neutral = await readModelText(settings.model);
  const own: Owned[] = [];
  return withOwned(own, async () => {
    const where = settings.dataFolder === undefined ? {} : { dataFolder: settings.dataFolder };
    const found = await findParticles(settings, undefined, { ...options, ...where }, own);
    const parts: ExplorerParts = {
      folder: settings.out,
      latent: settings.options?.latent ?? defaultTrainingOptions.latent,
      neutral,
      free: undefined,
      run: undefined,
      latents: new Float32Array(0),
      status: "",
      own,
      ...found,
    };
    const explorer = new Explorer(parts, options);
    explorer.begin(settings, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
    return explorer;
  });
}
