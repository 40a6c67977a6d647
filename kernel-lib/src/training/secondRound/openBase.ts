import { Run } from "../runs/run";
import type { RunFolder } from "../runs/runFolder";
import type { RunRecord } from "../runs/runRecord";
import type { BaseModels } from "./baseModels";
import type { SecondRound } from "./secondRound";

/** The training for which bases are opened. */
export interface BaseOptions {
  /** Record of the run, if it is resumed. */
  resumed: RunRecord | undefined;
  /** The second round, if it begins. */
  round: SecondRound | undefined;
  /** Threads of the first round's decoder. Default: one per core. */
  threads: number | undefined;
}

/** What models are changes of in a second round that keeps the axes of the first; undefined in any other training. */
export async function openBase(
  folder: RunFolder,
  { resumed, round, threads }: BaseOptions,
): Promise<{ models: BaseModels; close: () => void } | undefined> {
  const lineage = resumed?.from ?? round?.lineage;
  if (lineage?.axes !== "fixed") return undefined;
  return openParent(folder, { resumed, round, threads });
}

/** The models that the first round decodes for the particles of a second one. */
export async function openParent(
  folder: RunFolder,
  { resumed, round, threads }: BaseOptions,
): Promise<{ models: BaseModels; close: () => void }> {
  const run = await Run.open(folder.file("parent"), { threads });
  try {
    const selection = resumed ? await folder.readSelection(resumed) : round?.selection;
    return { models: await run.basesOf(selection), close: () => run.close() };
  } catch (error) {
    run.close();
    throw error;
  }
}
