import * as tf from "@tensorflow/tfjs-core";
import { loadRasteriser } from "tslab-widgets/display";
import { useBackend } from "../compute/backends";
import { InputError } from "../errors";
import { readModelText } from "../model/text";
import type { ParticleSet } from "../particles/particleSet";
import { beginTask, type TaskOptions } from "../progress";
import { type Latents, latentAxes, Run, RunFolder } from "../training/runs/run";
import { openRunParticles, type ParticleInputs } from "../training/runs/runParticles";
import { nameOfEpoch } from "../training/schedule";
import type { TrainingSettings } from "../training/settings";
import { openWorkbench, type Workbench } from "../workbench/workbench";
import type { Closeable, ExploredRunSource } from "./exploredRun";
import type { ExploreOptions } from "./exploreOptions";
import { Explorer } from "./explorer";
import { knowledgeOf } from "./runKnowledge";
import { shownPlaces } from "./shownPlaces";

/** Axes of a training whose number of axes is not given: the explorer has to know it before a survey could tell. */
const exploredAxes = 2;

/** Axes of the latent space of a training: those that are given, or of the run that it resumes. */
async function axesOf({ options, resume, out }: TrainingSettings): Promise<number> {
  const { latent = "auto" } = options ?? {};
  if (latent !== "auto") return latent;
  return resume ? latentAxes(await new RunFolder(out).readRecord()) : exploredAxes;
}

/**
 * Opens the explorer of a run; as the value of a cell it is displayed. Without its particle file a run can be explored, but
 * neither reconstructed nor exported, which the status reports.
 *
 * @param run an open run, or the folder of one
 * @throws InputError for a folder without a run, a run of another version, or one without a finished epoch
 *
 * @example
 * ```ts
 * const explorer = await e2.explore("RUN", { title: "Simulated particles" });
 * explorer.scatter.probe = [0.5, 0];
 * const picture = explorer.picture().svg;
 * explorer.close();
 * ```
 */
export async function explore(run: Run | string, options: ExploreOptions = {}): Promise<Explorer> {
  await loadRasteriser();
  if (!tf.getBackend()) await useBackend("auto");
  const opened = typeof run === "string" ? await Run.open(run) : run;
  const owned: Closeable[] = typeof run === "string" ? [opened] : [];
  return closingOnError(owned, async () => {
    const { record, latent, neutral, free, folder } = opened;
    const knowledge = await knowledgeOf(opened);
    const { warning, ...places } = placesOf(opened, knowledge.latents, options.latents ?? "refined");
    const found = await findParticles(record.inputs, record.particles, options, owned);
    const { workbench, problem } = await workbenchOf(opened, places.latents.length / latent, options);
    const status = [warning, found.withoutParticles, problem].filter(Boolean).join(". ");
    return new Explorer(
      { folder, latent, neutral, free, run: opened, ...places, knowledge, workbench, owned, ...found },
      options,
      status,
    );
  });
}

/** What was made of a run before, or why it cannot be used. Particles without places cannot be shown in sets. */
async function workbenchOf(
  run: Run,
  places: number,
  { keep = true }: ExploreOptions,
): Promise<{ workbench?: Workbench; problem: string }> {
  if (!keep || places !== run.record.particles) return { problem: "" };
  try {
    const workbench = await openWorkbench(run);
    workbench.watch();
    return { workbench, problem: "" };
  } catch (error) {
    const why = (error as Error).message;
    return { problem: `What was made of this run before cannot be read, and nothing is kept now: ${why}` };
  }
}

