import type { EpochReport } from "../training/trainer";
import type { SetTable } from "../workbench/setTable";
import type { ExploredRun } from "./exploredRun";
import type { EpochState, RunState, SetState } from "./explorerState";
import type { SetReconstructions } from "./sets/setReconstructions";

/** Translates the state of an explorer into the traits that pages read. */

/** The explored run. */
export function runState({ folder, latent, count, neutral, withoutParticles, run }: ExploredRun): RunState {
  const dataset = run ? datasetOf(run.record.inputs.particles) : "";
  return { folder, dataset, latent, count, gaussians: neutral.count, withoutParticles };
}

/** A file with the folder that it is in: programs give all data sets the same file names, and folders different ones. */
function datasetOf(file: string): string {
  return file.split(/[\\/]/).filter(Boolean).slice(-2).join("/");
}

/** One epoch of the training curves. */
export function epochState({ start, epoch, rings, trainFrc, validationFrc }: EpochReport): EpochState {
  return { start, epoch, rings, trainFrc, heldOutFrc: validationFrc };
}

/** The rows of the set table. */
export function setStates(sets: SetTable, reconstructions: SetReconstructions): SetState[] {
  return Array.from(sets, ({ id, name, colour, marker, rows }) => {
    const map = reconstructions.state(id);
    return { id, name, colour, marker, count: rows.length, map };
  });
}
