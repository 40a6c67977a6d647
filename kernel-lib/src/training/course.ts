import type { ParticleTargets } from "../particles/targets";
import type { EvidenceGain } from "./evidence/evidence";
import { gainOf } from "./evidence/gain";
import { ImageGroups } from "./imageGroups";
import type { RunOptions } from "./options";
import { type Annealing, lastThird } from "./schedule";

/**
 * How long to train. Held-out particles decide: once they are described no better, the learning rate falls, and the training
 * ends. Everything follows from their scores, so that a resumed training decides as an uninterrupted one does.
 */

/** State of these decisions after an epoch of a start; a part of its checkpoint. */
export interface Course {
  /** Last epoch, from 1, after which held-out particles were described clearly better than after all before it. */
  best: number;
  /** Score of held-out particles after the last epoch, less that after the best. */
  sinceBest: EvidenceGain;
  /** First epoch of the falling learning rate, once it is known. */
  annealFrom?: number;
  /** The epoch since which the score had stood still then; missing if the most epochs were reached. */
  stoodFrom?: number;
  /** Set at the end: the epoch whose weights are used. */
  kept?: number;
}

/** Lengths in epochs of the parts of a training that decides on its own end. */
export interface Pace {
  /** Epochs without progress after which the score stands still. */
  patience: number;
  /** Epochs over which the learning rate falls. */
  anneal: number;
  /** Most epochs in all. */
  most: number;
}

/** Steps without progress after which the score stands still, steps of the falling rate, and steps that are enough for any set. */
const steps = { patience: 250, anneal: 340, enough: 3400 };
/** Fewest and most epochs of each. */
const limits = { patience: [2, 15], anneal: [4, 20], most: [40, 100] } as const;
/** Progress that is worth an epoch: a fraction of all progress since the first epoch, … */
const worthFraction = 0.005;
/** … and what a difference must exceed in standard errors, of which fewer particles give no estimate. */
const errors = 2;
const fewestParticles = 30;

/** Most epochs of a training that decides on its own end, for so many steps in an epoch. */
export const mostEpochs = (stepsPerEpoch: number): number =>
  Math.max(limits.most[0], Math.min(limits.most[1], Math.ceil(steps.enough / stepsPerEpoch)));

/** What the pace of a training depends on. */
interface Paced {
  stepsPerEpoch: number;
  targets: Pick<ParticleTargets, "particleOf">;
}

/**
 * The pace of a training: a small set has few steps in an epoch and gets more epochs. An epoch of tilt series has more steps, but shows no
 * more than one of single images: each tilt has its part of what they tell.
 */
export function paceOf(
  { stepsPerEpoch, targets }: Paced,
  { coarseEpochs }: Pick<RunOptions, "coarseEpochs">,
): Pace {
  const { imagesPerParticle = 1 } = ImageGroups.of(targets) ?? {};
  const epochs = (name: keyof typeof limits, wanted: number) => {
    const [least, most] = limits[name];
    return Math.max(least, Math.min(most, Math.ceil((wanted * imagesPerParticle) / stepsPerEpoch)));
  };
  const patience = epochs("patience", steps.patience);
  const anneal = epochs("anneal", steps.anneal);
  const shortest = coarseEpochs + 1 + patience + anneal;
  return { patience, anneal, most: Math.max(shortest, epochs("most", steps.enough)) };
}

/** The last epoch; undefined while the score has not stood still. */
export function lastEpoch(
  { epochs }: Pick<RunOptions, "epochs">,
  { anneal }: Pace,
  course: Course | undefined,
): number | undefined {
  if (epochs !== "auto") return epochs;
  return course?.annealFrom === undefined ? undefined : course.annealFrom - 1 + anneal;
}

