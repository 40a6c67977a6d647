import { InputError } from "../../errors";
import { ringsOfBox, ringsWithin, trainingBox } from "../../fourier/trainingBox";
import { hasSameBoxLength } from "../../maps/grid";
import { checkMask, maskAt } from "../../maps/mask";
import type { Volume } from "../../maps/volume";
import { symmetriseModel } from "../../model/asymmetricUnit";
import { boxLengthOf, type GaussianModel, pickGaussians } from "../../model/gaussianModel";
import { growNeutralModel } from "../../model/growNeutralModel";
import { groupOf, insideMask } from "../../model/growthSymmetry";
import { allUnits } from "../../model/symmetricModel";
import type { PointGroup } from "../../optics/symmetry";
import { alternateHalves } from "../../particles/halves";
import type { ParticleSet } from "../../particles/particleSet";
import { prepareTargets } from "../../particles/targets";
import { beginTask, type TaskOptions } from "../../progress";
import { createEngine } from "../../projection/engines";
import { Random } from "../../random";
import { reconstruct } from "../../reconstruction/reconstruct";
import { judgeAgreement } from "../agreement/agreement";
import { agreementError } from "../agreement/agreementReport";
import { type ParticleSplit, splitHeldOut } from "../heldOut";
import { particlesAmong } from "../imageGroups";
import { neutralFrc } from "../neutralFrc";
import { minParticles, tooFewParticles } from "../preparation";
import { NeutralFit } from "./neutralFit";
import type {
  FromParticlesOptions,
  NeutralFromParticles,
  NeutralReport,
  PolishedModel,
  PolishOptions,
} from "./neutralOptions";
import { compareModels } from "./neutralReport";
import type { ScoreContext } from "./particleScore";
import { polish } from "./polish";

/**
 * Builds the neutral model of particles without a map: their mean structure.
 *
 * Gaussians grow coarse to fine in a back-projection of the particles, and are then polished against the particles themselves; see
 * {@link polishNeutralModel}. A tenth of the particles is left out of both, and decides whether the polished model is used.
 *
 * @throws InputError for particles without poses or with too few of them, images that do not agree with their own back-projection,
 *   and options out of range; StoppedError
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const { model, report } = await e2.training.neutralFromParticles(particles, { resolution: 12, gaussians: 16 });
 * console.log(model.count, report.sentence);
 * await particles.close();
 * ```
 */
export async function neutralFromParticles(
  particles: ParticleSet,
  given: FromParticlesOptions,
): Promise<NeutralFromParticles> {
  const options = beginTask(given);
  const { resolution, gaussians, mask, symmetry, seed, targetFrc } = options;
  const task = taskOf(options);
  const set = halfOf(particles, options.half);
  const boxSize = options.boxSize ?? trainingBox(set, resolution).boxSize;
  const { map } = await reconstruct(set, {
    ...{ ...task, indices: split(set, options).trainingSet, halves: "none", symmetry },
    boxSize: Math.min(boxSize, set.boxSize),
  });
  const grown = await growNeutralModel(map, {
    ...{ ...task, resolution, boxSize, symmetry },
    ...(gaussians !== undefined && { gaussians }),
    ...(mask && { mask: sampledMask(mask, map) }),
    ...(seed !== undefined && { seed }),
    ...(targetFrc !== undefined && { targetFrc }),
  });
  const polished = await polishHalf(set, grown.model, { ...options, map });
  const { rounds, trainingBox: box, warnings } = grown;
  const unit = polished.unit ?? grown.unit;
  return { ...polished, ...(unit && { unit }), rounds, trainingBox: box, warnings };
}

