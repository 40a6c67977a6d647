import path from "node:path";
import { RunFolder } from "../../training/runs/runFolder";
import { openWorkbench } from "../../workbench/workbench";
import type { TaskValues } from "./taskFields";

/** What a run says about tasks that begin with it. */
export interface RunForTasks {
  /** Values of fields, by their names. */
  values: TaskValues;
  /** Names of its sets of particles; none of a run with symmetry, whose sets have units. */
  sets: string[];
  /** Axes of its latent space. */
  axes: number;
}

/**
 * Values of a run that tasks take over in the fields that they have: its particles and how they are read, model, mask, symmetry, resolution
 * and settings of the training.
 * @param run folder of a run
 * @throws InputError if it is none
 * @example
 * ```ts
 * const { values, sets, axes } = await e2.project.runForTasks("RUN");
 * console.log(values["particles"], sets.length, axes);
 * ```
 */
export async function runForTasks(run: string): Promise<RunForTasks> {
  const folder = new RunFolder(run);
  const { inputs, options, survey, detail } = await folder.readRecord();
  const { particles, model, mask, symmetry, dataFolder, apix, invertContrast } = inputs;
  const workbench = await openWorkbench(run);
  const sets = symmetry === undefined ? Array.from(workbench.sets, ({ name }) => name) : [];
  await workbench.close();
  const full = (file: string) => path.resolve(file);
  return {
    sets,
    axes: options.latent,
    values: {
      ...{ run: full(run), particles: full(particles), model: full(model) },
      ...(mask !== undefined && { mask: full(mask) }),
      ...(symmetry !== undefined && { symmetry }),
      ...(dataFolder !== undefined && { dataFolder: full(dataFolder) }),
      ...(apix !== undefined && { apix }),
      ...(invertContrast && { invertContrast }),
      ...(detail && { resolution: Number(detail.resolution.toFixed(2)) }),
      // A survey would choose again.
      ...(!survey && { latent: options.latent }),
      ...(Number.isInteger(options.epochs) && { epochs: options.epochs as number }),
      vary: options.vary,
    },
  };
}
