import { FitVariables, type SigmaBounds } from "./fitVariables";
import { type GaussianModel, Row } from "./gaussianModel";
import { minimize } from "./lbfgs";
import type { ShellTarget } from "./shellTarget";

/** What a model is fitted to, and within which bounds. */
export interface ShellFit {
  /** The shells of the map. */
  target: ShellTarget;
  /** Weight of each shell in the loss, [rings + 1]. */
  weights: Float64Array;
  /** Smallest and largest sigma, in pixels of the training box. */
  bounds: SigmaBounds;
}

/** Options of {@link fitToShells}. */
export interface FitOptions {
  /** Upper limit of the number of steps. */
  maxIterations: number;
  /** Whether centres move; amplitudes and widths always do. */
  positions: boolean;
  /** Stops when the mean correlation over the shells reaches this. Default: never. */
  targetCorrelation?: number | undefined;
  /** Called after each step with the mean correlation over the shells. */
  onStep?: (correlation: number, iteration: number) => void;
  /** Stops with `StoppedError`. */
  signal?: AbortSignal | undefined;
}

/**
 * Fits centres, amplitudes and widths to the shells of a map, in place.
 * @throws StoppedError
 */
export async function fitToShells(model: GaussianModel, fit: ShellFit, options: FitOptions): Promise<void> {
  const { target, weights, bounds } = fit;
  const variables = new FitVariables(model, bounds, options.positions, () => {
    rescaleAmplitudes(model, target, weights);
  });
  const modelGradient = new Float64Array(5 * model.count);
  let correlation = 0;
  const evaluate = (x: Float64Array, gradient: Float64Array) => {
    variables.unpack(x);
    const score = target.evaluate(model.params, model.count, weights, modelGradient);
    let sum = 0;
    for (let r = 1; r <= target.rings; r++) sum += score.fsc[r]!;
    correlation = sum / target.rings;
    variables.chain(modelGradient, gradient);
    return score.loss;
  };
  await minimize(variables.x, evaluate, {
    maxIterations: options.maxIterations,
    tolerance: 2e-3,
    firstStep: 0.1,
    signal: options.signal,
    onStep: (_, iteration) => {
      options.onStep?.(correlation, iteration);
      return options.targetCorrelation !== undefined && correlation >= options.targetCorrelation;
    },
  });
  variables.unpack(variables.x);
}

/** Multiplies all amplitudes by the factor that minimizes the loss. */
function rescaleAmplitudes(model: GaussianModel, target: ShellTarget, weights: Float64Array): void {
  const { count, params } = model;
  const { cross, modelPower, mapPower } = target.evaluate(params, count, weights);
  let numerator = 0;
  let denominator = 0;
  for (let r = 1; r <= target.rings; r++) {
    if (!(mapPower[r]! > 0)) continue;
    numerator += (weights[r]! * cross[r]!) / mapPower[r]!;
    denominator += (weights[r]! * modelPower[r]!) / mapPower[r]!;
  }
  if (numerator > 0 && denominator > 0) multiplyAmplitudes(model, numerator / denominator);
}

/** Multiplies all amplitudes by the factor that fits the map best in least squares over all Fourier samples. */
export function scaleToMap(model: GaussianModel, target: ShellTarget): void {
  const uniform = new Float64Array(target.rings + 1).fill(1);
  const { cross, modelPower } = target.evaluate(model.params, model.count, uniform);
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  multiplyAmplitudes(model, sum(cross) / sum(modelPower));
}

function multiplyAmplitudes({ count, params }: GaussianModel, factor: number): void {
  for (let i = 0; i < count; i++) params[Row.amplitude * count + i]! *= factor;
}
