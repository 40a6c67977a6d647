import path from "node:path";
import { InputError } from "../errors";
import { ringsOfBox, ringsWithin } from "../fourier/trainingBox";
import { hasSameBoxLength } from "../maps/grid";
import { type GaussianModel, Row } from "../model/gaussianModel";
import { type PointGroup, pointGroup } from "../optics/symmetry";
import type { ParticleSet } from "../particles/particleSet";
import type { TaskOptions } from "../progress";
import { readFreeGaussians } from "./freeGaussians";
import { withDefaults } from "./options";
import { minParticles, tooFewParticles } from "./preparation";
import { readRigidBodies } from "./rigidGaussians";
import {
  checkSameParticles,
  fileState,
  type InputFiles,
  stackStates,
  tomogramStates,
} from "./runs/inputFiles";
import type { RunFolder } from "./runs/runFolder";
import { openRunParticles } from "./runs/runParticles";
import type { RunRecord } from "./runs/runRecord";
import type { CompleteSettings, TrainingSettings } from "./settings";
import { type SymmetricInputs, symmetricInputs, symmetricRound } from "./units/symmetricInputs";
import { UnitAssembly } from "./units/unitAssembly";

/** Opened and checked inputs of a training. */
export interface TrainingInputs {
  neutral: GaussianModel;
  /** Particles, with a symmetry their copies; to be closed by the caller. */
  set: ParticleSet;
  /** For each Gaussian 1 if it may change. Undefined if all may. */
  free: Uint8Array | undefined;
  /** The rigid body of each Gaussian, from 1, or 0. Undefined if all move on their own. */
  bodies: Uint8Array | undefined;
  /** Units of the molecule. */
  units: UnitAssembly;
  /** Outermost ring of the training. */
  rings: number;
}

/** Reports a warning about a topic. */
export type Warn = (topic: string, warning: string) => void;

/**
 * Settings with the particles and the model that were given, or that a resumed run records.
 * @throws InputError without
 */
export function completeSettings(
  settings: TrainingSettings,
  recorded: RunRecord["inputs"] | undefined,
): CompleteSettings {
  const { particles = recorded?.particles, model = recorded?.model } = settings;
  if (particles === undefined) throw new InputError("particles", "a particle file, or `from`", "neither");
  if (model === undefined) throw new InputError("model", "a neutral model, or `from`", "neither");
  return { ...settings, particles, model };
}

/** Inputs as they are recorded: with absolute paths, so that a run can be resumed from another folder. */
export function recordedInputs(settings: CompleteSettings): RunRecord["inputs"] {
  const { particles, model, mask, rigid = [], dataFolder, apix, invertContrast, bytes } = settings;
  const group = settings.symmetry === undefined ? undefined : pointGroup(settings.symmetry);
  return {
    particles: path.resolve(particles),
    model: path.resolve(model),
    ...(mask && { mask: path.resolve(mask) }),
    ...(rigid.length > 0 && { rigid: rigid.map((file) => path.resolve(file)) }),
    ...(dataFolder && { dataFolder: path.resolve(dataFolder) }),
    ...(apix !== undefined && { apix }),
    ...(invertContrast && { invertContrast }),
    ...(bytes && { bytes }),
    ...(group && group.order > 1 && { symmetry: group.name }),
  };
}

/** Opens the particles of a training. @throws InputError for fewer than 10 */
export async function openTrainingParticles(
  inputs: RunRecord["inputs"],
  { signal }: TaskOptions,
): Promise<ParticleSet> {
  const set = await openRunParticles(inputs, { signal });
  const { count } = set.originals();
  if (count >= minParticles) return set;
  await set.close();
  throw tooFewParticles(inputs.particles, count);
}

/** What the inputs of a new run start from. */
export interface NewInputs {
  set: ParticleSet;
  neutral: GaussianModel;
  settings: CompleteSettings;
  /** What a second round has from its run, unless it is given anew: free Gaussians, rigid bodies, and rings. */
  inherited?: Pick<TrainingInputs, "free" | "bodies" | "rings"> | undefined;
}

