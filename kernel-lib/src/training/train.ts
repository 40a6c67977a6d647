import { gigabytes } from "../memoryLimit";
import { readModelText } from "../model/text";
import { GaussianHead } from "../network/head";
import type { ParticleSet } from "../particles/particleSet";
import { prepareTargets } from "../particles/targets";
import { beginTask, type TaskOptions } from "../progress";
import {
  checkFit,
  chosenParticles,
  type ParticleChoice,
  particlesWithout,
} from "./agreement/chosenParticles";
import { engineOfRun } from "./engineOfRun";
import { runEpochs } from "./epochs";
import { FeatureBasis } from "./features/featureBasis";
import { batchThatFits, defaultMemoryBudget } from "./memory";
import { type RunOptions, withDefaults } from "./options";
import type { PoseDecision } from "./poses/first/poseDecision";
import { type DecidedPoses, posesFirst } from "./poses/first/posesFirst";
import { requestOf, waitingSettings } from "./poses/first/trainingRequest";
import type { Prepared } from "./preparation";
import { latentsArray, loadFrom } from "./runs/checkpoint";
import { withClaimedRun } from "./runs/claimRun";
import { writeEvidence } from "./runs/evidenceFile";
import { finishRun } from "./runs/finishRun";
import { checkSameParticleFile } from "./runs/inputFiles";
import { recordLeaks } from "./runs/leaksFile";
import { copiedOutliers, formatOutliers, originalOutliers } from "./runs/outliersTable";
import { type ResumedRun, readResumed } from "./runs/resumedRun";
import { Run } from "./runs/run";
import { RunFolder } from "./runs/runFolder";
import { type RunLockToken, verifyLock } from "./runs/runLock";
import { checkTrainingOptions, programRecord, type RunRecord } from "./runs/runRecord";
import { recordUnexplained } from "./runs/unexplainedFile";
import { openBase } from "./secondRound/openBase";
import { openSecondRound, type SecondRound } from "./secondRound/secondRound";
import type { CompleteSettings, TrainingSettings } from "./settings";
import { type Survey, surveyedAxes, surveyLatentSpace } from "./survey/survey";
import { Trainer } from "./trainer";
import {
  completeSettings,
  inputFileStates,
  newInputs,
  openTrainingParticles,
  recordedInputs,
  resumedInputs,
  type TrainingInputs,
} from "./trainingInputs";

/**
 * Trains in the calling thread; `train` uses a separate thread. A TensorFlow.js backend must be active (`useBackend`).
 * @returns the opened run
 * @throws InputError for invalid input; StoppedError if aborted
 * @example
 * ```ts
 * await e2.useBackend("wasm");
 * const run = await e2.training.trainInThisThread({
 *   particles: "particles.star",
 *   model: "neutral.txt",
 *   out: "trained-here",
 *   options: { latent: 1, epochs: 1, hidden: [16, 16] },
 * });
 * run.close();
 * ```
 */
export async function trainInThisThread(
  settings: Omit<TrainingSettings, "backend" | "priority">,
): Promise<Run> {
  const started = beginTask(settings);
  await withClaimedRun(started, (lock) => trainClaimed(started, lock));
  return Run.open(settings.out);
}

/** Trains into a run folder whose lock the caller holds. */
export async function trainClaimed(given: TrainingSettings, lock: RunLockToken): Promise<void> {
  const folder = new RunFolder(given.out);
  const settings = given.resume ? await waitingSettings(given, folder) : given;
  const resumed = settings.resume ? await readResumed(folder) : undefined;
  try {
    const round =
      settings.from && !resumed ? await openSecondRound(settings.from, settings, folder) : undefined;
    const complete = round?.settings ?? completeSettings(settings, resumed?.record.inputs);
    await trainRun(complete, { folder, lock, resumed, round });
  } catch (error) {
    // Nothing is left of a second round that did not begin.
    if (settings.from && !folder.exists) await folder.removeLeftovers();
    throw error;
  }
}

/** Where a training writes, and what it continues. */
interface TrainingPlace {
  folder: RunFolder;
  lock: RunLockToken;
  resumed: ResumedRun | undefined;
  round: SecondRound | undefined;
}