/** How the learning rate falls: over the last third of a given number of epochs, or after the score has stood still. */
export function annealingOf(
  { epochs }: Pick<RunOptions, "epochs">,
  { anneal }: Pace,
  course: Course | undefined,
): Annealing | undefined {
  if (epochs !== "auto") return lastThird(epochs);
  const first = course?.annealFrom;
  return first === undefined ? undefined : { from: first - 2, over: anneal + 1 };
}

/** Scores of the held-out particles after an epoch. */
export interface EpochScores {
  /** From 1. */
  epoch: number;
  /** Of each particle. */
  scores: Float64Array;
  /** Mean after the first epoch of the start. */
  first: number;
}

/** What {@link nextCourse} depends on, apart from the scores. */
export interface CourseContext {
  options: Pick<RunOptions, "epochs" | "coarseEpochs">;
  pace: Pace;
  /** Undefined before the first epoch. */
  before: BestBefore | undefined;
}

/** State before an epoch, and the scores of the held-out particles after the best one. */
interface BestBefore {
  course: Course;
  scores: Float32Array;
}

/** The state after an epoch. Until all rings are used each epoch is the best: the score rises with the resolution. */
export function nextCourse(of: EpochScores, context: CourseContext): Course {
  const { epoch } = of;
  const { options, pace, before } = context;
  const isCoarse = epoch <= options.coarseEpochs + 1;
  const course = before && !isCoarse ? compared(of, before) : { best: epoch, sinceBest: none };
  if (options.epochs !== "auto" || course.annealFrom !== undefined) return course;
  if (epoch - course.best >= pace.patience)
    return { ...course, annealFrom: epoch + 1, stoodFrom: course.best };
  return epoch + pace.anneal >= pace.most ? { ...course, annealFrom: epoch + 1 } : course;
}

/** Compares the scores of an epoch with those of the best before it. */
function compared({ epoch, scores, first }: EpochScores, { course, scores: best }: BestBefore): Course {
  if (scores.length === 0) return { ...course, best: epoch };
  const difference = gainOf(scores.map((score, i) => score - best[i]!));
  const sinceBest = scores.length < fewestParticles ? { ...difference, standardError: 0 } : difference;
  const worth = worthFraction * (mean(best) - first);
  const isBetter = sinceBest.gain > Math.max(errors * sinceBest.standardError, worth);
  return isBetter ? { ...course, best: epoch, sinceBest: none } : { ...course, sinceBest };
}

const none: EvidenceGain = { gain: 0, standardError: 0 };

/**
 * Whether the last epoch describes held-out particles worse than the best by more than chance. With few particles the standard
 * error is not known (0), and the last epoch is kept.
 */
export function hasFallen({ sinceBest: { gain, standardError } }: Course): boolean {
  return standardError > 0 && gain < -errors * standardError;
}

/** Result of a training's course, for its record. */
export interface Schedule {
  /** Epochs that were trained. */
  epochs: number;
  /** The epoch whose weights are used. */
  kept: number;
  /** Why, in a sentence. */
  sentence: string;
}

/** How long a training was, and why. */
export function scheduleOf(options: Pick<RunOptions, "epochs">, epochs: number, course: Course): Schedule {
  const { kept = epochs, annealFrom, stoodFrom, sinceBest } = course;
  const falling = annealFrom === undefined ? 0 : epochs - annealFrom + 1;
  const why =
    options.epochs !== "auto"
      ? "as requested"
      : stoodFrom === undefined
        ? `the most; held-out particles were still described better when the learning rate began to fall, ${falling} epochs before the end`
        : `held-out particles were described hardly better after epoch ${stoodFrom}; the learning rate fell over the last ${falling}`;
  const change = `${(-sinceBest.gain).toPrecision(2)} ± ${sinceBest.standardError.toPrecision(1)}`;
  const which =
    kept === epochs
      ? ""
      : `; the weights are those of epoch ${kept}, since the score of held-out particles fell by ${change} after it`;
  return { epochs, kept, sentence: `${epochs} epochs, ${why}${which}` };
}

function mean(values: Float32Array): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