/** What follows from the model of a new run. @throws InputError if particles and model do not match */
export async function newInputs(
  { set, neutral, settings, inherited }: NewInputs,
  warn: Warn,
): Promise<TrainingInputs> {
  const inputs = recordedInputs(settings);
  requireSameBox(set, neutral, inputs);
  requireAmplitude(neutral, inputs.model);
  const { mask, resolution, onWarning } = settings;
  const { symmetry: group } = set;
  const symmetric =
    group && (await inputsOfUnits({ neutral, settings, inherited }, group, (text) => warn("symmetry", text)));
  const masked = mask !== undefined && !symmetric;
  const free = masked ? await readFreeGaussians(neutral, mask, onWarning) : inherited?.free;
  const { boxSize, apix } = neutral;
  const inputsOfModel = { neutral, free, ...symmetric };
  // Axes that go on move the bodies that they moved before.
  const goesOn = settings.from?.axes === "kept";
  const anew = !goesOn && (mask !== undefined || settings.rigid !== undefined);
  const bodies = anew ? await newBodies(inputsOfModel, settings) : inherited?.bodies;
  const found = { ...inputsOfModel, set, bodies, units: new UnitAssembly(group) };
  if (resolution === undefined) return { ...found, rings: inherited?.rings ?? ringsOfBox(boxSize) };
  const rings = ringsWithin(boxSize * apix, resolution, boxSize);
  if (resolution < 2 * apix * (1 - 1e-6)) {
    const finest = (boxSize * apix) / rings;
    warn(
      "resolution",
      `the model's box is limited to ${finest.toFixed(2)} Å: ${resolution} Å is not reached`,
    );
  }
  return { ...found, rings };
}

/** What varies in each unit. A second round keeps the Gaussians of its run in their order. */
function inputsOfUnits(
  { neutral, settings: { mask }, inherited }: Omit<NewInputs, "set">,
  group: PointGroup,
  warn: (warning: string) => void,
): Promise<SymmetricInputs> {
  const options = { group, mask, warn };
  return inherited ? symmetricRound(neutral, inherited.free, options) : symmetricInputs(neutral, options);
}

/** The rigid bodies of a new run. @throws InputError if positions do not vary */
async function newBodies(
  { neutral, free }: Pick<TrainingInputs, "neutral" | "free">,
  { rigid = [], options, onWarning }: CompleteSettings,
): Promise<Uint8Array | undefined> {
  if (rigid.length === 0) return undefined;
  const { vary } = withDefaults(options);
  if (!vary.includes("position")) {
    throw new InputError("rigid", "positions that vary, where bodies are to move", `vary ${vary.join(",")}`);
  }
  return readRigidBodies(neutral, rigid, { free, ...(onWarning && { onWarning }) });
}

/** Checks the inputs of a resumed run. @throws InputError unless particles and model are those it was started with */
export async function resumedInputs(
  set: ParticleSet,
  neutral: GaussianModel,
  { folder, record }: { folder: RunFolder; record: RunRecord },
  { warn, ...options }: TaskOptions & { warn: Warn },
): Promise<TrainingInputs> {
  requireSameBox(set, neutral, record.inputs);
  requireAmplitude(neutral, record.inputs.model);
  if (record.particles !== set.count) {
    throw new InputError(set.file, `the ${record.particles} particles of the run`, `${set.count}`);
  }
  if (record.inputFiles) {
    const now = {
      particles: await fileState(set.file),
      stacks: await stackStates(set, options),
      ...(await tomogramStates(set)),
    };
    for (const warning of checkSameParticles(set.file, record.inputFiles, now)) warn("particles", warning);
  } else {
    warn(
      "particles",
      "the run was started by an earlier version: it cannot be checked whether its particles are still the same",
    );
  }
  const free = await folder.readFree(record, neutral.count);
  const bodies = await folder.readBodies(record, neutral.count);
  return { neutral, set, free, bodies, units: new UnitAssembly(set.symmetry), rings: record.rings };
}

/** State of all input files, for the record of a new run. */
export async function inputFileStates(
  { model, mask, rigid }: RunRecord["inputs"],
  set: ParticleSet,
  options: TaskOptions,
): Promise<InputFiles> {
  return {
    // Of an optimisation set the particles that it names.
    particles: await fileState(set.file),
    model: await fileState(model),
    ...(mask !== undefined && { mask: await fileState(mask) }),
    ...(rigid && { rigid: await Promise.all(rigid.map((file) => fileState(file))) }),
    stacks: await stackStates(set, options),
    ...(await tomogramStates(set)),
  };
}

/** @throws InputError if all amplitudes are 0 */
function requireAmplitude({ params, count }: GaussianModel, file: string): void {
  const amplitudes = params.subarray(Row.amplitude * count, (Row.amplitude + 1) * count);
  if (amplitudes.some((amplitude) => amplitude !== 0)) return;
  throw new InputError(file, "a Gaussian with an amplitude other than 0", "none");
}

/** @throws InputError unless images and model have the same box length */
function requireSameBox(set: ParticleSet, neutral: GaussianModel, inputs: RunRecord["inputs"]): void {
  if (hasSameBoxLength(set, neutral)) return;
  const [images, model] = [set.boxSize * set.apix, neutral.boxSize * neutral.apix];
  throw new InputError(
    inputs.particles,
    `images as wide as the box of ${inputs.model}, ${model.toFixed(1)} Å`,
    `${images.toFixed(1)} Å (${set.boxSize} pixels of ${set.apix} Å; use --apix, in a notebook \`apix\`, if that pixel size is wrong)`,
  );
}
