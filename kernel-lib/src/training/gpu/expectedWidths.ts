import type { PlanInput } from "../../projection/spreadPlan";
import { measureWidths } from "../../projection/widths";
import { gatherRows } from "../batches";
import { evenly } from "../evidence/sample";
import type { EpochParts } from "../stepParts";

/** Particles whose decoded Gaussians are measured. */
const sampled = 64;
/** How far widths may change within an epoch. */
const change = 1.25;

/** What the plan of an epoch's projections depends on: widths of Gaussians as they are decoded now, with room for what they become. */
export function expectedWidths({ model, prepared, units, order }: EpochParts, rings: number): PlanInput {
  const { count: n, boxSize } = model.head.neutral;
  const some = evenly(order.slice().sort(), sampled);
  const features = gatherRows(prepared.features, units.count * prepared.basis.size, some);
  const rows = units.count * some.length;
  const decoded = model.decode(model.encode(features, rows), rows);
  const varies = model.head.vary.includes("width");
  const factors = varies ? [1, change, 1 / change] : [1];
  const all = new Float32Array(factors.length * decoded.length);
  for (const [k, factor] of factors.entries()) {
    all.set(decoded, k * decoded.length);
    for (let at = k * decoded.length; at < (k + 1) * decoded.length; at += 5 * n) {
      for (let i = at + 4 * n; i < at + 5 * n; i++) all[i]! *= factor;
    }
  }
  return { gaussians: units.count * n, boxSize, rings, widths: measureWidths({ model: all, gaussians: n }) };
}
