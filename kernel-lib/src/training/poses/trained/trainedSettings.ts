import type { EvidenceGain } from "../../evidence/evidence";
import type { TrainingOptions } from "../../options";
import type { PoseChange } from "../commonFrame";
import type { PoseReport } from "../refinedPoses";
import type { HalfMapGain } from "../rounds/halfMapGain";
import type { HalfMapResolution, RoundsReport, RoundsSettings } from "../rounds/roundsSettings";

/** Input and output of {@link refineWithTraining}. */
export interface TrainedRoundsSettings extends Omit<RoundsSettings, "perHalf"> {
  /**
   * Most rounds with a training, after those of the consensus. Default 2: the second tells whether motion is explained better from
   * the poses of the first.
   */
  trainings?: number;
  /** Parameters of the trainings. Default: `e2.training.defaultOptions`. */
  options?: Partial<TrainingOptions>;
  /** Called with the report of each finished round with a training. */
  onTraining?: (report: TrainingRound) => void;
}

/** What the training of one half showed on particles that it held out. */
export interface TrainingEvidence {
  /** Whether there is heterogeneity; undefined where too few particles are held out. */
  verdict?: "found" | "weak" | "none";
  /** Nats per particle over one model for all, with the poses of both refined. */
  gain?: EvidenceGain;
  /** Decoded motion in Å, root mean square. */
  motion?: number;
  /** Real axes of the latent space. */
  realAxes?: number;
}

/** One half in a round with a training. */
export interface TrainedHalf {
  /** Evidence in the poses with which the round began. */
  evidence: TrainingEvidence;
  /** Refinement of places and poses together, against the decoder of this half. */
  poses: PoseReport;
}

/** One round: neutral model, training, places and poses of each half, and half maps from them. */
export interface TrainingRound {
  /** From 1. */
  round: number;
  /** Finest detail of models and trainings in Å: what the half maps share. */
  resolution: number;
  /** Evidence and refinement of each half. */
  halves: [TrainedHalf, TrainedHalf];
  /** Resolution of the new half maps. */
  after: HalfMapResolution;
  /** Gain over the half maps before this round. */
  halfMaps: HalfMapGain;
  /** How far poses have moved in this round. */
  moved: PoseChange;
  /**
   * Whether these poses are used: in both halves they explain samples better that they were not inferred from, and the half maps do not
   * agree less.
   */
  kept: boolean;
}

/** The result of {@link refineWithTraining}, as it is stored in `rounds.json`; `rounds` are those of the consensus. */
export interface TrainedReport extends RoundsReport {
  /** Resolution from the poses of the consensus rounds. */
  consensus: HalfMapResolution;
  /** All rounds with a training, also the last one if it was not kept. */
  trainings: TrainingRound[];
  /**
   * Evidence of both halves, held out: `before` in the poses of the consensus; `after` in the poses of the result, missing where no
   * training was made from them, and where they are those of the consensus.
   */
  evidence?: { before: [TrainingEvidence, TrainingEvidence]; after?: [TrainingEvidence, TrainingEvidence] };
}
