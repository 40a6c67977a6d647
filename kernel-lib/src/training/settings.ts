import type { BackendName } from "../compute/backends";
import type { ByteSign } from "../formats/mrc";
import type { TaskOptions } from "../progress";
import type { EngineChoice } from "../projection/engines";
import type { TrainingOptions } from "./options";
import type { PoseChoice } from "./poses/first/poseDecision";
import type { InheritedAxes } from "./runs/lineage";
import type { EpochReport } from "./trainer";

/** The run from which a second round starts, and what it takes over. */
export interface StartingRun {
  /** Folder of the run. It must be complete; it may be removed later. */
  run: string;
  /**
   * Particles of the run to train on: their numbers from 0, as in `latents.csv`; a text file of these numbers; or a STAR or .cs
   * file with their images, as the explorer and `e2.particles.writeSelection` write it. Of a run with symmetry these are units, and
   * all units of a particle are used that has one of them. Default: all.
   */
  select?: string | ArrayLike<number>;
  /**
   * What becomes of the axes of the run.
   *
   * `fixed` (default): they stay as they are, with the place of every particle on them. New axes describe changes of the model
   * that the run decodes for the particle, of Gaussians inside the mask. The axes of the new run are those of the old one, then
   * the new ones; its evidence is the gain of the new axes over the old ones.
   *
   * `kept`: they go on in the training, from the weights of the run, and new axes are added. The old axes change what they changed
   * before; the new ones change what `mask` and `vary` of this training say. The axes of the new run are the old ones, then the new
   * ones, without correlation with the old; its evidence is that of all of them, and says what the new ones add.
   *
   * `drop`: new axes only. The neutral model is the state of the selected particles: decoded at the place of the particle that
   * is nearest to their mean.
   */
  axes?: InheritedAxes;
}

/** Settings in which particles and model are known. */
export type CompleteSettings = TrainingSettings & { particles: string; model: string };

/** Input, output and execution of a training. Paths are relative to the working folder. */
export interface TrainingSettings extends TaskOptions {
  /** Particle file: a STAR file of RELION, a .cs or .csg file of cryoSPARC, a .lst or .hdf file of EMAN2. Required unless `from` is set. */
  particles?: string;
  /** Neutral model, a text file. Required unless `from` is set. */
  model?: string;
  /**
   * Run from which a second round starts. From it come particles, neutral model, mask, `resolution` and `options`, unless mask,
   * resolution or single options are given anew; the number of axes is found anew. Default: none.
   */
  from?: StartingRun;
  /** Run folder, created by the training. It must be new or empty unless `resume` is set. */
  out: string;
  /** Map file; Gaussians may change where it is at least 0.5, the others keep their neutral values. Default: all may change. */
  mask?: string;
  /**
   * Masks of rigid bodies, map files. The Gaussians inside each, where it is at least 0.5, move together: the body turns and moves
   * but keeps its shape. A Gaussian in several masks belongs to the first. With a symmetry, masks in the unit that varies. Default:
   * every Gaussian moves on its own.
   */
  rigid?: string[];
  /** Folder that the image paths of the particle file are relative to. Default: the folder of the particle file. */
  dataFolder?: string;
  /** Pixel size of the images in Å, if the particle file lacks it or has it wrong. Default: that of the particle file. */
  apix?: number;
  /** Whether to read images with the opposite sign, for particles darker than the background. Default false. */
  invertContrast?: boolean;
  /** How image stacks of bytes (MRC mode 0) are read. Default: as their header says, else the more plausible. */
  bytes?: ByteSign;
  /**
   * Point group of the molecule, in RELION's notation (Cn, Dn, T, O, I, I1 … I4). Each unit of a particle then has its own
   * latent coordinates, with one decoder for all units: that of the unit in `mask`, or of the most compact one. The neutral
   * model is made symmetric. Default: none.
   */
  symmetry?: string;
  /**
   * Whether to train also on particles that agree far less with the neutral model than expected from their CTF and the
   * signal of the others. Default false: they are excluded, reported, and listed in outliers.csv.
   */
  keepOutliers?: boolean;
  /**
   * Whether poses are checked and refined before the training, since motion is invented where they are wrong. `auto`: a round of
   * refinement on up to 2,000 particles, in halves that never meet; if their half maps agree better, the poses of all are
   * refined in the same way, then together with places on the axes of a survey if these explain held-out samples better. The
   * training uses these poses and a new model like the given one, both in `poses` in the run folder. `file`: the
   * poses of the file, unchecked. `refine`: refined in any case. Default `auto`.
   */
  poses?: PoseChoice;
  /** Finest detail to use, in Å. Default: all that the training box and the signal allow. */
  resolution?: number;
  /** The method's parameters. Default: `e2.training.defaultOptions`. */
  options?: Partial<TrainingOptions>;
  /** Whether to continue the run in `out` from its last checkpoint. Default false. */
  resume?: boolean;
  /**
   * Bytes that the training may use: half for the transforms of the particles, which are otherwise recomputed from the
   * images when needed, and half for a training step, for which a smaller batch is used and reported if necessary.
   * Default: half of the memory available to the process.
   */
  memoryBudget?: number;
  /**
   * Projection engine, and the number of threads for projections, networks and image transforms. Default: on a GPU the
   * faster engine in a trial of a few seconds, otherwise `wasm`; one thread per core (for image transforms at most 8). A
   * resumed run keeps its engine.
   */
  engine?: EngineChoice;
  /**
   * TensorFlow.js backend for the encoder's input and the engine `tensor`; the networks are trained on the CPU. Used by
   * `train` only. Default: the backend that is active in this thread, else the best that is available.
   */
  backend?: BackendName | "auto";
  /**
   * `low` runs the training's threads at a lower priority, so that widgets and pages stay responsive; on an otherwise idle
   * machine it is as fast. Linux only. Used by `train` only. Default: `low` in a notebook's kernel, else `normal`.
   */
  priority?: "normal" | "low";
  /** Called after the checkpoint of each epoch with the encoder's latents of all particles, [particles · latent]. */
  onEpoch?: (report: EpochReport, latents: Float32Array) => void;
  /**
   * Called with a sentence when the training deviates from what was requested or assumes something, such as a smaller
   * batch or the choice of an engine.
   */
  onWarning?: (warning: string) => void;
}
