import type { PlanInput } from "../../projection/spreadPlan";
import { measureWidths } from "../../projection/widths";
import { gatherRows } from "../batches";
import { evenly } from "../evidence/sample";
import { onBase } from "../secondRound/baseModels";
import type { EpochParts } from "../stepParts";

/** Particles whose decoded Gaussians are measured. */
const sampled = 64;
/** How far widths may be from those of a sample, as within an epoch. */
const change = 1.25;

/** Sizes of the projections that are planned. */
export interface WidthsInput {
  /** Gaussians of a model. */
  gaussians: number;
  boxSize: number;
  rings: number;
  /** Whether widths vary. */
  vary: boolean;
}

/** What a plan for models depends on of which some are known, [n · 5N]: their widths, with room for those of the others. */
export function widthsWithRoom(
  some: Float32Array,
  { gaussians: n, boxSize, rings, vary }: WidthsInput,
): PlanInput {
  const factors = vary ? [1, change, 1 / change] : [1];
  const all = new Float32Array(factors.length * some.length);
  for (const [k, factor] of factors.entries()) {
    all.set(some, k * some.length);
    for (let at = k * some.length; at < (k + 1) * some.length; at += 5 * n) {
      for (let i = at + 4 * n; i < at + 5 * n; i++) all[i]! *= factor;
    }
  }
  return { gaussians: n, boxSize, rings, widths: measureWidths({ model: all, gaussians: n }) };
}

/** What the plan of an epoch's projections depends on: widths of Gaussians as they are decoded now, with room for what they become. */
export function expectedWidths(
  { model, prepared, units, order, context }: EpochParts,
  rings: number,
): PlanInput {
  const { count, boxSize } = model.head.neutral;
  const some = evenly(order.slice().sort(), sampled);
  const features = gatherRows(prepared.features, units.count * prepared.basis.size, some);
  const rows = units.count * some.length;
  const decoded = model.decode(model.encode(features, rows), rows);
  const whole = onBase(context, some, units.whole(decoded, count));
  const vary = model.head.vary.includes("width") || context.base !== undefined;
  return widthsWithRoom(whole, { gaussians: units.count * count, boxSize, rings, vary });
}