/**
 * Polishes a neutral model against particles: raises their score (weighted by information, as in training) by moving Gaussians and
 * changing their amplitudes and widths. Where the model has no density but the particles have, as where a domain is smeared out in
 * the map, random Gaussians are tried, in the mask if there is one: those whose amplitude the particles support by three standard
 * errors stay, at most a quarter more than there were. Gaussians whose amplitude is within three standard errors of 0 are taken out.
 *
 * Particles that were left out decide: unless they are described better by more than two standard errors, the model stays as it was.
 * If the map that the model was made from contains these particles, the gain is underestimated a little.
 *
 * The score is raised by Adam in at most 900 steps of 128 particles, whatever the number of particles.
 *
 * @param model of the whole molecule, in the box of the training
 * @throws InputError if model, mask, map and images have different box lengths, the images do not agree with the model at all, or the
 *   model has not the symmetry; StoppedError
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const { model, report } = await e2.training.polishNeutralModel(particles, await e2.model.readText("neutral.txt"));
 * console.log(report.verdict, report.gain, report.standardError);
 * await particles.close();
 * ```
 */
export async function polishNeutralModel(
  particles: ParticleSet,
  model: GaussianModel,
  given: PolishOptions = {},
): Promise<PolishedModel> {
  const options = beginTask(given);
  return polishHalf(halfOf(particles, options.half), model, options);
}

/** A mask in the voxels of a map. @throws InputError unless it is a mask with the box length of the map */
function sampledMask(mask: Volume, like: Volume): Volume {
  checkMask(mask, { like, likeName: "particles" });
  const n = like.size[0];
  const at = (i: number) => (i - Math.floor(n / 2)) / n;
  const data = like.data.map((_, i) =>
    Math.min(1, Math.max(0, maskAt(mask, at(i % n), at(Math.floor(i / n) % n), at(Math.floor(i / (n * n)))))),
  );
  return { ...like, data };
}

async function polishHalf(
  set: ParticleSet,
  model: GaussianModel,
  options: PolishOptions,
): Promise<PolishedModel> {
  checkBoxes(set, model, options);
  const { resolution, memoryBudget, engine: choice, symmetry } = options;
  const { boxSize } = model;
  const rings =
    resolution === undefined ? ringsOfBox(boxSize) : ringsWithin(boxLengthOf(model), resolution, boxSize);
  const group = groupOf(symmetry);
  const targets = await prepareTargets(set, {
    ...{ ...taskOf(options), boxSize, rings },
    ...(memoryBudget !== undefined && { memoryBudget }),
    ...(choice?.threads !== undefined && { threads: choice.threads }),
  });
  const engine = await createEngine(choice);
  try {
    return await polishAgainst({ targets, engine, group }, { set, model }, options);
  } finally {
    await engine.dispose();
    await targets.dispose();
  }
}

/** Splits, polishes and compares. */
async function polishAgainst(
  context: ScoreContext,
  { set, model }: { set: ParticleSet; model: GaussianModel },
  options: PolishOptions,
): Promise<PolishedModel> {
  const { mask, map, signal, seed = 1 } = options;
  const { group, targets } = context;
  const parts = split(set, options);
  const { trainingSet, validationSet, outliers } = await agreeing(context, { set, model, parts }, options);
  const unit = group ? firstUnit(model, group) : model;
  const fit = new NeutralFit({
    ...{ ...context, particles: trainingSet, inside: insideMask(mask, group), signal },
    random: new Random(seed).fork(2),
    resolution: boxLengthOf(model) / targets.rings,
  });
  const polished = await polish(fit, unit, options);
  const [used, heldOut] = [trainingSet, validationSet].map(
    (part) => particlesAmong(targets, part).length,
  ) as [number, number];
  const particles = { used, heldOut, outliers };
  const report: NeutralReport = await compareModels(
    fit,
    {
      ...{ before: unit, polished, heldOut: validationSet, map, particles, seed },
      units: group?.order ?? 1,
    },
    signal,
  );
  const best = report.verdict === "polished" ? polished.model : unit;
  return { ...finished(best, group, report.verdict === "kept" ? model : undefined), report };
}

