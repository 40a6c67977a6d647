import type { Varied } from "../../network/head";
import type { PosePrior } from "../posterior/placePosterior";

/** A mean over particles of a difference in log-likelihood. */
export interface EvidenceGain {
  /** Nats per particle. */
  gain: number;
  /** Its standard error. */
  standardError: number;
}

/** Gain of the particles that one half of their image tells apart from the one model, per such particle. */
export interface ToldApart extends EvidenceGain {
  /** How many of the particles measured they are. */
  particles: number;
  /** How many of them are told apart by both halves of their image. */
  both: number;
  /** Probability that independent halves agree on so many. */
  chance: number;
}

/** Gain of one Fourier ring. */
export interface RingGain extends EvidenceGain {
  /** Ring, from 1. */
  ring: number;
  /** Its resolution in Å. */
  resolution: number;
}

/** Gain of one axis of the latent space. */
export interface AxisGain extends EvidenceGain {
  /** Whether the axis is real: its gain, or that of the particles told apart by it, is certainly above 0. */
  real: boolean;
  /** Gain by the axis of the particles that one half of their image tells apart; undefined for fewer than two. */
  toldApart?: ToldApart;
  /** Fraction of the spread of the particles along the axis that their images tell, 0 to 1. */
  told: number;
  /** Correlation, over the particles, of the places from the two halves of their images. */
  agreement: number;
  /**
   * Factor on the variance of what an image tells about the axis: the squared difference of places from the two halves of the
   * same image, over that which their posteriors predict. 1: the intervals are right; below 1 they are too wide.
   */
  variance: number;
}

/** Size of the decoded motion, over the places of the population, from the one model that is best for all. */
export interface MotionSize {
  /** Root mean square displacement in Å, weighted by mass, after a rigid motion of the whole molecule is taken out. */
  rms: number;
  /** The same of the particle at the 95th percentile. */
  large: number;
  /** What was taken out, root mean squares: shift in Å, rotation in degrees. */
  rigid: { shift: number; angle: number };
  /** Fraction of the density that comes or goes, root mean square over the particles; see `model.stateChange`. */
  mass: number;
}

/**
 * By how much less than was trained a run decodes along the axes that held-out particles do not support: y is decoded at
 * centre + factor · (y − centre). The places of the particles stay as they are, and so do gains, which are of what was trained.
 */
export interface ReducedMotion {
  /** From 0 to 1 for each axis; 1 for those that are supported. */
  factors: number[];
  /** A place, one coordinate for each axis. */
  centre: number[];
  /** Size of the motion that was trained. */
  from: MotionSize;
}

/**
 * Whether held-out particles are described better by the decoder than by one model: the evidence for heterogeneity.
 *
 * The Fourier samples of each image are divided in two halves, whose noise is independent. Place and pose are inferred from
 * one half and scored on the other. The same is done with the one model that is best for all particles, whose poses are refined
 * as well, and the difference is the gain. Its expectation is above 0 only where the place says something about the
 * particle that both halves share; what was learned from noise makes it negative.
 */
export interface Evidence {
  /** Version of the file's layout. */
  format: 1;
  /** Held-out particles that were measured. */
  particles: number;
  /** Result in a word: `found`, `weak` or `none`. */
  verdict: "found" | "weak" | "none";
  /** Result in a sentence. */
  sentence: string;
  /** Gain of the decoder over the best single model, with the poses of both refined. */
  gain: EvidenceGain;
  /**
   * Gain of those particles that one half of their image tells apart from the best single model, on the other half: evidence
   * for a state that few particles have, which hardly count in the mean of all. Undefined for fewer than two such particles, and
   * in runs of earlier versions.
   */
  toldApart?: ToldApart;
  /**
   * Axes, from 0, that `gain`, `toldApart` and `rings` are of, where they have a gain and all axes together have none. Default: all.
   */
  deciding?: number[];
  /** Gains over the best single model in the poses of the file. */
  table: {
    /** Of the decoder, poses as they are. */
    motion: EvidenceGain;
    /** Of the single model with its poses refined. */
    poses: EvidenceGain;
    /** Of both together. */
    both: EvidenceGain;
  };
  /** Gain of refining the poses, given the decoder: above 0 where the poses of the file are worth refining. */
  poses: EvidenceGain;
  /** `gain` by ring. */
  rings: RingGain[];
  /** Resolution in Å to which a gain is seen; undefined if none is. */
  finest?: number;
  /** Gain of each axis, given those before it; they add up to the gain of all. */
  axes: AxisGain[];
  /**
   * Axes of the latent space before these, if a second round kept axes as they are. All gains are then over the best one change of
   * the models decoded at the particles' places on them. Default 0.
   */
  fixed?: number;
  /**
   * Axes of the latent space, the first, that a second round had from the first and went on with, and the gain of all axes after
   * them. Default: none.
   */
  kept?: { axes: number; added: EvidenceGain };
  /** Number of real axes. */
  realAxes: number;
  /** Gain of each kind of parameter, if there are several: the others, and the poses, stay as they are. */
  kinds: Partial<Record<Varied, EvidenceGain>>;
  /** Gain of the Gaussians of a region, if one was asked for: the others stay as they are. */
  region?: EvidenceGain;
  /** Size of the decoded motion. */
  motion: MotionSize;
  /** What was taken from the motion that was trained; undefined for nothing, and in runs of earlier versions. */
  reduced?: ReducedMotion;
  /** What did not fit between particles and neutral model before the training, in sentences; undefined for nothing. */
  misfit?: string[];
  /** What the best single model is. */
  single: "neutral" | "mean" | "decoded";
  /** Standard deviations of the priors of the poses. */
  prior: PosePrior;
  /** Width of the fields of the halves, in samples: 1 unless the images are masked. */
  block: number;
}
