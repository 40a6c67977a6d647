import { InputError } from "../../errors";
import { ringsOfBox, ringsWithin } from "../../fourier/trainingBox";
import { hasSameBoxLength } from "../../maps/grid";
import type { GaussianModel } from "../../model/gaussianModel";
import type { ParticleSet } from "../../particles/particleSet";
import { posesOfSingleImages, requireSingleImages } from "../../particles/singleImages";
import { prepareTargets } from "../../particles/targets";
import type { ParticlePoses } from "../../particles/writePoses";
import { beginTask, type TaskOptions } from "../../progress";
import { createEngine, type EngineChoice } from "../../projection/engines";
import { judgeAgreement } from "../agreement/agreement";
import { meanFrcOf, neutralFrc } from "../neutralFrc";
import { fixedModel } from "../posterior/decoders";
import type { PosePrior } from "../posterior/placePosterior";
import type { BatchPoses } from "../posterior/variants";
import type { ProjectionContext } from "../projectionContext";
import { RingWeights } from "../weights";
import type { PoseContext } from "./findPoses";
import { type RefinedPoses, refinedPoses } from "./refinedPoses";
import { inBoxUnits } from "./runPoses";

/** Most passes with more and more Fourier rings. */
const maxPasses = 3;

/** Options of {@link refineConsensusPoses}. */
export interface RefinePosesOptions extends TaskOptions {
  /** Finest detail to use, in Å: no finer than what is reproducible between half maps. Default: all that the model's box holds. */
  resolution?: number;
  /**
   * How far the poses of the file may be off: standard deviations along each axis, in degrees and Å; 0 for what is known.
   * Default: measured on a sample of the particles.
   */
  prior?: PosePrior;
  /** Poses from which the search begins, of a previous round. The priors are relative to those of the file. Default: those. */
  start?: ParticlePoses;
  /** Projection engine and number of threads. Default: see {@link EngineChoice}. */
  engine?: EngineChoice;
  /** Bytes of transforms that are kept in memory. Default: a quarter of the memory available to the process. */
  memoryBudget?: number;
}

/**
 * Refines the poses of particles against one model, without any motion: the consensus refinement. The model stays as it is.
 *
 * Each pose is the maximum of its posterior (score by information, normal priors around the pose in the file), found by Newton's
 * method: first with low Fourier rings where poses are far off, then with all. The gain that is reported is measured on samples
 * that the poses were not inferred from. It is no proof that the poses in the file are wrong, since a molecule that is turned
 * imitates its own motion: {@link refineInRounds} compares half maps.
 *
 * @param model of the whole molecule, such as the neutral model of a map from the same poses
 * @throws InputError if model and images have different box lengths, or do not agree at all
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const model = await e2.model.readText("neutral.txt");
 * const poses = await e2.training.refinePoses(particles, model, { prior: { rotation: 1, shift: 1 } });
 * console.log(poses.report.sentence);
 * if (poses.report.verdict === "refine") await e2.particles.writePoses("refined.star", particles, poses);
 * await particles.close();
 * ```
 */
export async function refineConsensusPoses(
  particles: ParticleSet,
  model: GaussianModel,
  given: RefinePosesOptions = {},
): Promise<RefinedPoses> {
  const options = beginTask(given);
  requireSingleImages(particles, posesOfSingleImages);
  if (!hasSameBoxLength(particles, model)) {
    const [images, own] = [particles.boxSize * particles.apix, model.boxSize * model.apix];
    throw new InputError("model", `a box of ${images.toFixed(1)} Å, as the images`, `${own.toFixed(1)} Å`);
  }
  const { boxSize, apix } = model;
  const { resolution } = options;
  const rings =
    resolution === undefined ? ringsOfBox(boxSize) : ringsWithin(boxSize * apix, resolution, boxSize);
  const targets = await prepareTargets(particles, {
    ...{ ...taskOf(options), boxSize, rings },
    ...(options.memoryBudget !== undefined && { memoryBudget: options.memoryBudget }),
    ...(options.engine?.threads !== undefined && { threads: options.engine.threads }),
  });
  const engine = await createEngine(options.engine);
  try {
    const context: ConsensusContext = {
      ...{ targets, neutral: model, engine },
      ...{ decoder: fixedModel(model.params), places: new Float32Array(0), deviations: [] },
    };
    const start = options.start && inBoxUnits(options.start, boxSize * apix);
    return await refineInPasses({ ...context, start }, options);
  } finally {
    await engine.dispose();
    await targets.dispose();
  }
}

type ConsensusContext = Omit<PoseContext, "weights" | "members">;

/**
 * Refines with the Fourier rings in which model and particles agree. From better poses more of them agree, and poses are refined
 * again. Rings that were not used cannot agree by refinement of noise. Prior and gain are those of the first pass.
 */
async function refineInPasses(context: ConsensusContext, options: RefinePosesOptions): Promise<RefinedPoses> {
  const { neutral } = context;
  let agreed = await consensusWeights(context, context.start, options);
  let refined = await refinedPoses(
    { ...context, ...agreed },
    { ...taskOf(options), ...(options.prior && { prior: options.prior }) },
  );
  for (let pass = 2; pass <= maxPasses; pass++) {
    const start = inBoxUnits(refined, neutral.boxSize * neutral.apix);
    const next = await consensusWeights(context, start, options);
    if (next.weights.lastRing <= agreed.weights.lastRing) break;
    agreed = next;
    const { prior, gain } = refined.report;
    refined = await refinedPoses({ ...context, ...agreed, start }, { ...taskOf(options), prior, gain });
  }
  return refined;
}

function taskOf({ signal, onProgress }: TaskOptions): TaskOptions {
  return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
}

/** Ring weights from the agreement of model and particles in some poses, by default those of the file, and the particles that agree. */
async function consensusWeights(
  context: ProjectionContext,
  poses: BatchPoses | undefined,
  options: TaskOptions,
): Promise<{ weights: RingWeights; members: Int32Array }> {
  const { count, rings, ctfPower } = context.targets;
  const targets = { ...context.targets, ...poses };
  const frc = await neutralFrc({ ...context, targets }, taskOf(options));
  const { verdict, kept } = judgeAgreement({ count, rings, frc, ctfPower });
  const meanFrc = meanFrcOf(frc, rings + 1, kept);
  const weights = new RingWeights({
    ...{ weighting: "information", meanFrc, ctfPower, particles: count, members: kept },
  });
  if (verdict === "agrees" && weights.lastRing > 0) return { weights, members: kept };
  const found =
    verdict === "inverted" || verdict === "mixed"
      ? "images that agree with a minus sign: is their contrast inverted?"
      : "no agreement in any Fourier ring";
  throw new InputError("model", "a model that the images agree with", found);
}
