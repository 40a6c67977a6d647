import type { Volume } from "../maps/volume";
import type { TaskOptions } from "../progress";
import type { GaussianModel } from "./gaussianModel";
import type { MapSignal } from "./mapSignal";

/** Options of `growNeutralModel`. */
export interface GrowOptions extends TaskOptions {
  /**
   * Resolution in Å down to which the model shall describe the map. Default `auto`: the finest to which the map has signal, judged by
   * the noise around the molecule, and at most 3,000 Gaussians describe it with `targetFrc`; no finer than three voxels.
   */
  resolution?: number | "auto";
  /**
   * Gaussians of the finished model. Default `auto`: `startGaussians`, doubled until the FRC reaches `targetFrc`, a doubling would
   * add less than 0.02 to it, or there are 3,000.
   */
  gaussians?: number | "auto";
  /**
   * A mask with the map's size and pixel size, 1 inside. The map is multiplied by it before the fit, and Gaussians stay
   * where it is at least 0.5. Default: none.
   */
  mask?: Volume;
  /**
   * Point group of the molecule, in RELION's notation and orientation. The model is then exactly symmetric: `gaussians` counts
   * those of all units, and is rounded to a multiple of their number; `unit` of the result is one of them. Default: none.
   */
  symmetry?: string | undefined;
  /** Whether to negate the map, for one in which the molecule is darker than its surroundings. Default false. */
  invertContrast?: boolean | undefined;
  /** Seed of the random positions. Default 1. */
  seed?: number;
  /** S, the training box in pixels. Default: the smallest good FFT size that holds the resolution. */
  boxSize?: number;
  /**
   * Mean FRC over the rings of the target resolution at which automatic growth ends, relative to the one that the noise of the map
   * allows. Default 0.95.
   */
  targetFrc?: number;
  /**
   * Gaussians of the first round. Default: 256 if `gaussians` is given, else one for each cube as wide as the resolution in
   * the volume of the molecule, at least 32.
   */
  startGaussians?: number;
  /** Resolution of the first round in Å. Default 50. */
  startResolution?: number;
}

/** How well the model describes the map at the end of one round of growth. */
export interface GrowthRound {
  /** Gaussians of the model. */
  gaussians: number;
  /** Resolution in Å down to which this round was fitted. */
  resolution: number;
  /**
   * Mean Fourier ring correlation between projections of model and map over 64 uniformly distributed views. The index
   * is the ring, from 0 to that of the target resolution, also where the round itself used fewer rings.
   */
  frcByRing: number[];
  /** Mean FRC over ring 1 to the last ring of this round's resolution. */
  frc: number;
}

/** The result of `growNeutralModel`. */
export interface GrownModel {
  /** The neutral model. */
  model: GaussianModel;
  /** How the model grew, one entry per round. */
  rounds: GrowthRound[];
  /** S, the training box in pixels; the model's `boxSize`. */
  trainingBox: number;
  /**
   * With a symmetry: the most compact asymmetric unit, its number of Gaussians (the first of the model, of which the others are
   * copies) and its centre in box units.
   */
  unit?: { gaussians: number; centre: [number, number, number] };
  /** Resolution in Å down to which the model was fitted. */
  resolution: number;
  /** Why it has this resolution and number of Gaussians, a sentence for each that was not given. */
  choices: string[];
  /** Warnings about shortcomings of the model, with advice. */
  warnings: string[];
}

/** Options of a growth whose resolution is decided. */
export interface DecidedGrowth extends GrowOptions {
  resolution: number;
  gaussians?: number;
  /** Signal of the map; undefined where its noise cannot be seen. */
  clear: MapSignal | undefined;
  /** Whether Gaussians are doubled until they describe the map. Default true. */
  doubling?: boolean;
}
