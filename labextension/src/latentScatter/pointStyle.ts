import type { ShownRanges } from "./axisZoom.js";
import type { Points } from "./points.js";

/** Size in pixels and opacity of points. */
export interface PointStyle {
  size: number;
  opacity: number;
}

/** Opacity of points that do not overlap. */
const alone = 0.85;
/** Opacity below which single points would be lost. */
const faintest = 0.06;
/** Opacity of as many points as lie above each other where the plot is densest: still short of one colour. */
const together = 0.95;
/** Cells along each axis in which points are counted, and pixels along each axis of a plot of usual size. */
const [cells, pixels] = [64, 480];
/** Part of the points that lie in less dense cells than those that the opacity is made for. */
const dense = 0.9;

/**
 * Size of points by their number, and their opacity: over two axes by how many lie above each other in the part that is shown, so that
 * dense places keep their structure and sparse ones their points; zooming in makes points clearer.
 * @param ranges what two axes show; undefined for three axes
 */
export function pointStyle(points: Points, ranges: ShownRanges | undefined): PointStyle {
  const count = points.x.length;
  const size = (count < 2000 ? 6.5 : count < 20_000 ? 4.5 : 3) * (ranges ? 1 : 0.7);
  if (!ranges) return { size, opacity: count < 2000 ? alone : count < 20_000 ? 0.7 : 0.5 };
  const overlap = (densestCount(points, ranges) * Math.PI * (size / 2) ** 2) / (pixels / cells) ** 2;
  if (overlap <= 1) return { size, opacity: alone };
  return { size, opacity: Math.min(alone, Math.max(faintest, 1 - (1 - together) ** (1 / overlap))) };
}

/** Points in the cell of a point that has denser surroundings than nine in ten of the shown ones. */
function densestCount({ x, y }: Points, ranges: ShownRanges): number {
  const counts = new Uint32Array(cells * cells);
  const cell = (value: number, [low, high]: readonly [number, number]) =>
    Math.floor(((value - low) / (high - low)) * cells);
  let shown = 0;
  for (let i = 0; i < x.length; i++) {
    const [column, row] = [cell(x[i]!, ranges.x), cell(y[i]!, ranges.y)];
    if (!(column >= 0 && column < cells && row >= 0 && row < cells)) continue;
    counts[row * cells + column]!++;
    shown++;
  }
  let below = 0;
  for (const count of counts.sort()) {
    below += count;
    if (below >= dense * shown) return count;
  }
  return 0;
}
