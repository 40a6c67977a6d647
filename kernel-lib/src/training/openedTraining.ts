import { InputError } from "../errors";
import { gigabytes } from "../memoryLimit";
import type { GaussianModel } from "../model/gaussianModel";
import { readModelText } from "../model/text";
import { GaussianHead } from "../network/head";
import { prepareTargets } from "../particles/targets";
import type { TaskOptions } from "../progress";
import type { ChosenEngine } from "../projection/engines";
import {
  checkFit,
  chosenParticles,
  type Fit,
  type ParticleChoice,
  particlesWithout,
} from "./agreement/chosenParticles";
import { engineOfRun } from "./engineOfRun";
import { FeatureBasis } from "./features/featureBasis";
import { unsupportedRun } from "./gpu/unsupported";
import { batchThatFits, defaultMemoryBudget } from "./memory";
import { type RunOptions, withDefaults } from "./options";
import { loadFrom } from "./runs/checkpoint";
import { originalOutliers } from "./runs/outliersTable";
import type { ResumedRun } from "./runs/resumedRun";
import { RunFolder } from "./runs/runFolder";
import type { RunLockToken } from "./runs/runLock";
import { checkTrainingOptions, type RunRecord } from "./runs/runRecord";
import type { KeptAxes } from "./secondRound/continuedAxes";
import { headOfBlocks, keptOfImages, openKept } from "./secondRound/keptAxes";
import { openBase, openParent } from "./secondRound/openBase";
import type { SecondRound } from "./secondRound/secondRound";
import type { CompleteSettings } from "./settings";
import { someParticles } from "./someParticles";
import { surveyedAxes } from "./survey/survey";
import { Trainer, type TrainerParts } from "./trainer";
import {
  newInputs,
  openTrainingParticles,
  recordedInputs,
  resumedInputs,
  type TrainingInputs,
} from "./trainingInputs";
import type { SampleShape } from "./trial/sampleSteps";

/** Where a training writes, and what it continues. */
export interface TrainingPlace {
  folder: RunFolder;
  lock: RunLockToken;
  resumed: ResumedRun | undefined;
  round: SecondRound | undefined;
  /** Set if inputs are only tried, and nothing is trained. */
  trial?: InputTrial;
}

/** Inputs that are tried before a training. */
export interface InputTrial {
  /** Model in place of the one in the settings, whose file then only names it in messages. */
  neutral: GaussianModel;
  /** Most particles that are compared with it, evenly spaced in the file. */
  particles: number;
}

/** A training with its inputs read and the first pass over the data made. What it opened is closed with it. */
export class OpenedTraining {
  readonly folder: RunFolder;
  readonly round: SecondRound | undefined;
  /** Input files, as they are recorded. */
  readonly files: RunRecord["inputs"];
  /** Of a new run the number of axes, unless it was given, is the most that a survey may find. */
  readonly options: RunOptions;
  trainer!: Trainer;
  inputs!: TrainingInputs;
  /** Which particles are used. */
  choice!: ParticleChoice;
  /** The projection engine, and why it was chosen, if by a trial. */
  engine!: ChosenEngine;
  private readonly resumed: ResumedRun | undefined;
  private kept: KeptAxes | undefined;
  /** Of a trainer of the new axes alone. */
  private surveyed: TrainerParts | undefined;
  private readonly budget: number;
  /** Closed in reverse order. */
  private readonly opened: (() => unknown)[] = [];
  /** Result of {@link checkFit}. */
  fit: Fit | undefined;
  /** Warnings of {@link checkFit}. */
  private readonly doubts: string[] = [];

  private readonly trial: InputTrial | undefined;

  private constructor(
    readonly settings: CompleteSettings,
    { folder, resumed, round, trial }: Omit<TrainingPlace, "lock">,
  ) {
    this.trial = trial;
    this.folder = folder;
    this.resumed = resumed;
    this.round = round;
    const options = withDefaults(settings.options);
    const latent = options.latent === "auto" ? surveyedAxes : options.latent;
    this.options = resumed?.record.options ?? { ...options, latent };
    checkTrainingOptions(this.options, "options");
    this.files = resumed?.record.inputs ?? recordedInputs(settings);
    this.budget = settings.memoryBudget ?? defaultMemoryBudget();
  }

  /** Reads all inputs and makes the first pass over the data. */
  static async open(settings: CompleteSettings, place: Omit<TrainingPlace, "lock">): Promise<OpenedTraining> {
    const training = new OpenedTraining(settings, place);
    try {
      await training.read();
      return training;
    } catch (error) {
      await training.close();
      throw error;
    }
  }

