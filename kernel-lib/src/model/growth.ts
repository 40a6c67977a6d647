import type { Volume } from "../maps/volume";
import type { TaskOptions } from "../progress";
import type { GaussianModel } from "./gaussianModel";

/** How a neutral model is grown: what may be asked for, and what is reported of it. */

export interface GrowOptions extends TaskOptions {
  /** Å to which the model shall describe the map. */
  resolution: number;
  /**
   * Gaussians of the finished model. Default: `startGaussians`, doubled until the FRC reaches `targetFrc` or a
   * doubling adds less than 0.02 to it.
   */
  gaussians?: number;
  /**
   * A map of the same size and pixel size, 1 inside. The map is multiplied by it before the fit, and Gaussians stay
   * where it is at least 0.5.
   */
  mask?: Volume;
  /** Whether the map is taken with the opposite sign: for one in which the molecule is darker than its surroundings. */
  invertContrast?: boolean | undefined;
  /** Seed of the random places. Default 1. */
  seed?: number;
  /** S, the training box in pixels. Default: the smallest good FFT size that holds the resolution. */
  boxSize?: number;
  /** Mean FRC over the rings below the target resolution at which growth without a given number ends. Default 0.95. */
  targetFrc?: number;
  /** Gaussians of the first round. Default 256. */
  startGaussians?: number;
  /** Å of the first round. Default 50. */
  startResolution?: number;
}

/** How well the model describes the map at the end of one round of growth. */
export interface GrowthRound {
  gaussians: number;
  /** Å, down to which this round was fitted. */
  resolution: number;
  /**
   * Mean Fourier ring correlation between projections of model and map, over 64 views from all directions:
   * index = ring of the box, 0 … those of the target resolution, also where the round itself stopped short of it.
   */
  frcByRing: number[];
  /** Mean over rings 1 … those of this round's resolution. */
  frc: number;
}

export interface GrownModel {
  model: GaussianModel;
  rounds: GrowthRound[];
  /** S, the training box in pixels; the model's `boxSize`. */
  trainingBox: number;
  /** What the model does not describe, and what would help, in sentences. */
  notices: string[];
}