/** Latent coordinates of a run, with a warning if its training is not finished. */
function placesOf(
  run: Run,
  complete: Latents | undefined,
  which: "refined" | "encoder",
): Pick<ExploredRunSource, "latents" | "deviations"> & { warning: string } {
  if (complete) return { ...shownPlaces(complete, which), warning: "" };
  const last = run.history.at(-1);
  const epoch = last ? nameOfEpoch(last) : "its last epoch";
  const places = run.encoderLatents;
  if (places) {
    return {
      latents: places,
      warning: `Training of this run is not finished: latent coordinates are the encoder's after ${epoch}, not yet refined`,
    };
  }
  return {
    latents: new Float32Array(0),
    warning: `Training of this run is not finished, and its checkpoint has no latent coordinates; only the model of ${epoch} is shown`,
  };
}

/** Calls `make`; if it fails, closes everything that was opened for it. */
async function closingOnError<T>(owned: readonly Closeable[], make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    await Promise.allSettled(owned.map(async (one) => one.close()));
    throw error;
  }
}

/**
 * The particles of a run, or why they are not available.
 * @param count expected number of particles; undefined: any
 * @param owned receives the resources opened here
 */
async function findParticles(
  inputs: ParticleInputs,
  count: number | undefined,
  options: ExploreOptions,
  owned: Closeable[],
): Promise<Pick<ExploredRunSource, "particles" | "withoutParticles">> {
  let opened: ParticleSet | undefined;
  try {
    if (!options.particles) opened = await openRunParticles(inputs, { dataFolder: options.dataFolder });
    const particles = options.particles ?? opened!;
    if (count !== undefined && particles.count !== count) {
      throw new InputError(particles.file, `the ${count} particles of the run`, String(particles.count));
    }
    if (opened) owned.push(opened);
    return { particles, withoutParticles: null };
  } catch (error) {
    await opened?.close();
    if (options.particles || !(error instanceof Error)) throw error;
    return {
      particles: undefined,
      withoutParticles: `Without the particle file, sets can be made but not reconstructed or exported: ${error.message}`,
    };
  }
}

/**
 * Trains in the background like `train` and shows the progress: first the neutral model, then latent space, curves and model
 * of every epoch. `explorer.training` resolves with the finished run. The training can be stopped in the explorer, by
 * `explorer.stopTraining()`, or by `options.signal`.
 *
 * @throws InputError if the neutral model cannot be read, and for a second round (`from`), which is trained by `train` and explored
 *   afterwards; other problems become the status of the explorer
 *
 * @example
 * ```ts
 * const explorer = await e2.exploreTraining({
 *   particles: "particles.star",
 *   model: "neutral.txt",
 *   out: "explored run",
 *   options: { latent: 2, epochs: 1 },
 * });
 * explorer.stopTraining();
 * await explorer.training.catch((error) => console.log(error.message));
 * explorer.close();
 * ```
 */
export async function exploreTraining(
  settings: TrainingSettings,
  options: TaskOptions & ExploreOptions = {},
): Promise<Explorer> {
  await loadRasteriser();
  if (!tf.getBackend()) await useBackend(settings.backend ?? "auto");
  const { signal, onProgress, ...exploreOptions } = beginTask(options);
  const { particles, model } = settings;
  if (particles === undefined || model === undefined) {
    throw new InputError(
      "exploreTraining",
      "particles and model: explore a second round (`from`) after its training",
      "none",
    );
  }
  const neutral = await readModelText(model);
  const latent = await axesOf(settings);
  const owned: Closeable[] = [];
  return closingOnError(owned, async () => {
    const where = settings.dataFolder === undefined ? {} : { dataFolder: settings.dataFolder };
    const found = await findParticles(
      { ...settings, particles },
      undefined,
      { ...exploreOptions, ...where },
      owned,
    );
    const source: ExploredRunSource = {
      folder: settings.out,
      latent,
      neutral,
      free: undefined,
      run: undefined,
      latents: new Float32Array(0),
      owned,
      ...found,
    };
    const explorer = new Explorer(source, exploreOptions);
    explorer.begin(
      { ...settings, options: { ...settings.options, latent } },
      { ...(signal && { signal }), ...(onProgress && { onProgress }) },
    );
    return explorer;
  });
}