  /** The task options alone, to hand on. */
  get task(): TaskOptions {
    const { signal, onProgress } = this.settings;
    return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  }

  /** Tells a warning about a topic. */
  readonly warn = (topic: string, warning: string): void => {
    this.settings.onWarning?.(warning);
    this.settings.onProgress?.({ task: topic, done: 1, total: 1, note: warning });
  };

  private async read(): Promise<void> {
    const { settings, resumed, folder, files } = this;
    this.inputs = await this.openInputs();
    this.trainer = await this.makeTrainer(this.inputs);
    const { neutral, rings, units } = this.inputs;
    const set = this.inputs.set.originals();
    const choice: ParticleChoice = {
      judged: { set, model: files.model, rings, boxLength: neutral.boxSize * neutral.apix },
      keepOutliers: resumed ? resumed.record.outliers?.kept === true : settings.keepOutliers === true,
      // What is only tried writes no table.
      onWarning: (warning) =>
        this.warn("particles and model", this.trial ? warning : `${warning}; see outliers.csv`),
    };
    this.choice = choice;
    const excluded = resumed && (choice.keepOutliers ? [] : await folder.readOutliers(resumed.record));
    await this.trainer.prepare({
      ...this.task,
      basis: this.recordedBasis(neutral.count / units.count),
      choose: (agreement) =>
        excluded
          ? particlesWithout(this.trainer.targets, originalOutliers(excluded, units.count))
          : chosenParticles(agreement, choice),
    });
  }

  /**
   * Checks that particles and model fit each other.
   * @param isTurned whether the model is known to be in another frame than the poses
   * @throws InputError if they do not at all
   */
  async checkFit({ isTurned = false }: { isTurned?: boolean } = {}): Promise<void> {
    const { trainer, choice, doubts, task, round } = this;
    if (round?.lineage.axes === "kept" && round.selection) {
      // Selected particles differ from the model of all by their state, which looks like another pixel size.
      const { fit } = await new RunFolder(this.folder.file("parent")).readRecord();
      doubts.push(...(fit?.misfit ?? []));
      this.fit = fit;
      if (fit) return;
    }
    const onWarning = (warning: string) => doubts.push(warning);
    this.fit = await checkFit(trainer, { ...choice, onWarning, isTurned }, task);
  }

  /** Tells what does not fit, unless other poses and another model are used. */
  tellDoubts(): void {
    for (const warning of this.doubts) this.warn("particles and model", warning);
  }

  /** Warns if the epochs end before all rings with signal are used. */
  warnIfEndsCoarse(): void {
    const { trainer } = this;
    const { epochs, coarseEpochs } = this.options;
    if (epochs === "auto") return;
    const [end, all] = [trainer.ringsOfEpoch(epochs), trainer.ringsOfEpoch(coarseEpochs + 1)];
    if (end >= all) return;
    const { boxSize, apix } = trainer.neutral;
    const finest = (rings: number) => `${((boxSize * apix) / rings).toFixed(1)} Å`;
    this.warn(
      "training",
      `the training ends at ring ${end} of ${all} (${finest(end)} in place of ${finest(all)}), since finer rings are added ` +
        `over the first ${coarseEpochs} epochs: train for at least ${coarseEpochs + 1} epochs, or for fewer coarse epochs (--coarse-epochs, in a notebook \`coarseEpochs\`)`,
    );
  }

  private async openInputs(): Promise<TrainingInputs> {
    const { settings, resumed, round, folder, warn, trial } = this;
    const neutral = resumed
      ? await folder.readNeutral(resumed.record)
      : (round?.neutral ?? trial?.neutral ?? (await readModelText(this.files.model)));
    const all = await openTrainingParticles(this.files, this.task);
    this.opened.push(() => all.close());
    const set = trial ? someParticles(all, trial.particles) : all;
    if (!resumed) return newInputs({ set, neutral, settings, inherited: round }, warn);
    return resumedInputs(set, neutral, { folder, record: resumed.record }, { ...this.task, warn });
  }

