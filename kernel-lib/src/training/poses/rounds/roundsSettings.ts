import type { ByteSign } from "../../../formats/mrc";
import type { TaskOptions } from "../../../progress";
import type { EngineChoice } from "../../../projection/engines";
import type { PosePrior } from "../../posterior/placePosterior";
import type { PoseChange } from "../commonFrame";
import type { PoseReport } from "../refinedPoses";
import type { HalfMapGain } from "./halfMapGain";

/** Input and output of {@link refineInRounds}. */
export interface RoundsSettings extends TaskOptions {
  /** Particle file: a STAR file of RELION or a .cs file of cryoSPARC. */
  particles: string;
  /** Folder of the results, new or empty; or one of a run that was stopped, with the same settings, which then continues. */
  out: string;
  /** Map of the same box, at least 0.5 where the molecule is: Gaussians stay inside. Default: none. */
  mask?: string;
  /** Most rounds. Default 4. */
  rounds?: number;
  /** Gaussians of the model of each half. Default 512. */
  gaussians?: number;
  /** Alignment uses rings to where the Fourier shell correlation of the half maps falls below this. Default 0.143. */
  threshold?: number;
  /** Limit of the resolution of alignment in Å. Default: none but that of the half maps. */
  resolution?: number;
  /**
   * Standard errors by which half maps of the first round must agree better than those of the poses in the file, which else stay:
   * particles that are turned by their noise give half maps that agree as well. Default 3.
   */
  leastGain?: number;
  /** Priors of the poses in the file, in degrees and Å. Default: measured for each half. */
  prior?: PosePrior;
  /**
   * Point group of the molecule, in RELION's notation and orientation: maps and models are symmetric. Default: none.
   */
  symmetry?: string;
  /** Seed of the division into halves, unless the file has half sets, and of the models. Default 1. */
  seed?: number;
  /**
   * Most particles of each half, evenly spaced in the file; the others keep their poses. It is a quick check of the poses.
   * Default: all.
   */
  perHalf?: number;
  /** Folder that the image paths of the particle file are relative to. Default: the folder of the particle file. */
  dataFolder?: string;
  /** Pixel size of the images in Å. Default: that of the particle file. */
  apix?: number;
  /** Whether to read images with the opposite sign. Default false. */
  invertContrast?: boolean;
  /** How image stacks of bytes are read. Default: as their header says, else the more plausible. */
  bytes?: ByteSign;
  /** Projection engine and number of threads. */
  engine?: EngineChoice;
  /** Called with the report of each finished round. */
  onRound?: (report: RoundReport) => void;
  /** Called with a sentence about an assumption. */
  onWarning?: (warning: string) => void;
}

/** Resolutions in Å at which the correlation of the half maps falls below two thresholds. */
export interface HalfMapResolution {
  /** At 0.5. */
  half: number;
  /** At 0.143. */
  seventh: number;
}

/** One round: models of both halves, poses of each half against its own model, half maps from them. */
export interface RoundReport {
  /** From 1. */
  round: number;
  /** Resolution in Å to which particles were aligned. */
  alignedTo: number;
  /** Refinement of each half. */
  halves: [PoseReport, PoseReport];
  /** Resolution of the new half maps. */
  resolution: HalfMapResolution;
  /** Gain over the half maps before this round. */
  halfMaps: HalfMapGain;
  /** How far poses have moved in this round. */
  moved: PoseChange;
  /** Whether the half maps agree better, so that these poses are used. */
  kept: boolean;
}

/** The result of {@link refineInRounds}, as it is stored in `rounds.json`. */
export interface RoundsReport {
  /** Version of the layout. */
  format: 1;
  /** Version of this package. */
  program: string;
  /** What the folder was made from and with; a run that is continued must have the same. */
  settings: Record<string, unknown>;
  /** `complete` once the rounds have ended. */
  status: "running" | "complete";
  /** Number of particles. */
  particles: number;
  /** Where the half sets are from. */
  halves: "file" | "random";
  /** Whether refined poses are better than those of the file, by the half maps; missing while running. */
  verdict?: "refine" | "leave";
  /** The verdict in a sentence. */
  sentence?: string;
  /** Resolution from the poses of the file. */
  before: HalfMapResolution;
  /** Resolution from the poses of the result. */
  after: HalfMapResolution;
  /** How far the poses of the result are from those of the file. */
  moved: PoseChange;
  /** All rounds, also the last one if it was not kept. */
  rounds: RoundReport[];
}
