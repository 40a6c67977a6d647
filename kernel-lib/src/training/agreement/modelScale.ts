import type { GaussianModel } from "../../model/gaussianModel";
import { vertex } from "./crossCorrelation";
import type { FittedFactor } from "./defocusFit";
import { meanAndError } from "./moments";

/** The factor on the size of a model that fits particles best: other than 1 where pixel sizes are wrong. */

/** Factors on the size of the model that are tried: 1 ± this, and 2 and 4 times it. */
const step = 0.005;
const factors = [-4, -2, -1, 0, 1, 2, 4].map((steps) => 1 + steps * step);

/**
 * The factor with the highest mean score, by a parabola through it and its neighbours, or the outermost one tried; its standard
 * error is that of the slope over the curvature. Undefined if the scores have no maximum.
 */
export async function bestScale(
  scores: (factor: number) => Promise<Float64Array>,
): Promise<FittedFactor | undefined> {
  const tried: Float64Array[] = [];
  for (const factor of factors) tried.push(await scores(factor));
  const means = tried.map((values) => meanAndError(values).mean);
  const best = means.indexOf(Math.max(...means));
  const isInner = best > 0 && best < factors.length - 1;
  const [low, centre, high] = equidistant(Math.min(Math.max(best, 1), factors.length - 2));
  const width = factors[high]! - factors[centre]!;
  const [before, at, after] = [means[low]!, means[centre]!, means[high]!];
  const slopes = tried[high]!.map((value, i) => (value - tried[low]![i]!) / (2 * width));
  const curvature = (2 * at - before - after) / width ** 2;
  if (!(curvature > 0)) return undefined;
  return {
    by: isInner ? factors[centre]! + vertex(before, at, after) * width : factors[best]!,
    standardError: meanAndError(slopes).standardError / curvature,
  };
}

/** Whether a factor is the outermost one tried, so that the best may be beyond. */
export const endsSearch = ({ by }: FittedFactor): boolean => Math.abs(by - 1) >= 4 * step - 1e-9;

/** The factor of an index, and those as far below and above it. */
function equidistant(centre: number): [low: number, centre: number, high: number] {
  const middle = (factors.length - 1) / 2;
  if (centre === middle) return [centre - 1, centre, centre + 1];
  return centre < middle ? [centre - 1, centre, middle] : [middle, centre, centre + 1];
}

/** A model whose centres and widths are multiplied by a factor, as a wrong pixel size does. */
export function scaledModel(model: GaussianModel, factor: number): GaussianModel {
  const { count } = model;
  const isLength = (i: number) => i < 3 * count || i >= 4 * count;
  return { ...model, params: model.params.map((value, i) => (isLength(i) ? value * factor : value)) };
}