/** The whole model with the most compact unit first. @param unchanged the model that was given, if it stays */
function finished(
  best: GaussianModel,
  group: PointGroup | undefined,
  unchanged: GaussianModel | undefined,
): Omit<PolishedModel, "report"> {
  if (unchanged || !group) return { model: unchanged ?? best };
  const { model, gaussians, centre } = symmetriseModel(allUnits(best, group), group);
  return { model, unit: { gaussians, centre } };
}

function firstUnit(model: GaussianModel, group: PointGroup): GaussianModel {
  const { model: symmetric, gaussians } = symmetriseModel(model, group);
  return pickGaussians(
    symmetric,
    Array.from({ length: gaussians }, (_, i) => i),
  );
}

/** Both parts of the particles without those that do not agree with the model. @throws InputError if none agree */
async function agreeing(
  { targets, engine }: ScoreContext,
  { set, model, parts }: { set: ParticleSet; model: GaussianModel; parts: ParticleSplit },
  options: TaskOptions,
): Promise<ParticleSplit & { outliers: number }> {
  const { count, rings, ctfPower, particleOf } = targets;
  const frc = await neutralFrc({ targets, neutral: model, engine }, taskOf(options));
  const agreement = judgeAgreement({ count, rings, frc, ctfPower, particleOf });
  const error = agreementError(agreement, { set, model: "given", rings, boxLength: boxLengthOf(model) });
  if (error) throw error;
  const kept = new Set(agreement.kept);
  const [trainingSet, validationSet] = [parts.trainingSet, parts.validationSet].map((part) =>
    part.filter((i) => kept.has(i)),
  ) as [Int32Array, Int32Array];
  if (trainingSet.length < minParticles || validationSet.length < 2) {
    throw tooFewParticles(`${set.file}, particles that agree with the model`, kept.size);
  }
  return { trainingSet, validationSet, outliers: agreement.outliers.length };
}

/** Particles to fit to and particles that decide. */
function split(set: ParticleSet, { seed = 1, heldOut = 0.1 }: PolishOptions): ParticleSplit {
  if (!(heldOut > 0 && heldOut < 1)) {
    throw new InputError("heldOut", "a fraction between 0 and 1", String(heldOut));
  }
  if (set.count < 2 * minParticles) {
    throw new InputError(set.file, `at least ${2 * minParticles} particles`, String(set.count));
  }
  const all = Int32Array.from({ length: set.count }, (_, i) => i);
  const { count, images, particleOf } = set;
  return splitHeldOut(all, { count, particleOf, ...(images && { images }) }, { seed, heldOut });
}

/** The particles of a half, or all. */
function halfOf(set: ParticleSet, half: 1 | 2 | undefined): ParticleSet {
  if (set.symmetry) {
    throw new InputError(
      "particles",
      "a set opened without symmetry; give it as an option",
      set.symmetry.name,
    );
  }
  // Images fit and decide, those of a particle together.
  if (half === undefined) return set.tilts();
  const all = Int32Array.from({ length: set.count }, (_, i) => i);
  const halves = set.randomSubset ?? alternateHalves(all, set.count, set.images);
  return set.select(all.filter((i) => halves[i] === half)).tilts();
}

function checkBoxes(set: ParticleSet, model: GaussianModel, { mask, map }: PolishOptions): void {
  const length = `a box of ${boxLengthOf(model).toFixed(1)} Å, as the model`;
  if (!hasSameBoxLength(set, model)) {
    throw new InputError(set.file, length, `${(set.boxSize * set.apix).toFixed(1)} Å`);
  }
  if (mask) checkMask(mask, { like: model, likeName: "the model" });
  if (map && !hasSameBoxLength(map, model)) {
    throw new InputError("map", length, `${(map.size[0] * map.apix).toFixed(1)} Å`);
  }
}

function taskOf({ signal, onProgress }: TaskOptions): TaskOptions {
  return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
}
