import { type Column, checkNumbers, shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { palette } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/** Options of a histogram. */
export interface HistogramFigureOptions extends FigureOptions {
  /** Number of bins. Default 40. */
  bins?: number;
}

/**
 * A histogram of the particles along one column: a latent coordinate, a defocus, a standard deviation.
 *
 * @param options width default 460, height 180
 * @throws InputError for a column that is empty or has values that are not finite
 *
 * @example
 * ```ts
 * const { refined } = await (await e2.openRun("RUN")).latents();
 * const values = refined.filter((_, i) => i % 2 === 0);
 * await e2.show(e2.figures.histogram({ label: "z1", values }, { bins: 20 }));
 * ```
 */
export function histogramFigure(column: Column, options: HistogramFigureOptions = {}): Figure {
  const { label, values } = column;
  checkNumbers(label, values);
  const bins = Math.max(1, Math.round(options.bins ?? 40));
  const { counts, from, step } = histogram(values, bins);
  const description =
    `Histogram of ${label}: ${values.length} particles from ${shortNumber(from)} ` +
    `to ${shortNumber(from + bins * step)}`;
  return vegaFigure(description, {
    ...titleOf(options.title),
    width: options.width ?? 460,
    height: options.height ?? 180,
    data: {
      values: Array.from(counts, (count, i) => ({
        from: from + i * step,
        to: from + (i + 1) * step,
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

/** Counts of values in equal bins; if all values are equal, in bins around them. */
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