  private async makeTrainer({ neutral, set, free, bodies, rings, units }: TrainingInputs): Promise<Trainer> {
    const { settings, options, budget, resumed, round, folder } = this;
    const unit = units.first(neutral);
    const ofUnit = (flags: Uint8Array | undefined) => flags?.slice(0, unit.count);
    const own = new GaussianHead(unit, options.vary, { free: ofUnit(free), bodies: ofUnit(bodies) });
    const kept = await this.openKept(unit);
    const blocks = kept && [...kept.blocks, { latent: options.latent, slots: own.slots }];
    const head = blocks ? headOfBlocks(unit, blocks, ofUnit(bodies)) : own;
    const batchSize = this.batchSize(head, rings);
    const threads = settings.engine?.threads;
    const workload = { model: neutral, rings, batchSize };
    this.engine = await engineOfRun(settings.engine, workload, {
      recorded: resumed?.record.program,
      onWarning: (warning) => this.warn("engine", warning),
      steps: blocks || round ? undefined : this.sampleShape({ head, units, rings, batchSize }),
    });
    const { engine } = this.engine;
    this.opened.push(() => engine.dispose());
    const base = await openBase(folder, { resumed: resumed?.record, round, threads });
    if (base) this.opened.push(base.close);
    const obstacle = unsupportedRun({ latent: options.latent + (kept?.latent ?? 0), base: base?.models });
    if (settings.engine?.engine === "webgpu" && obstacle !== undefined) {
      throw new InputError(
        "engine webgpu",
        "a training that its kernels support, or another engine",
        obstacle,
      );
    }
    const targets = await prepareTargets(set.originals(), {
      boxSize: neutral.boxSize,
      rings,
      memoryBudget: budget / 2,
      ...(threads !== undefined && { threads }),
      ...this.task,
    });
    this.opened.push(() => targets.dispose());
    for (const warning of set.stackWarnings) settings.onWarning?.(warning);
    const told = new Set<string>();
    const onNote = (note: string) => {
      if (!told.has(note)) this.warn("training", note);
      told.add(note);
    };
    const parts: TrainerParts = {
      ...{ targets, head, units, options: { ...options, batchSize }, engine, threads, onNote },
      base: base?.models.ofImages(targets),
      kept: kept && { ...keptOfImages(kept, targets, units.count), newSlots: own.slots },
    };
    const trainer = new Trainer(parts);
    this.opened.push(() => trainer.dispose());
    this.surveyed = { ...parts, head: own, kept: undefined };
    return trainer;
  }

  /** The steps of this training, for the trial of engines. */
  private sampleShape(of: Pick<SampleShape, "head" | "units" | "rings" | "batchSize">): SampleShape {
    const { options, settings } = this;
    const { latent, featureSize, hidden, dropout, form, roles, latentNoise, strainPenalty = 0 } = options;
    return {
      ...of,
      spec: { latent, featureSize, hidden, dropout, form, roles },
      ...{ latentNoise, strainPenalty, threads: settings.engine?.threads },
    };
  }

  /** Axes of the run before that go on in this training, if some do. */
  private async openKept(unit: GaussianModel): Promise<KeptAxes | undefined> {
    const { resumed, round, folder } = this;
    const lineage = resumed?.record.from ?? round?.lineage;
    if (lineage?.axes !== "kept") return undefined;
    const selection = resumed ? await folder.readSelection(resumed.record) : round?.selection;
    this.kept = await openKept({ folder, selection, unit });
    return this.kept;
  }

  /**
   * The trainer that surveys the latent space, before the first epoch of a new run. Where axes go on, it looks for what they leave: its
   * models are changes of those of the run before.
   * @returns with what is to be called afterwards
   */
  async surveyor(): Promise<{ trainer: Trainer; close: () => void }> {
    const { trainer, folder, round, settings, task } = this;
    if (!this.kept) return { trainer, close: () => undefined };
    const base = await openParent(folder, { resumed: undefined, round, threads: settings.engine?.threads });
    try {
      const surveyor = new Trainer({ ...this.surveyed!, base: base.models.ofImages(trainer.targets) });
      await surveyor.prepare({ ...task, choose: () => trainer.used });
      const close = () => {
        surveyor.dispose();
        base.close();
      };
      return { trainer: surveyor, close };
    } catch (error) {
      base.close();
      throw error;
    }
  }

  /** Axes of the latent space that are not new: those of the run before. */
  get earlierAxes(): number {
    return this.trainer.axes - this.trainer.options.latent;
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

  /** The encoder's input basis of a resumed run, or of the one whose axes go on, if its input is the same. */
  private recordedBasis(gaussians: number): FeatureBasis | undefined {
    const { kept, inputs, options } = this;
    const sameSize = kept?.featureSize === options.featureSize;
    if (kept && sameSize && kept.basis.fits(gaussians, inputs.rings)) return kept.basis;
    if (!this.resumed?.checkpoint) return undefined;
    const { record, checkpoint } = this.resumed;
    return loadFrom(this.folder.file("weights"), () => {
      const basis = FeatureBasis.load(checkpoint.arrays);
      basis.requireFor(gaussians, record.rings, record.featureSize);
      return basis;
    });
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
