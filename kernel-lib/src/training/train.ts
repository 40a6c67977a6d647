import { existsSync } from "node:fs";
import path from "node:path";
import { InputError } from "../errors";
import { readModelText } from "../model/text";
import { GaussianHead } from "../network/head";
import { openParticles } from "../particles/particleSet";
import { prepareTargets } from "../particles/targets";
import type { TaskOptions } from "../progress";
import type { EngineChoice } from "../projection/engines";
import { engineOfRun } from "./engineOfRun";
import { FeatureBasis } from "./features";
import { readFreeGaussians } from "./freeGaussians";
import { batchThatFits, defaultMemoryBudget, gigabytes } from "./memory";
import { checkTrainingOptions, defaultTrainingOptions, type TrainingOptions } from "./options";
import { type Checkpoint, programRecord, Run, RunFolder, type RunRecord } from "./run";
import { type EpochReport, Trainer } from "./trainer";

export interface TrainSettings {
  /** RELION STAR file of the particles. */
  particles: string;
  /** Neutral model as text. */
  model: string;
  /** Folder of the run, made by the training. */
  out: string;
  /** Map that is at least 0.5 where Gaussians may change; the others are held at the neutral model. */
  mask?: string;
  /** Where the stacks are, if not beside the STAR file. */
  dataFolder?: string;
  /** Finest detail to use, in Å. Default: as far as the training box and the signal reach. */
  resolution?: number;
  options?: Partial<TrainingOptions>;
  /** Go on with the run in `out` from its last checkpoint. */
  resume?: boolean;
  /**
   * Bytes that the training may take. Half of it is for the particles' transforms: where they do not fit, they are read as
   * they are needed. Half is for a step: where the batch does not fit, a smaller one is taken, and said. Default: half of the
   * machine's memory.
   */
  memoryBudget?: number;
  /**
   * Projection engine, and threads of it, of the networks, and of what transforms images (at most 8 unless given). Default: on a
   * GPU the faster engine by a trial of a few seconds, which is said, otherwise `wasm`; a run that is resumed keeps its own. One
   * thread per core.
   */
  engine?: EngineChoice;
  /** Called after each epoch, its checkpoint written, with the encoder's latents of all particles [particles · latent]. */
  onEpoch?: (report: EpochReport, latents: Float32Array) => void;
  /**
   * Called with a sentence where the training differs from what was asked for, such as a batch that does not fit into
   * memory, and where it chose between a GPU and the CPU.
   */
  onNotice?: (notice: string) => void;
}

/**
 * The training itself, in the calling thread; see `train` in background.ts for what it promises.
 * A TensorFlow.js backend has to be up (`useBackend`).
 */
