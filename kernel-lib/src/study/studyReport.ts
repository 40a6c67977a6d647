import type { Evidence } from "../training/evidence/evidence";
import type { RecordedSettings, StudyKind } from "./settings";

/** A number with its 95 % confidence interval. */
export interface Interval {
  /** The number itself. */
  value: number;
  /** Lower end. */
  low: number;
  /** Upper end. */
  high: number;
}

/** A part of a study, as it was trained. */
export interface PartReport {
  /** Name, and folder in that of the study. */
  name: string;
  /** What it is, in words. */
  label: string;
  /** Particles of its training, without those that were left out. */
  particles: number;
  /** Gaussians of its model. */
  gaussians: number;
  /** Whether it uses the poses of the particle file, or refined ones. */
  poses: "file" | "refined";
  /** Axes of its latent space. */
  axes: number;
  /** Axes that its evidence calls real. */
  realAxes: number;
  /** Verdict of its evidence; `unknown` if too few particles were held out to measure it. */
  evidence: Evidence["verdict"] | "unknown";
  /** The evidence in a sentence. */
  sentence: string;
  /** Nats per particle held out. */
  gain: number;
  /** Its standard error. */
  standardError: number;
}

/** An axis of the latent space of a part, and whether the other part has it. */
export interface AxisReport {
  /** Number, from 1. */
  axis: number;
  /** Kind and number among the axes of this kind, such as `conformation 1`. */
  label: string;
  /** Whether the evidence of the part calls it real. */
  real: boolean;
  /**
   * Correlation of the coordinates of the particles with what their places in the other space say of them, by a polynomial of
   * degree 1 to 3 that was fitted to other particles.
   */
  told: Interval;
  /** The same by a straight map; lower where the axis is a curve in the other space. */
  linear: number;
}

/** Agreement of the places of the same particles in two latent spaces. */
export interface SpaceReport {
  /** Particles that have a place in both. */
  particles: number;
  /** Axes of the first and of the second part. */
  axes: [AxisReport[], AxisReport[]];
  /** Part whose real axes are the shared scale, 1 or 2: the one that needs fewer of them. */
  reference: 1 | 2;
  /** Correlation of each axis of the first space with each of the second, [axes · axes], row by row. */
  correlations: number[][];
  /** Places of some of the particles along the first axis of the shared scale by both parts, in standard deviations. */
  sample: { first: number[]; second: number[] };
}

/** The own particles of two parts along an axis of the shared scale. */
export interface PopulationReport {
  /** Number of the axis in the part of reference, from 1. */
  axis: number;
  /** Wasserstein distance of the two distributions: how far particles differ in the mean, in standard deviations. */
  distance: number;
  /** The distance that halves of one population stay below with 95 %; 0 where both parts have the same particles. */
  chance: number;
  /** Whether the distance is at most 0.15, or within chance. */
  same: boolean;
  /** Fractions of the particles between edges in standard deviations; those beyond the ends are in the outermost. */
  histograms: { edges: number[]; first: number[]; second: number[] };
}

/** The change from one end of an axis of the shared scale to the other, in both spaces. */
export interface ChangeReport {
  /** Number of the axis in the part of reference, from 1. */
  axis: number;
  /**
   * Whether it is the same change: the density with r of 0.7 or more, and the motion, if there is one and nothing comes and goes,
   * with an overlap of 0.5 or more and sizes that differ by less than 40 %.
   */
  same: boolean;
  /** Overlap of the fields of motion: correlation of their vectors, weighted by mass, without a rigid motion of the whole. */
  motion: number;
  /** Correlation of the amounts of motion: whether the same region moves. */
  region: number;
  /** Size of the motion in Å RMS, weighted by mass, in the first and the second part. */
  sizes: [number, number];
  /** Correlation of the changes of the density: motion and composition together. */
  density: number;
  /** Change of the masses of Gaussians, as a fraction of their own, in both parts. */
  masses: [number, number];
}