async function trainRun(settings: CompleteSettings, place: TrainingPlace): Promise<void> {
  const startedAt = Date.now();
  const { folder, lock, resumed } = place;
  if (resumed?.checkpoint?.at.refined) {
    await checkSameParticleFile(resumed.record.inputs.particles, resumed.record.inputFiles);
    // Training had finished; only the final status was missing.
    await finishRun(folder, resumed.record, resumed.checkpoint.at);
    return;
  }
  let training = new Training(settings, place);
  try {
    let opened = await (resumed ? training.open() : training.openChecked());
    let record = resumed?.record;
    if (!record) {
      const { decision, inputs } = await training.decidePoses(opened);
      if (inputs) {
        await training.close();
        training = new Training({ ...settings, ...inputs }, place);
        opened = await training.openChecked();
      }
      training.tellDoubts();
      training.warnIfEndsCoarse(opened.trainer);
      record = await training.createRun(opened, { lock, poses: decision });
    }
    const { trainer, set } = opened;
    const { task } = training;
    const { onEpoch } = settings;
    const checkpoint = resumed?.checkpoint;
    const at = await runEpochs({ trainer, folder, lock, record, checkpoint, startedAt, onEpoch, ...task });
    const posterior = await trainer.refine(task);
    const latents = trainer.encodeAll();
    const evidence = await trainer.evidence(posterior, task);
    await verifyLock(lock);
    const { copies } = training;
    const { axes } = trainer;
    const calibrated = trainer.calibrated(posterior, evidence);
    const encoder = trainer.onAllAxes(latents, "encoder");
    const whole = {
      mean: trainer.onAllAxes(calibrated.mean, "refined"),
      standardDeviation: trainer.onAllAxes(calibrated.standardDeviation, "standardDeviation"),
    };
    const checksum = await folder.writeLatents({ latent: axes, encoder, posterior: whole, copies });
    if (evidence) await writeEvidence(folder, evidence);
    const placed = { set, latents: { latent: axes, refined: whole.mean, ...whole }, copies };
    await recordLeaks(folder, record, placed, task);
    await recordUnexplained(folder, await trainer.explaining(calibrated), task);
    const final = { ...at, refined: true as const, latents: checksum };
    const arrays = [...trainer.save(true), latentsArray(encoder, axes)];
    await folder.writeCheckpoint("weights", arrays, final);
    await finishRun(folder, record, final);
  } finally {
    await training.close();
  }
}

/** Opened parts of a training. */
interface OpenedTraining {
  trainer: Trainer;
  choice: ParticleChoice;
  /** The particles, with a symmetry their copies. */
  set: ParticleSet;
}

/** Parts of a new record that were decided or measured elsewhere. */
interface NewRecordParts extends Required<Pick<RunRecord, "poses" | "inputFiles">> {
  /** Whether outliers are trained on. */
  kept: boolean;
}

/** Sets a training up, and closes what it opened. */
class Training {
  private options: RunOptions;
  /** What a survey found, if it was asked how many axes are needed. */
  private survey: Survey | undefined;
  private readonly inputs: RunRecord["inputs"];
  private readonly budget: number;
  /** Closed in reverse order. */
  private readonly opened: (() => unknown)[] = [];
  /** Why the projection engine was chosen, if by a trial. */
  private engineReason: string | undefined;
  private engineName = "";
  /** Flags of the Gaussians that may change, if not all may. */
  private free: Uint8Array | undefined;
  /** The rigid body of each Gaussian, if any move as one. */
  private bodies: Uint8Array | undefined;
  /** Warnings of {@link openChecked}. */
  private doubts: string[] = [];
  /** Symmetry copies of each particle. */
  copies = 1;

  private readonly folder: RunFolder;
  private readonly resumed: ResumedRun | undefined;
  private readonly round: SecondRound | undefined;

  constructor(
    private readonly settings: CompleteSettings,
    { folder, resumed, round }: Pick<TrainingPlace, "folder" | "resumed" | "round">,
  ) {
    this.folder = folder;
    this.resumed = resumed;
    this.round = round;
    const options = withDefaults(settings.options);
    const latent = options.latent === "auto" ? surveyedAxes : options.latent;
    this.options = resumed?.record.options ?? { ...options, latent };
    checkTrainingOptions(this.options, "options");
    this.inputs = resumed?.record.inputs ?? recordedInputs(settings);
    this.budget = settings.memoryBudget ?? defaultMemoryBudget();
  }

  /** The task options alone, to hand on. */
  get task(): TaskOptions {
    const { signal, onProgress } = this.settings;
    return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  }

  private readonly warn = (topic: string, warning: string): void => {
    this.settings.onWarning?.(warning);
    this.settings.onProgress?.({ task: topic, done: 1, total: 1, note: warning });
  };