export async function trainInThisThread(settings: TrainSettings, task: TaskOptions = {}): Promise<Run> {
  const began = Date.now();
  const folder = new RunFolder(settings.out);
  let record: RunRecord | undefined;
  let checkpoint: Awaited<ReturnType<RunFolder["readCheckpoint"]>> | undefined;
  if (settings.resume) {
    record = await folder.readRecord();
    if (record.status === "complete") return Run.open(settings.out);
    if (existsSync(folder.file("weights"))) checkpoint = await folder.readCheckpoint("weights");
    if (checkpoint?.at.refined) {
      // Everything was done but to say so.
      await folder.writeRecord({ ...record, status: "complete" });
      return Run.open(settings.out);
    }
  } else if (folder.exists) {
    throw new InputError(
      settings.out,
      "a new folder, or --resume to go on with the run in this one",
      "a run",
    );
  } else if (await folder.holdsOtherFiles()) {
    throw new InputError(settings.out, "a new or empty folder", "other files");
  }
  const options = record?.options ?? { ...defaultTrainingOptions, ...settings.options };
  checkTrainingOptions(options, "options");
  const inputs = record?.inputs ?? recordedInputs(settings);

  const neutral = record ? await folder.readNeutral() : await readModelText(inputs.model);
  const set = await openParticles(inputs.particles, { dataFolder: inputs.dataFolder, signal: task.signal });
  const physical = { images: set.boxSize * set.apix, model: neutral.boxSize * neutral.apix };
  if (Math.abs(physical.images / physical.model - 1) > 0.01) {
    throw new InputError(
      inputs.particles,
      `images as wide as the box of ${inputs.model}, ${physical.model.toFixed(1)} Å`,
      `${physical.images.toFixed(1)} Å (${set.boxSize} pixels of ${set.apix} Å)`,
    );
  }
  const free = record
    ? await folder.readFree()
    : settings.mask
      ? await readFreeGaussians(neutral, settings.mask, settings.onNotice)
      : undefined;
  const widest = Math.floor((neutral.boxSize - 1) / 2);
  const rings =
    record?.rings ??
    (settings.resolution ? Math.min(widest, Math.floor(physical.model / settings.resolution)) : widest);
  if (rings < 1) {
    throw new InputError(
      "resolution",
      `finer than ${physical.model.toFixed(0)} Å`,
      `${settings.resolution} Å`,
    );
  }
  const budget = settings.memoryBudget ?? defaultMemoryBudget();
  const head = new GaussianHead(neutral, options.vary, free);
  const shape = { ...options, gaussians: neutral.count, outputs: head.outputs, rings };
  const asked = record?.batchThatFitted ?? options.batchSize;
  const batchSize = batchThatFits(asked, shape, budget / 2);
  const notice = (about: string, note: string) => {
    settings.onNotice?.(note);
    task.onProgress?.({ task: about, done: 1, total: 1, note });
  };
  if (batchSize < options.batchSize) {
    const room = gigabytes(budget / 2);
    notice(
      "memory",
      `${batchSize} particles per step instead of ${options.batchSize}: more do not fit into ${room}`,
    );
  }
  const { engine, reason } = await engineOfRun(
    settings.engine,
    { model: neutral, rings, batchSize },
    record?.program,
    (note) => notice("projection engine", note),
  );
  const open: (() => unknown)[] = [() => set.close(), () => engine.dispose()];
  try {
    const targets = await prepareTargets(set, {
      boxSize: neutral.boxSize,
      rings,
      memoryBudget: budget / 2,
      ...(settings.engine?.threads !== undefined && { threads: settings.engine.threads }),
      ...task,
    });
    open.push(() => targets.dispose());
    for (const note of set.stackNotices) settings.onNotice?.(note);
    const trainer = new Trainer(targets, head, { ...options, batchSize }, engine, settings.engine?.threads);
    open.push(() => trainer.dispose());
    const known = checkpoint && FeatureBasis.load(checkpoint.arrays);
    const { weights, basis, meanFrc } = await trainer.prepare(task, known);
    const history: EpochReport[] = [];
    if (!record) {
      record = {
        format: 1,
        program: programRecord(engine.name, reason),
        started: new Date().toISOString(),
        inputs,
        particles: targets.count,
        boxSize: neutral.boxSize,
        apix: neutral.apix,
        rings,
        lastRing: weights.lastRing,
        featureSize: basis.size,
        options,
        ...(batchSize < options.batchSize && { batchThatFitted: batchSize }),
        status: "training",
      };
      await folder.create(record, neutral, free, meanFrc);
    } else if (record.particles !== targets.count) {
      throw new InputError(
        inputs.particles,
        `the ${record.particles} particles of the run`,
        `${targets.count}`,
      );
    } else {
      history.push(...(await folder.readHistory().catch(() => [])));
    }
    await runEpochs(trainer, folder, record, checkpoint, history, began, settings.onEpoch, task);
    const posterior = await trainer.refine(task);
    await folder.writeLatents(options.latent, trainer.encodeAll(), posterior);
    await folder.writeCheckpoint("weights", trainer.save(true), {
      epoch: options.epochs,
      start: history.at(-1)!.start,
      scores: record.starts?.scores ?? [],
      refined: true,
    });
    await folder.writeRecord({ ...record, status: "complete" });
  } finally {
    // What went wrong before is not to be hidden by what goes wrong here.
    await Promise.allSettled(open.reverse().map(async (close) => close()));
  }
  return Run.open(settings.out);
}