/** A pair of clusters, one of each part, that were matched. */
export interface ClusterPair {
  /** Number of the cluster in the first part, from 1. */
  first: number;
  /** Number of the cluster in the second part, from 1. */
  second: number;
  /** Particles that are in both, over those that are in one of them. */
  overlap: number;
  /** Whether that is more than half. */
  matched: boolean;
  /** All particles in the cluster of the first part, and in that of the second. */
  counts: [number, number];
  /** Fraction of a part's own particles in its cluster, with simultaneous intervals. */
  fractions: [Interval, Interval];
  /** Whether these are equal within their errors. */
  equal: boolean;
}

/** The clusters of two parts. */
export interface ClusterReport {
  /** Clusters of each part that are compared; 1 and 1 for a continuum. */
  numbers: [number, number];
  /** Groups with gaps between them that each part finds by itself. */
  apart: [number, number];
  /**
   * How they were made: by each part `apart`, which found the same clusters; `together`, as one division of the places of all
   * particles on the shared scale; or in a `given` number. `none`: the parts have no axis in common, and their clusters are not compared.
   */
  chosen: "apart" | "together" | "given" | "none";
  /** Adjusted Rand index of the two divisions of all particles. */
  rand: number;
  /** Pairs, in the order of the first part. */
  pairs: ClusterPair[];
  /** Clusters without a partner, from 1, of each part. */
  alone: [number[], number[]];
  /** Correlation of the distances between matched clusters in the two spaces; undefined for fewer than three. */
  arrangement?: number;
}

/** Fourier shell correlations of class averages. */
export interface AverageReport {
  /** What they are averages of: matched clusters, or, in a continuum, the thirds of the first axis of the shared scale. */
  of: "clusters" | "thirds";
  /** Matched pairs that were reconstructed, as numbers in the first part. */
  clusters: number[];
  /** Particles of each in the first and the second part. */
  particles: [number, number][];
  /** Clusters that were not, and why. */
  refused: string[];
  /** 1/Å, [shells]. */
  frequency: number[];
  /** FSC of each pair, [pairs][shells]. */
  matched: number[][];
  /** Mean FSC of each average with those of other clusters of the second part, [pairs][shells]; empty for one pair. */
  others: number[][];
  /** Å at which the FSC of each pair falls below 0.5 and 0.143. */
  resolution: { half: number | null; seventh: number | null }[];
  /** Resolution in Å to which differences are compared. */
  differencesTo: number;
  /** Correlation of the difference of each average from the mean of its part with each of the other part, [pairs][pairs]; empty for one pair. */
  differences: number[][];
}

/** How well one statement of the verdict holds. */
export interface Finding {
  /** What was asked. */
  question: "evidence" | "space" | "changes" | "population" | "clusters" | "counts" | "averages";
  /** The answer. */
  answer: "yes" | "partly" | "no";
  /** In a few words. */
  short: string;
  /** With all numbers. */
  sentence: string;
}

/** Two parts compared. */
export interface Comparison {
  /** Names of the parts. */
  parts: [string, string];
  /** Whether the result of the first is found again in the second. */
  verdict: "reproducible" | "partly" | "not";
  /** The verdict in a sentence. */
  sentence: string;
  /** The statements that the verdict is made of. */
  findings: Finding[];
  /** Places of the same particles. */
  space: SpaceReport;
  /** For each axis of the shared scale. */
  changes: ChangeReport[];
  /** For each axis of the shared scale. */
  populations: PopulationReport[];
  /** Clusters of both parts. */
  clusters: ClusterReport;
  /** Only of halves: averages of the same particles agree anyway. */
  averages?: AverageReport;
}

/** Result of a study, `study.json`. */
export interface StudyReport {
  /** Version of the file's layout. */
  format: 1;
  /** Version of e2gmm. */
  program: string;
  /** What the parts differ in. */
  kind: StudyKind;
  /** What it was made with. */
  settings: RecordedSettings;
  /** The verdict over all comparisons. */
  verdict: Comparison["verdict"];
  /** It in a sentence. */
  sentence: string;
  /** What to keep in mind. */
  notes: string[];
  /** The parts, in their order. */
  parts: PartReport[];
  /** Each further part against the first. */
  comparisons: Comparison[];
}
