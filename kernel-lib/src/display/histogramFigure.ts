import { type Column, checkNumbers, shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { palette } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/**
 * How many particles lie where along one column: a latent coordinate, a defocus, a standard deviation.
 *
 * @param options.bins default 40
 * @throws InputError for a column that is empty or holds NaN
 */
export function histogramFigure(column: Column, options: FigureOptions & { bins?: number } = {}): Figure {
  const { label, values } = column;
  checkNumbers(label, values);
  const bins = Math.max(1, Math.round(options.bins ?? 40));
  const counted = histogram(values, bins);
  const description =
    `Histogram of ${label}: ${values.length} particles from ${shortNumber(counted.from)} ` +
    `to ${shortNumber(counted.from + bins * counted.step)}`;
  return vegaFigure(description, {
    ...titleOf(options.title),
    width: options.width ?? 460,
    height: options.height ?? 180,
    data: {
      values: Array.from(counted.counts, (count, i) => ({
        from: counted.from + i * counted.step,
        to: counted.from + (i + 1) * counted.step,
        count,
      })),
    },
    mark: { type: "bar", color: palette.blue, binSpacing: 1 },
    encoding: {
      x: { field: "from", type: "quantitative", bin: { binned: true }, axis: { title: label, grid: false } },
      x2: { field: "to" },
      y: { field: "count", type: "quantitative", axis: { title: "Particles", tickCount: 4 } },
    },
  });
}

/** Numbers counted in equal steps; where all are equal, in steps around them. */
export function histogram(
  values: ArrayLike<number>,
  bins: number,
): { counts: Int32Array; from: number; step: number } {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    lowest = Math.min(lowest, values[i]!);
    highest = Math.max(highest, values[i]!);
  }
  if (highest - lowest <= 1e-9 * Math.max(Math.abs(lowest), Math.abs(highest), 1)) {
    lowest -= 0.5;
    highest += 0.5;
  }
  const step = (highest - lowest) / bins;
  const counts = new Int32Array(bins);
  for (let i = 0; i < values.length; i++) {
    counts[Math.min(bins - 1, Math.floor((values[i]! - lowest) / step))]!++;
  }
  return { counts, from: lowest, step };
}
