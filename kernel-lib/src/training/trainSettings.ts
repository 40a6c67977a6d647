import type { ByteSign } from "../formats/mrc";
import type { EngineChoice } from "../projection/engines";
import type { TrainingOptions } from "./options";
import type { EpochReport } from "./trainer";

/** What a training is made from and how; files and folders as the user named them. */
export interface TrainSettings {
  /** RELION STAR file of the particles. */
  particles: string;
  /** Neutral model as text. */
  model: string;
  /** Folder of the run, made by the training. */
  out: string;
  /** Map that is at least 0.5 where Gaussians may change; the others are held at the neutral model. */
  mask?: string;
  /** Where the stacks are, if not beside the STAR file. */
  dataFolder?: string;
  /** Å per pixel of the images, where the particle file does not say it or says it wrong. */
  apix?: number;
  /** Whether images are read with the opposite sign: for molecules that are darker than their surroundings. */
  invertContrast?: boolean;
  /** How stacks of bytes (mode 0) are read; default: as their files say, else as their values make sense. */
  bytes?: ByteSign;
  /**
   * Whether particles that agree with the neutral model far less than their CTF and the signal of the others let expect are
   * trained on all the same. Default: they are left out, said, and listed in outliers.csv.
   */
  keepOutliers?: boolean;
  /** Finest detail to use, in Å. Default: as far as the training box and the signal reach. */
  resolution?: number;
  options?: Partial<TrainingOptions>;
  /** Go on with the run in `out` from its last checkpoint. */
  resume?: boolean;
  /**
   * Bytes that the training may use. Half is for the transforms of the particles; where they do not fit, images are read as
   * they are needed. Half is for a training step; where the batch does not fit, a smaller batch is used and reported.
   * Default: half of the memory available to the process.
   */
  memoryBudget?: number;
  /**
   * Projection engine, and the number of threads for projections, networks and image transforms (at most 8 for the latter unless
   * given). Default: on a GPU the faster engine, measured in a trial of a few seconds and reported, otherwise `wasm`; one thread
   * per core. A resumed run keeps its engine.
   */
  engine?: EngineChoice;
  /** Called after each epoch, its checkpoint written, with the encoder's latents of all particles [particles · latent]. */
  onEpoch?: (report: EpochReport, latents: Float32Array) => void;
  /**
   * Called with a sentence where the training differs from what was asked for, such as a batch that does not fit into
   * memory, and where it chose between a GPU and the CPU.
   */
  onNotice?: (notice: string) => void;
}
