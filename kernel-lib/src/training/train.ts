import { existsSync } from "node:fs";
import path from "node:path";
import { InputError } from "../errors";
import { ringsOfBox, ringsWithin } from "../fourier/trainingBox";
import { gigabytes } from "../memoryLimit";
import { type GaussianModel, Row } from "../model/gaussianModel";
import { readModelText } from "../model/text";
import { GaussianHead } from "../network/head";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import { prepareTargets } from "../particles/targets";
import { beginTask, type TaskOptions } from "../progress";
import {
  type ChoiceOfParticles,
  checkFit,
  chosenParticles,
  particlesWithout,
} from "./agreement/chosenParticles";
import { engineOfRun } from "./engineOfRun";
import { runEpochs } from "./epochs";
import { FeatureBasis } from "./features";
import { readFreeGaussians } from "./freeGaussians";
import { batchThatFits, defaultMemoryBudget } from "./memory";
import { withDefaults } from "./options";
import { type Checkpoint, chosenStart, loading, placesArray } from "./runs/checkpoint";
import { withClaimedRun } from "./runs/claimRun";
import { checkSameParticleFile, checkSameParticles, fileState, stackStates } from "./runs/inputFiles";

import { formatOutliers } from "./runs/outliersTable";

import { Run } from "./runs/run";
import { RunFolder } from "./runs/runFolder";
import { type RunLockToken, verifyLock } from "./runs/runLock";
import { checkTrainingOptions, programRecord, type RunRecord } from "./runs/runRecord";
import { LEAST_PARTICLES, Trainer, tooFewParticles } from "./trainer";
import type { TrainSettings } from "./trainSettings";

/**
 * The training itself, in the calling thread; see `train` in background.ts for what it promises.
 * A TensorFlow.js backend has to be up (`useBackend`).
 */
export async function trainInThisThread(settings: TrainSettings, task: TaskOptions = {}): Promise<Run> {
  const begun = beginTask(task);
  await withClaimedRun(settings, (lock) => trainClaimed(settings, lock, begun));
  return Run.open(settings.out);
}

/** What a run that goes on brings along: how it was begun, and where it stands once an epoch is finished. */
interface Begun {
  record: RunRecord;
  checkpoint: Awaited<ReturnType<RunFolder["readCheckpoint"]>> | undefined;
}

