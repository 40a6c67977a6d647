import type { AxisBlock } from "../../network/decoder";
import type { NamedArray } from "../../network/parameters";
import type { FeatureBasis } from "../features/featureBasis";

/** Axes of the run from which a second round started, which go on in its training. */
export interface KeptAxes {
  /** Blocks of these axes: those of the run, after those that it had itself from a run before. */
  blocks: AxisBlock[];
  /** Their number. */
  latent: number;
  /** What the run saved: networks and statistics. */
  arrays: readonly NamedArray[];
  /** Coordinates of all rows of this training in the run, [rows · latent]. */
  places: Float32Array;
  /** The same as the networks of the run read them. */
  goal: Float32Array;
  /** The basis of the run's encoder input, and the number of features that was asked for. */
  basis: FeatureBasis;
  featureSize: number;
}

/** Axes that go on, and how the new ones begin. */
export interface ContinuedAxes extends KeptAxes {
  /** Parameters that the new axes change: indices in a set of 5·N. */
  newSlots: Int32Array;
}
