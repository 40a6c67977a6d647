import { type GaussianModel, Row } from "./gaussianModel";

/** Smallest and largest sigma, in pixels of the training box. */
export interface SigmaBounds {
  /** The smallest. */
  least: number;
  /** The largest. */
  most: number;
}

/**
 * The variables of the fit. Any value of them is allowed, and a step of one means about as much for each: centres in
 * units of the median width, the logarithm of the amplitude (which stays positive), and the logit of the width between
 * its bounds.
 */
export class FitVariables {
  /** Their values, as they were when the object was made. */
  readonly x: Float64Array;
  private readonly moving: number;
  private readonly unit: number;
  private readonly sigmas: Float32Array;
  private readonly least: number;
  private readonly span: number;

  /**
   * @param positions whether centres are variables, too
   * @param rescale called once widths are within their bounds, before amplitudes are read. Default: nothing
   */
  constructor(
    private readonly model: GaussianModel,
    { least, most }: SigmaBounds,
    positions: boolean,
    rescale: () => void = () => undefined,
  ) {
    const { count, params, boxSize } = model;
    this.least = least;
    this.span = most - least;
    this.sigmas = params.subarray(Row.sigma * count, 5 * count);
    const { span, sigmas } = this;
    for (let i = 0; i < count; i++) {
      sigmas[i] = Math.min(most - 0.02 * span, Math.max(least + 0.02 * span, sigmas[i]!));
    }
    rescale();
    this.unit = sigmas.slice().sort()[count >> 1]! / boxSize;
    this.moving = positions ? 3 * count : 0;
    this.x = new Float64Array(this.moving + 2 * count);
    for (let i = 0; i < this.moving; i++) this.x[i] = params[i]! / this.unit;
    for (let i = 0; i < count; i++) {
      this.x[this.moving + i] = Math.log(Math.max(1e-30, params[Row.amplitude * count + i]!));
      const part = (sigmas[i]! - least) / span;
      this.x[this.moving + count + i] = Math.log(part / (1 - part));
    }
  }

  /** Writes the parameters that belong to variables x to the model. */
  unpack(x: Float64Array): void {
    const { moving, unit, sigmas, least, span } = this;
    const { count, params } = this.model;
    for (let i = 0; i < moving; i++) params[i] = x[i]! * unit;
    for (let i = 0; i < count; i++) {
      params[Row.amplitude * count + i] = Math.exp(x[moving + i]!);
      sigmas[i] = least + span / (1 + Math.exp(-x[moving + count + i]!));
    }
  }

  /** The gradient in the variables from that in the parameters, at the last unpacked variables. */
  chain(modelGradient: ArrayLike<number>, gradient: Float64Array): void {
    const { moving, unit, sigmas, least, span } = this;
    const { count, params } = this.model;
    for (let i = 0; i < moving; i++) gradient[i] = modelGradient[i]! * unit;
    for (let i = 0; i < count; i++) {
      gradient[moving + i] = modelGradient[3 * count + i]! * params[Row.amplitude * count + i]!;
      const part = (sigmas[i]! - least) / span;
      gradient[moving + count + i] = modelGradient[4 * count + i]! * span * part * (1 - part);
    }
  }
}
