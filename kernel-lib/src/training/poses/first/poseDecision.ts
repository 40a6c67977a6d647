import type { EvidenceGain } from "../../evidence/evidence";
import { gainText } from "../../evidence/verdict";
import type { PosePrior } from "../../posterior/placePosterior";
import type { FileState } from "../../runs/inputFiles";
import type { HalfMapGain } from "../rounds/halfMapGain";
import { halfMapGainText } from "../rounds/halfMapGain";
import type { RoundsReport } from "../rounds/roundsSettings";
import type { SharedMotion } from "../sharedMotion";

/** Values of {@link PoseChoice}. */
export const poseChoices = ["auto", "file", "refine"] as const satisfies readonly PoseChoice[];

/**
 * Which poses a training uses. `auto`: those of the particle file if half maps do not agree better after a round of
 * refinement, else refined ones; `file`: those of the file, unchecked; `refine`: refined ones, unless no round makes half maps
 * agree better.
 */
export type PoseChoice = "auto" | "file" | "refine";

/** What was measured by refinement in rounds. */
export interface PoseMeasurement {
  /** Particles that were used. */
  particles: number;
  /** Rounds after which the half maps agreed better. */
  rounds: number;
  /** Gain of the first round. */
  firstRound: HalfMapGain;
  /** Resolution of the half maps at 0.143 with the poses of the file, in Å. */
  before: number;
  /** The same with the refined poses. */
  after: number;
  /** Root mean square of how far poses moved, in degrees and Å. */
  moved: { angle: number; shift: number };
  /** How long it took. */
  seconds: number;
}

/** What was found by a refinement of place and pose together. */
export interface MotionMeasurement {
  /** Whether its poses are used: places explain more than poses alone. */
  used: boolean;
  /**
   * Gain of places and poses over poses and the best single model, on samples that they were not inferred from: nats per
   * particle that the decoder was not trained on.
   */
  gain: EvidenceGain;
  /** Root mean square of how far poses moved from those of the file, in degrees and Å. */
  moved?: { angle: number; shift: number };
  /** Their posterior standard deviations along an axis, in degrees and Å. */
  uncertainty?: { angle: number; shift: number };
  /** Rigid motion of the decoder, which became part of the poses, root mean squares in degrees and Å. */
  shared?: SharedMotion;
  /** How long it took. */
  seconds: number;
}

/** Which poses a run was trained with, and why; part of `run.json`. */
export interface PoseDecision {
  /** What was asked for. */
  asked: PoseChoice;
  /** Whether the poses are those of the given particle file, or refined ones in the run folder. */
  used: "file" | "refined";
  /** The reason in a sentence. */
  sentence: string;
  /** A round on a sample of the particles; missing where the poses were not checked. */
  check?: PoseMeasurement;
  /** Refinement of all particles; missing where it was not needed. */
  refinement?: PoseMeasurement;
  /** Refinements of place and pose together, after the rounds; missing where poses were not refined. */
  motion?: MotionMeasurement[];
  /** How far the poses of the file are off, as measured: standard deviations along each axis, if refined poses are used. */
  prior?: PosePrior;
  /** How far the map from the refined poses is turned (degrees) and moved (Å) against the given model. */
  frame?: { angle: number; shift: number };
  /** The files that were given, if the training uses refined ones. */
  given?: { particles: FileState; model: FileState };
}

/** The numbers of a report that belong into the decision. */
export function measurementOf(report: RoundsReport, seconds: number): PoseMeasurement {
  const { particles, rounds, before, after, moved } = report;
  return {
    particles,
    rounds: rounds.filter(({ kept }) => kept).length,
    firstRound: rounds[0]!.halfMaps,
    before: before.seventh,
    after: after.seventh,
    moved: { angle: moved.angle.rms, shift: moved.shift.rms },
    seconds,
  };
}

/** Standard errors by which half maps of refined poses must agree better. */
const significant = 3;

/** Whether poses are worth refining, after a first round. Where poses are right its gain is within a standard error of 0. */
export function isWorthRefining({ verdict, rounds }: RoundsReport): boolean {
  const { gain, standardError } = rounds[0]!.halfMaps;
  return verdict === "refine" && gain > significant * standardError;
}

/** Why the poses of the file stay, from a measurement. */
export function staySentence({ particles, firstRound, before }: PoseMeasurement): string {
  return (
    `the poses of the file are used: refined on ${particles} particles, they give half maps that agree no better ` +
    `(${halfMapGainText(firstRound)} to ${before.toFixed(1)} Å)`
  );
}

/** Why refined poses are used. */
export function refinedSentence(
  { before, after, moved }: PoseMeasurement,
  frame: NonNullable<PoseDecision["frame"]>,
): string {
  const moves = `${moved.angle.toFixed(2)}° and ${moved.shift.toFixed(2)} Å root mean square`;
  return (
    `poses were refined before the training, with a new model, since the half maps agree better: to ${after.toFixed(1)} Å at 0.143 ` +
    `in place of ${before.toFixed(1)} Å; poses moved by ${moves}, the map by ${frame.angle.toFixed(1)}° and ` +
    `${frame.shift.toFixed(1)} Å against the given model`
  );
}

/** What the refinement of place and pose together found. */
export function motionSentence({ used, gain, moved }: MotionMeasurement): string {
  const found = `${gainText(gain)} nats per particle over poses alone`;
  if (!used || !moved) return `places explain held-out samples no better than these poses do: ${found}`;
  return (
    `they were then refined together with places on the axes of a survey, which explain held-out samples better, ${found}; ` +
    `in all they moved by ${moved.angle.toFixed(2)}° and ${moved.shift.toFixed(2)} Å`
  );
}

/** How far the poses of the file are off: what the first round measured, the mean of both halves. */
export function priorOf({ rounds }: RoundsReport): PosePrior | undefined {
  const halves = rounds[0]?.halves;
  if (!halves) return undefined;
  const mean = (of: keyof PosePrior) => (halves[0].prior[of] + halves[1].prior[of]) / 2;
  return { rotation: mean("rotation"), shift: mean("shift") };
}
