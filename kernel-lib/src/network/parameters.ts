/** Types shared by layers, optimizer and checkpoints. */

/** A named float32 array of a checkpoint. */
export interface NamedArray {
  /** Unique within the checkpoint. */
  name: string;
  /** Dimensions, the slowest first. */
  shape: number[];
  /** Values, row-major. */
  data: Float32Array;
}

/** Adam's moments of one array of weights. */
export interface Moments {
  /** Running mean of the gradient. */
  first: Float32Array;
  /** Running mean of its square. */
  second: Float32Array;
}

/** The numbers of one step of Adam. */
export interface AdamStep {
  /** Decay of the first moment. */
  beta1: number;
  /** Decay of the second moment. */
  beta2: number;
  /** Added to the root of the second moment. */
  epsilon: number;
  /** Learning rate divided by the bias correction of the first moment. */
  rate: number;
  /** Factor on the root of the second moment: 1/√(its bias correction). */
  root: number;
  /** Fraction of each weight to subtract. */
  decay: number;
}
