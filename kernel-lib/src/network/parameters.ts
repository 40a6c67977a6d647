/** What layers, optimiser and checkpoints share: arrays of weights, their moments, and a step of Adam. */

/** A named float32 array, as it is kept in a checkpoint. */
export interface NamedArray {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** Adam's moments of one array of weights. */
export interface Moments {
  first: Float32Array;
  second: Float32Array;
}

/** The numbers of one step, as the update of a layer takes them. */
export interface AdamStep {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Learning rate over the correction of the first moment. */
  rate: number;
  /** One over the root of the correction of the second moment. */
  root: number;
  /** Fraction of a weight that it loses. */
  decay: number;
}
