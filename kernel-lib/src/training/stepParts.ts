import type { Adam } from "../network/adam";
import type { LatentModel } from "../network/latentModel";
import type { TaskOptions } from "../progress";
import type { Random } from "../random";
import type { ParticleBatches } from "./batches";
import type { RunOptions } from "./options";
import type { ProjectionContext } from "./projectionContext";
import type { StrainPenalty } from "./strain/strainPenalty";
import type { NestedDropout } from "./survey/nestedDropout";
import type { UnitAssembly } from "./units/unitAssembly";
import type { RingWeights } from "./weights";

/** What steps need of the first pass over the data. */
export interface StepInput {
  /** Ring weights of the loss. */
  weights: Pick<RingWeights, "of">;
  /** Numbers of the encoder's input. */
  basis: { readonly size: number };
  /** Encoder input of all units of all particles, [particles · units · basis.size]. */
  features: Float32Array;
}

/** What the steps of an epoch work with. */
export interface StepParts {
  model: LatentModel;
  adam: Adam;
  prepared: StepInput;
  context: ProjectionContext;
  batches: ParticleBatches;
  /** Units of a particle; the networks have a row for each. */
  units: UnitAssembly;
  /** Leaves out axes and kinds of parameters. Default: none. */
  dropout: NestedDropout | undefined;
  /** Default: none. */
  strain: StrainPenalty | undefined;
}

/** Particles of an epoch. */
export interface EpochParts extends StepParts {
  /** Particles in the order in which they are trained on. */
  order: Int32Array;
  /** Particles per step. */
  batchSize: number;
}

/** What all steps of an epoch have in common. */
export interface StepSettings {
  /** Outermost ring. */
  rings: number;
  random: Random;
  /** Factor that makes a score a weighted mean FRC. */
  scale: number;
  /** Learning rate. */
  rate: number;
}

/** Options of the steps of an epoch. */
export interface StepOptions extends TaskOptions, Pick<RunOptions, "latentNoise" | "spreadPenalty"> {
  /** Number of the epoch, from 1. */
  epoch: number;
  /** Epochs in all, as far as known. */
  epochs?: number | undefined;
  /** Called with a sentence about how the steps are computed. */
  onNote?: ((note: string) => void) | undefined;
}
