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

/** Arrays under their names behind a prefix and a point. */
export function prefixed(prefix: string, arrays: readonly NamedArray[]): NamedArray[] {
  return arrays.map((array) => ({ ...array, name: `${prefix}.${array.name}` }));
}

/** Arrays whose names begin with a prefix and a point, without it. */
export function under(arrays: readonly NamedArray[], prefix: string): NamedArray[] {
  return arrays
    .filter((a) => a.name.startsWith(`${prefix}.`))
    .map((a) => ({ ...a, name: a.name.slice(prefix.length + 1) }));
}
