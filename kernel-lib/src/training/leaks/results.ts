import type { Nuisance } from "./nuisance";

/** Association of one axis with a nuisance. */
export interface AxisLeak {
  /** Fraction of the variance of the axis that the nuisance explains, less that which permutations explain. */
  explained: number;
  /** p-value, corrected for the number of axes by the largest of each permutation. */
  p: number;
  /** Correlation with the rank, of a number. */
  correlation?: number;
}

/** Association of places with a nuisance. */
export interface Leak {
  /** Name of the nuisance. */
  name: string;
  /** What kind of property it is. */
  kind: Nuisance["kind"];
  /** Particles of the sample. */
  particles: number;
  /** Number of groups in it. */
  groups?: number;
  /** Largest of the axes: fraction of its variance that the nuisance explains, beyond permutations. */
  explained: number;
  /** Of each axis. */
  axes: AxisLeak[];
  /** p-value of the sum over the axes, corrected for all tests. */
  p: number;
  /** Mutual information of place and nuisance in nats, beyond permutations. */
  information: number;
  /** Its p-value, corrected for all tests. */
  informationP: number;
  /** `place`: mean places depend on it. `distribution`: only their distribution does. */
  depends: "place" | "distribution" | "no";
}

/** Whether places depend on what must not matter. */
export interface Leaks {
  /** Version of the file's layout. */
  format: 1;
  /** Result in a sentence. */
  sentence: string;
  /** Whether places depend on any of them. */
  found: boolean;
  /** Strongest first. */
  leaks: Leak[];
  /** Nuisances that are the same for all particles, and so cannot be tested. */
  untested: string[];
  /** Number of permutations. */
  permutations: number;
  /** Seed of sample and permutations. */
  seed: number;
  /** Corrected p-value below which places depend on something. */
  significance: number;
}