/** The same, for who holds the lock of the folder. */
export async function trainClaimed(
  settings: TrainSettings,
  lock: RunLockToken,
  task: TaskOptions = {},
): Promise<void> {
  const began = Date.now();
  const folder = new RunFolder(settings.out);
  const begun = settings.resume ? await readBegun(folder) : undefined;
  if (begun?.checkpoint?.at.refined) {
    await checkSameParticleFile(begun.record.inputs.particles, begun.record.inputFiles);
    // Training had finished; only the final status was missing.
    await finish(folder, begun.record, begun.checkpoint.at);
    return;
  }
  const options = begun?.record.options ?? withDefaults(settings.options);
  checkTrainingOptions(options, "options");
  const inputs = begun?.record.inputs ?? recordedInputs(settings);
  const notice = (about: string, note: string) => {
    settings.onNotice?.(note);
    task.onProgress?.({ task: about, done: 1, total: 1, note });
  };
  const open: (() => unknown)[] = [];
  try {
    const neutral = begun ? await folder.readNeutral(begun.record) : await readModelText(inputs.model);
    const set = await openParticles(inputs.particles, {
      dataFolder: inputs.dataFolder,
      apix: inputs.apix,
      invertContrast: inputs.invertContrast,
      bytes: inputs.bytes,
      signal: task.signal,
    });
    open.push(() => set.close());
    if (set.count < LEAST_PARTICLES) throw tooFewParticles(inputs.particles, set.count);
    requireSameSize(set, neutral, inputs);
    requireAmplitude(neutral, inputs.model);
    if (begun) await requireSameParticles(set, begun.record, (note) => notice("particles", note), task);
    const free = begun
      ? await folder.readFree(begun.record, neutral.count)
      : settings.mask
        ? await readFreeGaussians(neutral, settings.mask, settings.onNotice)
        : undefined;
    const rings = begun?.record.rings ?? ringsFor(neutral, settings.resolution);
    const finest = 2 * neutral.apix;
    if (!begun && settings.resolution !== undefined && settings.resolution < finest * (1 - 1e-6)) {
      notice(
        "resolution",
        `the box of the model ends at ${finest.toFixed(2)} Å: ${settings.resolution} Å is not reached`,
      );
    }
    const budget = settings.memoryBudget ?? defaultMemoryBudget();
    const head = new GaussianHead(neutral, options.vary, free);
    const shape = { ...options, gaussians: neutral.count, outputs: head.outputs, rings };
    const asked = begun?.record.batchThatFitted ?? options.batchSize;
    const batchSize = batchThatFits(asked, shape, budget / 2);
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
      begun?.record.program,
      (note) => notice("projection engine", note),
    );
    open.push(() => engine.dispose());
    const targets = await prepareTargets(set, {
      boxSize: neutral.boxSize,
      rings,
      memoryBudget: budget / 2,
      ...(settings.engine?.threads !== undefined && { threads: settings.engine.threads }),
      ...task,
    });
    open.push(() => targets.dispose());
    for (const note of set.stackWarnings) settings.onNotice?.(note);
    const trainer = new Trainer(targets, head, { ...options, batchSize }, engine, settings.engine?.threads);
    open.push(() => trainer.dispose());
    const choice: ChoiceOfParticles = {
      judged: { set, model: inputs.model, rings, edge: neutral.boxSize * neutral.apix },
      keepOutliers: begun ? begun.record.outliers?.kept === true : settings.keepOutliers === true,
      say: (note) => notice("particles and model", note),
    };
    const leftOut = begun && (choice.keepOutliers ? [] : await folder.readOutliers(begun.record));
    const { agreement, weights, basis, meanFrc } = await trainer.prepare(task, {
      basis: basisOf(folder, begun, neutral),
      choose: (found) => (leftOut ? particlesWithout(set.count, leftOut) : chosenParticles(found, choice)),
    });
    let record = begun?.record;
    if (!record) {
      await checkFit(trainer, choice, task);
      const { outliers } = agreement;
      const inputFiles = {
        particles: await fileState(inputs.particles),
        model: await fileState(inputs.model),
        ...(inputs.mask !== undefined && { mask: await fileState(inputs.mask) }),
        stacks: await stackStates(set, task),
      };
      await verifyLock(lock);
      record = await folder.create(
        {
          format: 1,
          program: programRecord(engine.name, reason),
          started: new Date().toISOString(),
          inputs,
          inputFiles,
          particles: targets.count,
          boxSize: neutral.boxSize,
          apix: neutral.apix,
          rings,
          lastRing: weights.lastRing,
          featureSize: basis.size,
          options,
          ...(batchSize < options.batchSize && { batchThatFitted: batchSize }),
          ...(outliers.length > 0 && { outliers: { count: outliers.length, kept: choice.keepOutliers } }),
          status: "training",
        },
        { neutral, free, meanFrc, ...(outliers.length > 0 && { outliers: formatOutliers(outliers, set) }) },
      );
    }
    const at = await runEpochs(
      { trainer, folder, lock, record, checkpoint: begun?.checkpoint, began, onEpoch: settings.onEpoch },
      task,
    );
    const posterior = await trainer.refine(task);
    const places = trainer.encodeAll();
    await verifyLock(lock);
    const latents = await folder.writeLatents(options.latent, places, posterior);
    const last = { ...at, refined: true as const, latents };
    await folder.writeCheckpoint(
      "weights",
      [...trainer.save(true), placesArray(places, options.latent)],
      last,
    );
    await finish(folder, record, last);
  } finally {
    // What went wrong before is not to be hidden by what goes wrong here.
    await Promise.allSettled(open.reverse().map(async (close) => close()));
  }
}

