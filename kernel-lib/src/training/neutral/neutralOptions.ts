import type { Volume } from "../../maps/volume";
import type { GaussianModel } from "../../model/gaussianModel";
import type { GrownModel } from "../../model/growth";
import type { TaskOptions } from "../../progress";
import type { EngineChoice } from "../../projection/engines";

/** Options of `training.polishNeutralModel`. */
export interface PolishOptions extends TaskOptions {
  /** Finest detail to use, in Å. Default: all that the model's box holds. */
  resolution?: number;
  /** A mask with the box length of the model; Gaussians stay where it is at least 0.5. Default: none. */
  mask?: Volume;
  /** A map that the report compares both models with, such as the one that the model was made from. Default: none. */
  map?: Volume;
  /**
   * Point group of the molecule, in RELION's notation and orientation: the model is one unit and its copies. For particles that were
   * opened without symmetry. Default: none.
   */
  symmetry?: string | undefined;
  /** Half of the particles to use: that of the file's random subsets if it has them, else every other one. Default: all. */
  half?: 1 | 2;
  /** Fraction of the particles that are left out, and decide whether the model became better; at most 2,000. Default 0.1. */
  heldOut?: number;
  /** Seed of all random numbers. Default 1. */
  seed?: number;
  /** Projection engine and number of threads. Default: see {@link EngineChoice}. */
  engine?: EngineChoice;
  /** Bytes of transforms that are kept in memory. Default: a quarter of the memory available to the process. */
  memoryBudget?: number;
}

/** Options of `training.neutralFromParticles`. */
export interface FromParticlesOptions extends Omit<PolishOptions, "map" | "resolution"> {
  /** Resolution in Å down to which the model shall describe the molecule. */
  resolution: number;
  /** Gaussians of the model before it is polished. Default: see `model.grow`. */
  gaussians?: number;
  /** Mean FRC with the back-projection at which growth ends, without `gaussians`. Default 0.95. */
  targetFrc?: number;
  /** S, the training box in pixels. Default: the smallest good FFT size that holds the resolution. */
  boxSize?: number;
}

/** Fourier ring correlations of the model before and after, in one ring. */
export interface NeutralRing {
  /** The ring, from 1. */
  ring: number;
  /** In Å. */
  resolution: number;
  /** Mean FRC of the model before with the particles that were left out. */
  before: number;
  /** The same of the polished model. */
  after: number;
  /** Mean FRC between projections of the model before and of the map, if there is a map. */
  mapBefore?: number;
  /** The same of the polished model. */
  mapAfter?: number;
}

/** What polishing a model against particles did. */
export interface NeutralReport {
  /** Whether the polished model describes particles that were left out better by more than two standard errors. */
  verdict: "polished" | "kept";
  /** The verdict as a sentence. */
  sentence: string;
  /** Gain in nats per particle that was left out, with the ring weights of both models. */
  gain: number;
  /** Standard error of the gain. */
  standardError: number;
  /**
   * Gaussians of the model before and after, those that were added where they earn their amplitude, and those that were
   * taken out.
   */
  gaussians: { before: number; after: number; added: number; removed: number };
  /** Particles that the model was fitted to, that were left out, and that did not agree with the model at all. */
  particles: { used: number; heldOut: number; outliers: number };
  /** Correlations by ring, from ring 1. */
  rings: NeutralRing[];
  /** Seed of all random numbers. */
  seed: number;
}

/** The result of `training.polishNeutralModel`. */
export interface PolishedModel {
  /** The polished model, or the one that was given. */
  model: GaussianModel;
  /** What was done, and whether it helped. */
  report: NeutralReport;
  /** With a symmetry: see `model.grow`. */
  unit?: GrownModel["unit"];
}

/** The result of `training.neutralFromParticles`. */
export interface NeutralFromParticles extends PolishedModel {
  /** How the model grew, before it was polished; the FRC is that with a back-projection of the particles. */
  rounds: GrownModel["rounds"];
  /** S, the training box in pixels. */
  trainingBox: number;
  /** About the particles, the symmetry and the growth. */
  warnings: string[];
}
