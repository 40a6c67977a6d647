import type { QueueSettings } from "../jobs/queueSettings";
import type { TrainingOptions } from "../training/options";
import type { TrainingSettings } from "../training/settings";

/** What all studies have in common: the settings of their trainings, and how the parts are made. */
export interface StudySettings
  extends Omit<
    TrainingSettings,
    "particles" | "model" | "from" | "resume" | "onEpoch" | "symmetry" | "memoryBudget"
  > {
  /** Particle file: a STAR file of RELION, a .cs or .csg file of cryoSPARC, a .lst or .hdf file of EMAN2. */
  particles: string;
  /** Folder of the study, new or empty, or that of a study with the same settings to continue. */
  out: string;
  /** Neutral model of all parts. */
  model?: string;
  /**
   * Makes only this part, from 1, and compares nothing: for job arrays. Default: all parts that are not there yet, and the
   * comparison.
   */
  part?: number;
  /** Parts at a time. Default 1. */
  jobs?: number;
  /**
   * Number of clusters of each part, or `auto`, the default: as many as there are gaps; one division for two parts unless
   * each by itself finds the same clusters.
   */
  clusters?: number | "auto";
  /**
   * Queues the parts, an array of jobs, and after them the comparison, instead of doing it here; see `e2.jobs`. Default: here.
   */
  queue?: QueueSettings;
  /** Called with a sentence when a part is finished. */
  onPart?: (sentence: string) => void;
}

/** Settings of `study.halves`. */
export interface HalvesSettings extends StudySettings {
  /**
   * Neutral model of both halves, which are then not independent. Default: each half has its own, from a reconstruction of
   * its own particles.
   */
  model?: string;
  /** Resolution in Å of the models and the trainings; needed unless `model` is given. */
  resolution?: number;
  /** Gaussians of each model. Default 512; large molecules at high resolution need more. */
  gaussians?: number;
  /** Mask of the molecule, a map: Gaussians of the models stay where it is at least 0.5. Default: found in the map. */
  modelMask?: string;
}

/** Settings of `study.seeds`. */
export interface SeedsSettings extends StudySettings {
  model: string;
  /** Seed of each training, two or more. */
  seeds: readonly number[];
}

/** Settings of `study.options`. */
export interface OptionsSettings extends StudySettings {
  model: string;
  /** Options of each training that differ from `options`, by name; two or more. Names consist of letters, digits, `.`, `-` and `_`. */
  sets: Readonly<Record<string, Partial<TrainingOptions>>>;
}

/** What the parts of a study differ in. */
export type StudyKind = "halves" | "seeds" | "options";

/** Settings as they are recorded: whatever changes the result. */
export interface RecordedSettings {
  /** Version of the file's layout. */
  format: 1;
  /** What the parts differ in. */
  kind: StudyKind;
  [name: string]: unknown;
}

/** One part of a study: a training in a folder of its own. */
export interface StudyPart {
  /** Name, and folder in that of the study. */
  name: string;
  /** What it is, in words. */
  label: string;
  /** Half of the particles, in a study of halves. */
  half?: 1 | 2;
  /** Options of the training. */
  options: Partial<TrainingOptions>;
}
