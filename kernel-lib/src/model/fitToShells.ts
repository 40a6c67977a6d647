import { type GaussianModel, Row } from "./gaussianModel";
import { minimise } from "./lbfgs";
import type { ShellTarget } from "./shellFit";

export interface FitOptions {
  /** Steps at most. */
  iterations: number;
  /** Whether centres move; amplitudes and widths always do. */
  positions: boolean;
  /** Ends the fit when the mean correlation over the shells reaches it. */
  stop?: number | undefined;
  /** See {@link minimise}. Default 0.002. */
  tolerance?: number;
  report?: (correlation: number, iteration: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Fits centres, amplitudes and widths to the shells of a map, in place.
 *
 * The variables are chosen so that any value of them is allowed and a step of one means about as much for each:
 * centres in units of the median width, the logarithm of the amplitude (which stays positive), and the logit of the
 * width between its bounds.
 *
 * @param bounds least and most sigma in pixels of the training box
 */
export async function fitToShells(
  model: GaussianModel,
  target: ShellTarget,
  weights: Float64Array,
  bounds: { least: number; most: number },
  options: FitOptions,
): Promise<void> {
  const { count, params, boxSize } = model;
  const { least, most } = bounds;
  const span = most - least;
  const sigmas = params.subarray(Row.sigma * count, 5 * count);
  for (let i = 0; i < count; i++) {
    sigmas[i] = Math.min(most - 0.02 * span, Math.max(least + 0.02 * span, sigmas[i]!));
  }
  rescaleAmplitudes(model, target, weights);
  const unit = sigmas.slice().sort()[count >> 1]! / boxSize;
  const moving = options.positions ? 3 * count : 0;
  const x = new Float64Array(moving + 2 * count);
  for (let i = 0; i < moving; i++) x[i] = params[i]! / unit;
  for (let i = 0; i < count; i++) {
    x[moving + i] = Math.log(Math.max(1e-30, params[Row.amplitude * count + i]!));
    const part = (sigmas[i]! - least) / span;
    x[moving + count + i] = Math.log(part / (1 - part));
  }
  const unpack = (from: Float64Array) => {
    for (let i = 0; i < moving; i++) params[i] = from[i]! * unit;
    for (let i = 0; i < count; i++) {
      params[Row.amplitude * count + i] = Math.exp(from[moving + i]!);
      sigmas[i] = least + span / (1 + Math.exp(-from[moving + count + i]!));
    }
  };
  const slope = new Float64Array(5 * count);
  let correlation = 0;
  const evaluate = (at: Float64Array, gradient: Float64Array) => {
    unpack(at);
    const score = target.evaluate(params, count, weights, slope);
    let sum = 0;
    for (let r = 1; r <= target.rings; r++) sum += score.fsc[r]!;
    correlation = sum / target.rings;
    for (let i = 0; i < moving; i++) gradient[i] = slope[i]! * unit;
    for (let i = 0; i < count; i++) {
      gradient[moving + i] = slope[3 * count + i]! * params[Row.amplitude * count + i]!;
      const part = (sigmas[i]! - least) / span;
      gradient[moving + count + i] = slope[4 * count + i]! * span * part * (1 - part);
    }
    return score.loss;
  };
  await minimise(x, evaluate, {
    iterations: options.iterations,
    tolerance: options.tolerance ?? 2e-3,
    firstStep: 0.1,
    signal: options.signal,
    onStep: (_, iteration) => {
      options.report?.(correlation, iteration);
      return options.stop !== undefined && correlation >= options.stop;
    },
  });
  unpack(x);
}

/** Brings all amplitudes to the scale at which the loss is least. */
function rescaleAmplitudes(model: GaussianModel, target: ShellTarget, weights: Float64Array): void {
  const { count, params } = model;
  const { cross, own, power } = target.evaluate(params, count, weights);
  let numerator = 0;
  let denominator = 0;
  for (let r = 1; r <= target.rings; r++) {
    if (!(power[r]! > 0)) continue;
    numerator += (weights[r]! * cross[r]!) / power[r]!;
    denominator += (weights[r]! * own[r]!) / power[r]!;
  }
  if (numerator > 0 && denominator > 0) multiplyAmplitudes(model, numerator / denominator);
}

/** Multiplies all amplitudes by the factor that makes the model fit the map best in least squares, each sample alike. */
export function scaleToMap(model: GaussianModel, target: ShellTarget): void {
  const even = new Float64Array(target.rings + 1).fill(1);
  const { cross, own } = target.evaluate(model.params, model.count, even);
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  multiplyAmplitudes(model, sum(cross) / sum(own));
}

function multiplyAmplitudes({ count, params }: GaussianModel, factor: number): void {
  for (let i = 0; i < count; i++) params[Row.amplitude * count + i]! *= factor;
}