  /** Reads all inputs and makes the first pass over the data. */
  async open(): Promise<OpenedTraining> {
    const { settings, resumed, folder } = this;
    const inputs = await this.openInputs();
    const trainer = await this.makeTrainer(inputs);
    const { neutral, rings, units } = inputs;
    const set = inputs.set.originals();
    const choice: ParticleChoice = {
      judged: { set, model: this.inputs.model, rings, boxLength: neutral.boxSize * neutral.apix },
      keepOutliers: resumed ? resumed.record.outliers?.kept === true : settings.keepOutliers === true,
      onWarning: (warning) => this.warn("particles and model", warning),
    };
    const excluded = resumed && (choice.keepOutliers ? [] : await folder.readOutliers(resumed.record));
    await trainer.prepare({
      ...this.task,
      basis: this.recordedBasis(neutral.count / units.count),
      choose: (agreement) =>
        excluded
          ? particlesWithout(set.count, originalOutliers(excluded, units.count))
          : chosenParticles(agreement, choice),
    });
    this.free = inputs.free;
    this.bodies = inputs.bodies;
    this.copies = units.count;
    return { trainer, choice, set: inputs.set };
  }

  /** As {@link open}, and checks that particles and model fit each other. */
  async openChecked(): Promise<OpenedTraining> {
    const opened = await this.open();
    const { trainer, choice } = opened;
    this.doubts = [];
    await checkFit(trainer, { ...choice, onWarning: (warning) => this.doubts.push(warning) }, this.task);
    return opened;
  }

  /** Tells what does not fit, unless other poses and another model are used. */
  tellDoubts(): void {
    for (const warning of this.doubts) this.warn("particles and model", warning);
  }

  /** Decides which poses a new run uses. @returns with inputs, if they are not those of the settings */
  async decidePoses({ trainer, choice }: OpenedTraining): Promise<DecidedPoses> {
    const { settings, folder, options } = this;
    const found = await posesFirst(
      {
        choice: settings.poses ?? "auto",
        request: requestOf(settings, this.inputs),
        ...{ set: choice.judged.set, model: trainer.neutral },
        ...{ folder: folder.poses, seed: options.seed, engine: settings.engine },
      },
      this.task,
    );
    if (settings.poses !== "file") this.warn("poses", found.decision.sentence);
    return found;
  }

  /** Warns if the epochs end before all rings with signal are used. */
  warnIfEndsCoarse(trainer: Trainer): void {
    const { epochs, coarseEpochs } = this.options;
    const [end, all] = [trainer.ringsOfEpoch(epochs), trainer.ringsOfEpoch(coarseEpochs + 1)];
    if (end >= all) return;
    const { boxSize, apix } = trainer.neutral;
    const finest = (rings: number) => `${((boxSize * apix) / rings).toFixed(1)} Å`;
    this.warn(
      "training",
      `the training ends at ring ${end} of ${all} (${finest(end)} in place of ${finest(all)}), since finer rings are added ` +
        `over the first ${coarseEpochs} epochs: train for at least ${coarseEpochs + 1} epochs, or set a smaller coarseEpochs`,
    );
  }

  private async openInputs(): Promise<TrainingInputs> {
    const { settings, resumed, round, folder, warn } = this;
    const neutral = resumed
      ? await folder.readNeutral(resumed.record)
      : (round?.neutral ?? (await readModelText(this.inputs.model)));
    const set = await openTrainingParticles(this.inputs, this.task);
    this.opened.push(() => set.close());
    if (!resumed) return newInputs({ set, neutral, settings, inherited: round }, warn);
    return resumedInputs(set, neutral, { folder, record: resumed.record }, { ...this.task, warn });
  }

  private async makeTrainer({ neutral, set, free, bodies, rings, units }: TrainingInputs): Promise<Trainer> {
    const { settings, options, budget, resumed, round, folder } = this;
    const unit = units.first(neutral);
    const head = new GaussianHead(unit, options.vary, {
      free: free?.slice(0, unit.count),
      bodies: bodies?.slice(0, unit.count),
    });
    const batchSize = this.batchSize(head, rings);
    const threads = settings.engine?.threads;
    const workload = { model: neutral, rings, batchSize };
    const { engine, reason } = await engineOfRun(settings.engine, workload, {
      recorded: resumed?.record.program,
      onWarning: (warning) => this.warn("projection engine", warning),
    });
    this.opened.push(() => engine.dispose());
    this.engineName = engine.name;
    this.engineReason = reason;
    const targets = await prepareTargets(set.originals(), {
      boxSize: neutral.boxSize,
      rings,
      memoryBudget: budget / 2,
      ...(threads !== undefined && { threads }),
      ...this.task,
    });
    this.opened.push(() => targets.dispose());
    for (const warning of set.stackWarnings) settings.onWarning?.(warning);
    const base = await openBase(folder, { resumed: resumed?.record, round, threads });
    if (base) this.opened.push(base.close);
    const trainer = new Trainer({
      targets,
      head,
      units,
      options: { ...options, batchSize },
      engine,
      threads,
      base: base?.models,
    });
    this.opened.push(() => trainer.dispose());
    return trainer;
  }

