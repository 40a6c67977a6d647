import { detailOf } from "./detail";
import { ImageGroups } from "./imageGroups";
import type { OpenedTraining } from "./openedTraining";
import type { PoseDecision } from "./poses/first/poseDecision";
import type { Prepared } from "./preparation";
import { copiedOutliers, formatOutliers } from "./runs/outliersTable";
import { type RunLockToken, verifyLock } from "./runs/runLock";
import { programRecord, type RunRecord } from "./runs/runRecord";
import { type Survey, surveyLatentSpace } from "./survey/survey";
import { inputFileStates } from "./trainingInputs";

/** Writes the folder of a new run, after all checks. @returns its record */
export async function createRun(
  training: OpenedTraining,
  { lock, poses, startedAt }: { lock: RunLockToken; poses: PoseDecision; startedAt: number },
): Promise<RunRecord> {
  const { trainer, choice, inputs, files, folder, round, task } = training;
  const { set } = choice.judged;
  const n = trainer.units.count;
  const prepared = await trainer.prepare();
  const survey = await surveyAxes(training);
  const inputFiles = await inputFileStates(files, set, task);
  await verifyLock(lock);
  const groups = ImageGroups.of(trainer.targets);
  const outliers = prepared.agreement.outliers.map((outlier) => ({
    ...outlier,
    index: groups?.indexOf(outlier.index) ?? outlier.index,
  }));
  return folder.create(newRecord(training, { prepared, survey, poses, inputFiles, startedAt }), {
    neutral: trainer.neutral,
    free: inputs.free,
    bodies: inputs.bodies,
    meanFrc: prepared.meanFrc,
    ...(outliers.length > 0 && { outliers: formatOutliers(copiedOutliers(outliers, n), set, n) }),
    selection: round?.selection,
  });
}

/** Decides on the axes of the latent space, unless their number is given. */
async function surveyAxes(training: OpenedTraining): Promise<Survey | undefined> {
  const { settings, trainer, earlierAxes, round, task, warn } = training;
  if ((settings.options?.latent ?? "auto") !== "auto") return undefined;
  const surveyor = await training.surveyor();
  const beside = round && earlierAxes > 0 ? { axes: earlierAxes, are: round.lineage.axes } : undefined;
  const survey = await surveyLatentSpace(surveyor.trainer, { ...task, beside }).finally(surveyor.close);
  trainer.adopt(survey);
  warn("survey of the latent space", survey.sentence);
  return survey;
}

/** What was decided or measured before a run is created. */
interface Found extends Required<Pick<RunRecord, "poses" | "inputFiles">> {
  prepared: Prepared;
  /** Undefined if the number of axes was given. */
  survey: Survey | undefined;
  /** When the training began, before poses were checked: ms since 1970. */
  startedAt: number;
}

function newRecord(
  { trainer, settings, options: asked, files, engine, round, choice, fit }: OpenedTraining,
  { prepared, survey, poses, inputFiles, startedAt }: Found,
): RunRecord {
  const { neutral, targets } = trainer;
  const { batchSize, latent, roles, form } = trainer.options;
  const { weights, basis, agreement } = prepared;
  const options = { ...asked, latent, ...(roles && { roles }), ...(form && { form }) };
  const n = trainer.units.count;
  const count = n * agreement.outliers.length;
  return {
    format: 1,
    program: programRecord(engine),
    started: new Date(startedAt).toISOString(),
    inputs: files,
    inputFiles,
    ...(round && { from: round.lineage }),
    particles: n * (ImageGroups.of(targets)?.heads.length ?? targets.count),
    ...(targets.particleOf && { images: targets.count }),
    boxSize: neutral.boxSize,
    apix: neutral.apix,
    rings: targets.rings,
    lastRing: weights.lastRing,
    detail: detailOf({
      ...{ model: neutral, rings: targets.rings, lastRing: weights.lastRing },
      requested: settings.resolution,
    }),
    featureSize: basis.size,
    ...{ options, poses },
    ...(fit && { fit }),
    ...(survey && { survey }),
    ...(batchSize < options.batchSize && { batchThatFitted: batchSize }),
    ...(count > 0 && { outliers: { count, kept: choice.keepOutliers } }),
    status: "training",
  };
}
