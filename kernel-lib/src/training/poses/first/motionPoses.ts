import type { ParticlePoses } from "../../../particles/writePoses";
import type { TaskOptions } from "../../../progress";
import { bestSingle } from "../../evidence/bestSingle";
import type { EvidenceGain } from "../../evidence/evidence";
import { gainOf } from "../../evidence/gain";
import { HalfTest, type Inference } from "../../evidence/halfTest";
import { independentBlock } from "../../evidence/noiseCorrelation";
import { evenly, keepInMemory } from "../../evidence/sample";
import { fixedModel } from "../../posterior/decoders";
import type { PosePrior } from "../../posterior/placePosterior";
import { type SurveyedMotion, surveyLatentSpace } from "../../survey/survey";
import type { Trainer } from "../../trainer";
import { type RefinedPoses, refinedPoses } from "../refinedPoses";
import { inBoxUnits } from "../runPoses";

/** Held-out particles on which the gain is measured, and particles among which the best single model is chosen. */
const sample = { measured: 256, choosing: 128 };
/** Standard errors by which places must explain more than poses alone. */
const significant = 2;

/** Where the poses of a training are from. */
export interface PoseOrigin {
  /** The poses of the file, which the prior is relative to. */
  reference: ParticlePoses;
  /** How far they are off. */
  prior: PosePrior;
}

/** What {@link motionPoses} found. */
export interface MotionPoses {
  /** Gain of places and poses over poses alone: nats per held-out particle. */
  gain: EvidenceGain;
  /** Poses that were found together with places; undefined if places explain no more. */
  refined?: RefinedPoses;
}

/**
 * Poses against a molecule that moves. Poses that were refined against one model imitate its motion: on `adk` the particles of each
 * state are turned by up to 2° together. So the latent space is surveyed in these poses, and place and pose of each particle are
 * refined together against the decoder of the survey, as far as both explain samples of held-out particles that they were not
 * inferred from better than poses and the best single model do.
 *
 * @param trainer of the particles in refined poses, with a new model; prepared
 */
export async function motionPoses(
  trainer: Trainer,
  origin: PoseOrigin,
  task: TaskOptions,
): Promise<MotionPoses> {
  let found: MotionPoses | undefined;
  const named: TaskOptions = {
    ...(task.signal && { signal: task.signal }),
    onProgress: (progress) => task.onProgress?.({ ...progress, task: `poses and motion: ${progress.task}` }),
  };
  await surveyLatentSpace(trainer, named, async (surveyed) => {
    const gain = await gainOfPlaces(trainer, surveyed, origin, named);
    const isReal = gain.gain > significant * gain.standardError;
    found = {
      gain,
      ...(isReal && { refined: await placedPoses(trainer, { surveyed, gain, ...origin }, named) }),
    };
  });
  return found!;
}

/** What places and poses that are inferred from one half of the Fourier samples explain of the other, over poses alone. */
async function gainOfPlaces(
  trainer: Trainer,
  { decoder, places }: SurveyedMotion,
  { reference, prior }: PoseOrigin,
  task: TaskOptions,
): Promise<EvidenceGain> {
  const context = await trainer.projections();
  const { neutral, targets } = context;
  const { latent } = decoder;
  const members = evenly(trainer.trainingSet, sample.choosing);
  const population = {
    ...{ latent, members: trainer.trainingSet, mean: places },
    standardDeviation: new Float32Array(places.length),
  };
  const choice = { ...context, decoder, targets: await keepInMemory(targets, members) };
  const single = await bestSingle(choice, population, { ...task, particles: members });
  const particles = evenly(trainer.validationSet.slice().sort(), sample.measured);
  const known = { ...context, targets: await keepInMemory(targets, particles) };
  const block = await independentBlock(known, single.params, particles);
  const posed = { ...known.targets, ...inBoxUnits(reference, neutral.boxSize * neutral.apix) };
  const test = new HalfTest({ ...known, targets: posed, particles, block });
  const scores = async (inference: Inference) => test.score(await test.infer(inference, task), task);
  const one = await scores({ decoder: fixedModel(single.params), deviations: [], prior });
  const width = latent + (prior.rotation > 0 ? 3 : 0) + (prior.shift > 0 ? 2 : 0);
  const start = new Float32Array(width * particles.length);
  for (const [row, particle] of particles.entries())
    start.set(places.subarray(particle * latent, (particle + 1) * latent), row * width);
  const deviations = new Float64Array(latent).fill(1);
  const all = await scores({ decoder, deviations, prior, start: { points: [start, start.slice()] } });
  const gains = new Float64Array(particles.length);
  const numbers = all.length / particles.length;
  for (let i = 0; i < all.length; i++) gains[Math.floor(i / numbers)]! += all[i]! - one[i]!;
  return gainOf(gains);
}

/** Place and pose of every particle, from the refined poses on. */
async function placedPoses(
  trainer: Trainer,
  { surveyed, gain, reference, prior }: PoseOrigin & { surveyed: SurveyedMotion; gain: EvidenceGain },
  task: TaskOptions,
): Promise<RefinedPoses> {
  const context = await trainer.projections();
  const { neutral, targets } = context;
  const { decoder, places } = surveyed;
  const { rotations, shifts } = targets;
  return refinedPoses(
    {
      ...{ ...context, decoder, places, start: { rotations, shifts }, members: trainer.used },
      targets: { ...targets, ...inBoxUnits(reference, neutral.boxSize * neutral.apix) },
      deviations: new Float64Array(decoder.latent).fill(1),
    },
    { ...task, prior, gain },
  );
}
