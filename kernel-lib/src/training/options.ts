import type { AxisRoles, DecoderForm } from "../network/decoder";
import type { Varied } from "../network/head";
import type { NumberRange } from "../numberRange";
import type { Weighting } from "./weights";

/** Parameters of the method. */
export interface TrainingOptions {
  /**
   * Axes of the latent space, 1 to 16. Default `auto`: as many as a short survey finds that held-out particles are described
   * better by, at most 6; it also says which axes are motions and which are changes of composition.
   */
  latent: number | "auto";
  /** Which parameters of the Gaussians may change. Default position, amplitude and width. */
  vary: Varied[];
  /**
   * Passes over the particles. Default `auto`: until held-out particles are described no better, at most 40, or up to 100 where
   * the particles are few.
   */
  epochs: number | "auto";
  /** Seed of all random numbers. Default 1. */
  seed: number;
  /** Particles per step. Default 32. */
  batchSize: number;
  /** Learning rate of Adam. Default 1e-3; it falls over the last third of the epochs, with `auto` over the last 340 steps, at least 4 epochs. */
  learningRate: number;
  /** Decoupled weight decay per step, as a fraction of the learning rate. Default 1e-3. */
  weightDecay: number;
  /**
   * Widths of the hidden layers of encoder and decoder. Default [256, 256, 256]: on the `adk` test set the 512 of the
   * original publication gave the same correlations in twice the time.
   */
  hidden: number[];
  /** Dropout rate before the encoder's output. Default 0.3. */
  dropout: number;
  /** Standard deviation of the noise added to the latents, whose own standard deviation is 1. Default 0.2. */
  latentNoise: number;
  /** How Fourier rings are weighted. Default `information`. */
  weighting: Weighting;
  /** Outermost Fourier ring of the first epoch; 0 uses all rings from the start. Default 1. */
  coarseRing: number;
  /** Epochs over which the cut-off rises from `coarseRing` to all rings. Default 5. */
  coarseEpochs: number;
  /** Encoder inputs per particle. Default 128. */
  featureSize: number;
  /** Fraction of the particles held out for validation, at most 2,000 particles. Default 0.1. */
  heldOut: number;
  /** Coarse starts with different seeds, of which the one with the best validation score continues. Default 1. */
  starts: number;
  /** Penalty on the spread of amplitudes and widths. Default 0.01. */
  spreadPenalty: number;
  /**
   * Penalty on strain between neighbouring Gaussians, where positions vary: the pull between two of them as a multiple of what
   * noise does to the gradient; 0 for none. Default 0.3.
   */
  strainPenalty: number;
}

/** Options of a run, in which everything is decided but the epochs, on which the training decides. */
export interface RunOptions extends Omit<TrainingOptions, "latent" | "strainPenalty"> {
  /** Axes of the latent space. */
  latent: number;
  /** Missing in runs of earlier versions, which had none. */
  strainPenalty?: number;
  /** How latents become Gaussians. Default `network`. */
  form?: DecoderForm;
  /** What the axes change. Default: every axis changes everything. */
  roles?: AxisRoles;
}

/**
 * The default of every training option.
 * @example
 * ```ts
 * const { epochs, latent } = e2.training.defaultOptions;
 * ```
 */
export const defaultTrainingOptions: Readonly<TrainingOptions> = {
  latent: "auto",
  vary: ["position", "amplitude", "width"],
  epochs: "auto",
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
  strainPenalty: 0.3,
};

/** Allowed range of each numeric option, for the library and the command line. */
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
  strainPenalty: { least: 0 },
} as const satisfies Partial<Record<keyof TrainingOptions, NumberRange>>;

/** Values of `vary`. */
export const variedKinds = ["position", "amplitude", "width"] as const satisfies readonly Varied[];
/** Values of `weighting`. */
export const weightings = ["information", "uniform"] as const satisfies readonly Weighting[];

/** Completes options with their defaults. An option that is undefined gets its default, too. */
export function withDefaults(given: Partial<TrainingOptions> = {}): TrainingOptions {
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultTrainingOptions, ...Object.fromEntries(stated) };
}
