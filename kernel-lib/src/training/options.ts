import { InputError } from "../errors";
import type { Varied } from "../network/head";
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

/** All options: those given, and the defaults of the others; one that is given as undefined takes its default. */
export function trainingOptionsWith(given: Partial<TrainingOptions> = {}): TrainingOptions {
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultTrainingOptions, ...Object.fromEntries(chosen) };
}

/** What each number of the options has to be. */
const ranges: ReadonlyArray<[keyof TrainingOptions, string, (value: number) => boolean]> = [
  ["latent", "an integer from 1 to 16", (v) => Number.isInteger(v) && v >= 1 && v <= 16],
  ["epochs", "an integer of 1 or more", (v) => Number.isInteger(v) && v >= 1],
  ["seed", "an integer", (v) => Number.isSafeInteger(v)],
  ["batchSize", "an integer of 2 or more", (v) => Number.isInteger(v) && v >= 2],
  ["learningRate", "a number above 0", (v) => v > 0],
  ["weightDecay", "a number of 0 or more", (v) => v >= 0],
  ["dropout", "a number from 0 to below 1", (v) => v >= 0 && v < 1],
  ["latentNoise", "a number of 0 or more", (v) => v >= 0],
  ["coarseRing", "an integer of 0 or more", (v) => Number.isInteger(v) && v >= 0],
  ["coarseEpochs", "an integer of 0 or more", (v) => Number.isInteger(v) && v >= 0],
  ["featureSize", "an integer of 1 or more", (v) => Number.isInteger(v) && v >= 1],
  ["heldOut", "a fraction above 0 and below 1", (v) => v > 0 && v < 1],
  ["starts", "an integer of 1 or more", (v) => Number.isInteger(v) && v >= 1],
  ["spreadPenalty", "a number of 0 or more", (v) => v >= 0],
];

/** @throws InputError naming the option, what it has to be and what it is. `where` is a file or `options`. */
export function checkTrainingOptions(options: TrainingOptions, where: string): void {
  for (const [name, expected, holds] of ranges) {
    const value = options[name];
    if (typeof value !== "number" || !holds(value))
      throw new InputError(`${where}: ${name}`, expected, String(value));
  }
  const kinds = ["position", "amplitude", "width"];
  const { vary, hidden } = options;
  if (!Array.isArray(vary) || vary.length === 0 || vary.some((kind) => !kinds.includes(kind))) {
    throw new InputError(`${where}: vary`, `one or more of ${kinds.join(", ")}`, String(vary) || "nothing");
  }
  if (options.weighting !== "information" && options.weighting !== "uniform") {
    throw new InputError(`${where}: weighting`, "information or uniform", String(options.weighting));
  }
  if (
    !Array.isArray(hidden) ||
    hidden.length === 0 ||
    hidden.some((width) => !Number.isInteger(width) || width < 1)
  ) {
    throw new InputError(`${where}: hidden`, "widths of at least one layer", String(hidden) || "nothing");
  }
}