/** Inputs as they are recorded: absolute, so that a run can be resumed from another folder. */
function recordedInputs(settings: TrainSettings): RunRecord["inputs"] {
  const { particles, model, mask, dataFolder } = settings;
  return {
    particles: path.resolve(particles),
    model: path.resolve(model),
    ...(mask && { mask: path.resolve(mask) }),
    ...(dataFolder && { dataFolder: path.resolve(dataFolder) }),
  };
}

/**
 * All epochs that are still to do. With several starts each is trained through the coarse epochs, and the one with the
 * best score on held-out particles goes on: a latent space that was cut or folded shows there.
 */
async function runEpochs(
  trainer: Trainer,
  folder: RunFolder,
  record: RunRecord,
  checkpoint: Awaited<ReturnType<RunFolder["readCheckpoint"]>> | undefined,
  history: EpochReport[],
  began: number,
  onEpoch: TrainSettings["onEpoch"],
  task: TaskOptions,
): Promise<void> {
  const { options } = trainer;
  const coarseEnd = Math.min(options.coarseEpochs, options.epochs);
  const before = history.at(-1)?.seconds ?? 0;
  let at: Checkpoint = { epoch: 0, start: 0, scores: [] };
  if (checkpoint) {
    at = checkpoint.at;
    await trainer.begin(at.start);
    trainer.load(checkpoint.arrays);
    // A crash between the two files can leave a line for an epoch whose weights were not kept.
    const kept = history.findIndex((h) => h.start === at.start && h.epoch === at.epoch);
    history.splice(kept + 1);
  } else {
    await trainer.begin(0);
  }
  while (true) {
    if (options.starts > 1 && at.scores.length < options.starts && at.epoch === coarseEnd) {
      const { score } = await trainer.judge(trainer.heldOut, trainer.encodeAll(), task);
      const best = at.scores.every((other) => score > other);
      at = { ...at, scores: [...at.scores, score] };
      if (best) await folder.writeCheckpoint("bestStart", trainer.save(), at);
      if (at.scores.length < options.starts) {
        at = { epoch: 0, start: at.start + 1, scores: at.scores };
        await trainer.begin(at.start);
      } else {
        const chosen = await folder.readCheckpoint("bestStart");
        at = { epoch: coarseEnd, start: chosen.at.start, scores: at.scores };
        trainer.load(chosen.arrays);
        record.starts = { scores: at.scores, chosen: at.start };
        await folder.writeRecord(record);
      }
      continue;
    }
    if (at.epoch === options.epochs) break;
    at = { ...at, epoch: at.epoch + 1 };
    await trainer.epoch(at.epoch, at.start, task);
    const z = trainer.encodeAll();
    const heldOut = await trainer.judge(trainer.heldOut, z, task);
    const trained = await trainer.judge(trainer.trained.subarray(0, trainer.heldOut.length), z, task);
    const report: EpochReport = {
      start: at.start,
      epoch: at.epoch,
      rings: trainer.ringsOfEpoch(at.epoch),
      trainFrc: trained.frc,
      heldOutFrc: heldOut.frc,
      heldOutScore: heldOut.score,
      seconds: before + (Date.now() - began) / 1000,
    };
    const scored = trainer.heldOut.length === 0 || Number.isFinite(report.heldOutScore);
    if (!scored || !z.every(Number.isFinite)) {
      throw new InputError(
        "options: learningRate",
        `one with which training stays finite; it did not in epoch ${at.epoch}, whose weights are not kept`,
        String(options.learningRate),
      );
    }
    history.push(report);
    await folder.writeCheckpoint("weights", trainer.save(), at);
    await folder.writeHistory(history);
    onEpoch?.(report, z);
  }
  await folder.removeBestStart();
}
