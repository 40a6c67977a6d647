import type { Varied } from "../network/head";
import type { NumberRange } from "../numberRange";
import type { Weighting } from "./weights";

/** What a user may choose for a training; everything else is fixed by the method. */
export interface TrainingOptions {
  /** Dimensions of the latent space. Default 4. */
  latent: number;
  /** What may change from the neutral model. Default position, amplitude and width. */
  vary: Varied[];
  /** Passes over the particles. Default 12. */
  epochs: number;
  /** Seed of every random choice. Default 1. */
  seed: number;
  /** Particles per step. Default 32. */
  batchSize: number;
  /** Step of Adam. Default 1e-3, falling to a twentieth over the last third of the epochs. */
  learningRate: number;
  /** Decoupled weight decay. Default 1e-3 (as a fraction of the learning rate). */
  weightDecay: number;
  /**
   * Widths of the hidden layers of encoder and decoder. Default [256, 256, 256]: on `adk` the paper's 512 gave the
   * same correlations in twice the time.
   */
  hidden: number[];
  /** Fraction dropped before the encoder's output. Default 0.3. */
  dropout: number;
  /** Standard deviation of the noise on the latent, whose own standard deviation is 1. Default 0.2. */
  latentNoise: number;
  /** How rings count. Default `information`. */
  weighting: Weighting;
  /** Ring at which training starts to look; 0 starts with all rings. Default 1. */
  coarseRing: number;
  /** Epochs over which the cut-off rises from `coarseRing` to all rings. Default 5. */
  coarseEpochs: number;
  /** Numbers that the encoder sees of each particle. Default 128. */
  featureSize: number;
  /** Fraction of the particles that training never sees and that judge it. Default 0.1, at most 2,000 particles. */
  heldOut: number;
  /** Coarse starts of which the best on held-out particles goes on. Default 1. */
  starts: number;
  /** Penalty on the spread of amplitude and width. Default 0.01. */
  spreadPenalty: number;
}

export const defaultTrainingOptions: Readonly<TrainingOptions> = {
  latent: 4,
  vary: ["position", "amplitude", "width"],
  epochs: 12,
  seed: 1,
  batchSize: 32,
  learningRate: 1e-3,
  weightDecay: 1e-3,
  hidden: [256, 256, 256],
  dropout: 0.3,
  latentNoise: 0.2,
  weighting: "information",
  coarseRing: 1,
  coarseEpochs: 5,
  featureSize: 128,
  heldOut: 0.1,
  starts: 1,
  spreadPenalty: 0.01,
};

/** What each number of the options has to be; the command line has its limits from here, too. */
export const trainingRanges = {
  latent: { integer: true, least: 1, below: 17 },
  epochs: { integer: true, least: 1 },
  seed: { integer: true },
  batchSize: { integer: true, least: 2 },
  learningRate: { above: 0 },
  weightDecay: { least: 0 },
  dropout: { least: 0, below: 1 },
  latentNoise: { least: 0 },
  coarseRing: { integer: true, least: 0 },
  coarseEpochs: { integer: true, least: 0 },
  featureSize: { integer: true, least: 1 },
  heldOut: { above: 0, below: 1 },
  starts: { integer: true, least: 1 },
  spreadPenalty: { least: 0 },
} as const satisfies Partial<Record<keyof TrainingOptions, NumberRange>>;

/** What may vary, and how rings may count. */
export const variedKinds = ["position", "amplitude", "width"] as const satisfies readonly Varied[];
export const weightings = ["information", "uniform"] as const satisfies readonly Weighting[];

/** Options as the caller gave them over the defaults; one that is undefined is one that was not given. */
export function withDefaults(given: Partial<TrainingOptions> = {}): TrainingOptions {
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultTrainingOptions, ...Object.fromEntries(stated) };
}