  /** The requested batch size, or the largest that fits into memory. */
  private batchSize(head: GaussianHead, rings: number): number {
    const { options, budget, resumed } = this;
    const shape = { ...options, gaussians: head.neutral.count, outputs: head.outputs, rings };
    const requested = resumed?.record.batchThatFitted ?? options.batchSize;
    const batchSize = batchThatFits(requested, shape, budget / 2);
    if (batchSize < options.batchSize) {
      this.warn(
        "memory",
        `${batchSize} particles per step instead of ${options.batchSize}: more do not fit into ${gigabytes(budget / 2)}`,
      );
    }
    return batchSize;
  }

  /** The encoder's input basis of a resumed run. */
  private recordedBasis(gaussians: number): FeatureBasis | undefined {
    if (!this.resumed?.checkpoint) return undefined;
    const { record, checkpoint } = this.resumed;
    return loadFrom(this.folder.file("weights"), () => {
      const basis = FeatureBasis.load(checkpoint.arrays);
      basis.requireFor(gaussians, record.rings, record.featureSize);
      return basis;
    });
  }

  /** Writes the folder of a new run, after all checks. @returns its record */
  async createRun(
    { trainer, choice }: OpenedTraining,
    { lock, poses }: { lock: RunLockToken; poses: PoseDecision },
  ): Promise<RunRecord> {
    const { inputs } = this;
    const { set } = choice.judged;
    const n = trainer.units.count;
    const prepared = await trainer.prepare();
    await this.surveyAxes(trainer);
    const inputFiles = await inputFileStates(inputs, set, this.task);
    await verifyLock(lock);
    const { outliers } = prepared.agreement;
    const rest = { poses, inputFiles, kept: choice.keepOutliers };
    return this.folder.create(this.newRecord(trainer, prepared, rest), {
      neutral: trainer.neutral,
      free: this.free,
      bodies: this.bodies,
      meanFrc: prepared.meanFrc,
      ...(outliers.length > 0 && { outliers: formatOutliers(copiedOutliers(outliers, n), set, n) }),
      selection: this.round?.selection,
    });
  }

  /** Decides on the axes of the latent space, unless their number is given. */
  private async surveyAxes(trainer: Trainer): Promise<void> {
    if ((this.settings.options?.latent ?? "auto") !== "auto") return;
    const survey = await surveyLatentSpace(trainer, this.task);
    trainer.adopt(survey);
    const { latent, roles, form } = trainer.options;
    this.options = { ...this.options, latent, ...(roles && { roles }), ...(form && { form }) };
    this.survey = survey;
    this.warn("survey of the latent space", survey.sentence);
  }

  private newRecord(
    trainer: Trainer,
    { weights, basis, agreement }: Prepared,
    { poses, inputFiles, kept }: NewRecordParts,
  ): RunRecord {
    const { options, inputs } = this;
    const { neutral, targets } = trainer;
    const { batchSize } = trainer.options;
    const n = trainer.units.count;
    const count = n * agreement.outliers.length;
    return {
      format: 1,
      program: programRecord(this.engineName, this.engineReason),
      started: new Date().toISOString(),
      inputs,
      inputFiles,
      ...(this.round && { from: this.round.lineage }),
      particles: n * targets.count,
      boxSize: neutral.boxSize,
      apix: neutral.apix,
      rings: targets.rings,
      lastRing: weights.lastRing,
      featureSize: basis.size,
      ...{ options, poses },
      ...(this.survey && { survey: this.survey }),
      ...(batchSize < options.batchSize && { batchThatFitted: batchSize }),
      ...(count > 0 && { outliers: { count, kept } }),
      status: "training",
    };
  }

  /** Closes everything. Errors are ignored: they must not hide an earlier one. */
  async close(): Promise<void> {
    await Promise.allSettled(
      this.opened
        .splice(0)
        .reverse()
        .map(async (close) => close()),
    );
  }
}
