import type { QueueSettings } from "../../jobs/queueSettings";
import type { HalvesSettings, StudySettings } from "../../study/settings";
import { studyHalves, studyOptions, studySeeds } from "../../study/studies";
import { parseSeeds, readOptionSets } from "../../study/studyInputs";
import { type TrainingOptions, withDefaults } from "../../training/options";

/** What studies of a form or of a new run may be given. */
export type QueuedStudy = Pick<
  HalvesSettings,
  | "particles"
  | "out"
  | "model"
  | "mask"
  | "resolution"
  | "gaussians"
  | "dataFolder"
  | "apix"
  | "invertContrast"
> & {
  clusters?: number;
  training: Partial<TrainingOptions>;
  queue: QueueSettings;
} & ({ kind: "halves" } | { kind: "seeds"; seeds: string } | { kind: "options"; file: string });

/** Queues a study, recorded with all settings as its command does, so that either can continue it. */
export async function startStudy({ training, ...study }: QueuedStudy): Promise<void> {
  const { particles, out, queue, clusters = "auto" } = study;
  const { model, mask, resolution, dataFolder, apix, invertContrast } = study;
  const settings: StudySettings = {
    ...{ particles, out, queue, clusters, poses: "auto", options: withDefaults(training) },
    ...(mask !== undefined && { mask }),
    ...(resolution !== undefined && { resolution }),
    ...(dataFolder !== undefined && { dataFolder }),
    ...(apix !== undefined && { apix }),
    ...(invertContrast && { invertContrast }),
  };
  if (study.kind === "halves") {
    const { gaussians } = study;
    await studyHalves({
      ...settings,
      ...(model !== undefined && { model }),
      ...(gaussians !== undefined && { gaussians }),
    });
    return;
  }
  const neutral = { model: model ?? "" };
  if (study.kind === "seeds") {
    // The parts have seeds of their own.
    const { seed: _, ...options } = withDefaults(training);
    await studySeeds({ ...settings, ...neutral, options, seeds: parseSeeds(study.seeds) });
  } else await studyOptions({ ...settings, ...neutral, sets: await readOptionSets(study.file) });
}
