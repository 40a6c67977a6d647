import type { Figure, FigureOptions } from "../../display/figure";
import { setColours } from "../../display/theme";
import { titleOf, vegaFigure } from "../../display/vegaFigure";
import type { PopulationReport } from "../studyReport";

/** What is shown. */
export interface PopulationOptions extends FigureOptions {
  /** Names of the two parts. */
  names: readonly [string, string];
  /** Title of the horizontal axis. */
  x: string;
}

/** Two distributions as steps over each other. */
export function populationFigure(
  { edges, first, second }: PopulationReport["histograms"],
  options: PopulationOptions,
): Figure {
  const { names, x, title, width = 420, height = 180 } = options;
  const steps = [first, second].flatMap((fractions, p) =>
    [...fractions, fractions.at(-1) ?? 0].map((fraction, b) => ({
      ...{ at: edges[b], percent: 100 * fraction, part: names[p] },
    })),
  );
  const color = {
    field: "part",
    type: "nominal",
    sort: names,
    scale: { domain: names, range: setColours },
    legend: { title: "" },
  };
  return vegaFigure(`${title ?? "Particles"}: distributions in ${names.join(" and ")}`, {
    ...titleOf(title),
    ...{ width, height, data: { values: steps } },
    mark: { type: "line", interpolate: "step-after", strokeWidth: 2 },
    encoding: {
      x: { field: "at", type: "quantitative", axis: { title: x, grid: false } },
      y: { field: "percent", type: "quantitative", axis: { title: "particles (%)", tickCount: 4 } },
      color,
    },
  });
}