async function readBegun(folder: RunFolder): Promise<Begun> {
  const record = await folder.readWrittenRecord();
  const checkpoint = existsSync(folder.file("weights"))
    ? await folder.readCheckpoint("weights", record)
    : undefined;
  return { record, checkpoint };
}

/** What follows the final weights; repeated where the training died in it. */
async function finish(folder: RunFolder, record: RunRecord, at: Checkpoint): Promise<void> {
  const starts = chosenStart(record, at) ?? record.starts;
  if (at.history) await folder.writeHistory(at.history);
  await folder.removeBestStart();
  await folder.writeRecord({ ...record, ...(starts && { starts }), status: "complete" });
}

/** The basis of the encoder's input that a run began with. */
function basisOf(
  folder: RunFolder,
  begun: Begun | undefined,
  neutral: GaussianModel,
): FeatureBasis | undefined {
  if (!begun?.checkpoint) return undefined;
  const { record, checkpoint } = begun;
  return loading(folder.file("weights"), () => {
    const basis = FeatureBasis.load(checkpoint.arrays);
    basis.requireFor(neutral.count, record.rings, record.featureSize);
    return basis;
  });
}

/** @throws InputError where the model projects to nothing */
function requireAmplitude({ params, count }: GaussianModel, file: string): void {
  const amplitudes = params.subarray(Row.amplitude * count, (Row.amplitude + 1) * count);
  if (amplitudes.some((amplitude) => amplitude !== 0)) return;
  throw new InputError(file, "a Gaussian with an amplitude other than 0", "none");
}

/** @throws InputError unless the particles' box is as wide as the model's, in Å */
function requireSameSize(set: ParticleSet, neutral: GaussianModel, inputs: RunRecord["inputs"]): void {
  const [images, model] = [set.boxSize * set.apix, neutral.boxSize * neutral.apix];
  if (Math.abs(images / model - 1) <= 0.01) return;
  throw new InputError(
    inputs.particles,
    `images as wide as the box of ${inputs.model}, ${model.toFixed(1)} Å`,
    `${images.toFixed(1)} Å (${set.boxSize} pixels of ${set.apix} Å; --apix, in a notebook \`apix\`, gives another pixel size)`,
  );
}

/** @throws InputError where a run would go on with other particles than it was begun with */
async function requireSameParticles(
  set: ParticleSet,
  record: RunRecord,
  say: (note: string) => void,
  task: TaskOptions,
): Promise<void> {
  if (record.particles !== set.count) {
    throw new InputError(set.file, `the ${record.particles} particles of the run`, `${set.count}`);
  }
  if (!record.inputFiles) {
    say("the run was begun by an earlier version: whether its particles are still the same cannot be told");
    return;
  }
  const now = { particles: await fileState(set.file), stacks: await stackStates(set, task) };
  for (const note of checkSameParticles(set.file, record.inputFiles, now)) say(note);
}

/** The outermost ring for a resolution in Å, at most what the model's box holds. */
function ringsFor(neutral: GaussianModel, resolution: number | undefined): number {
  const { boxSize, apix } = neutral;
  return resolution === undefined ? ringsOfBox(boxSize) : ringsWithin(boxSize * apix, resolution, boxSize);
}

/** Inputs as they are recorded: absolute, so that a run can be resumed from another folder. */
function recordedInputs(settings: TrainSettings): RunRecord["inputs"] {
  const { particles, model, mask, dataFolder, apix, invertContrast, bytes } = settings;
  return {
    particles: path.resolve(particles),
    model: path.resolve(model),
    ...(mask && { mask: path.resolve(mask) }),
    ...(dataFolder && { dataFolder: path.resolve(dataFolder) }),
    ...(apix !== undefined && { apix }),
    ...(invertContrast && { invertContrast }),
    ...(bytes && { bytes }),
  };
}
