import type { Figure, FigureOptions } from "../../display/figure";
import { palette, setColours } from "../../display/theme";
import { titleOf, vegaFigure } from "../../display/vegaFigure";
import type { Interval } from "../studyReport";

/** A number with its interval, of one of several series. */
export interface IntervalPoint extends Interval {
  /** Place along the horizontal axis. */
  at: string;
  /** Name of the series in the legend. */
  series: string;
}

/** What the axes are called, and a dotted line. */
export interface IntervalOptions extends FigureOptions {
  x: string;
  y: string;
  /** Height of a dotted line. Default: none. */
  threshold?: number;
  /** Upper end of the vertical axis. Default: as the numbers need. */
  top?: number;
}

/** Numbers with their 95 % intervals, side by side for each place. */
export function intervalFigure(points: readonly IntervalPoint[], options: IntervalOptions): Figure {
  const { x, y, threshold, top, title, width = 420, height = 220 } = options;
  const series = [...new Set(points.map((point) => point.series))];
  const places = [...new Set(points.map(({ at }) => at))];
  const channel = {
    field: "at",
    type: "nominal",
    sort: places,
    axis: { title: x, labelAngle: 0, grid: false },
  };
  const color = {
    field: "series",
    type: "nominal",
    sort: series,
    scale: { domain: series, range: setColours },
    legend: series.length > 1 ? { title: "" } : null,
  };
  const scale = top === undefined ? { zero: true } : { domain: [0, top] };
  const vertical = { type: "quantitative", scale, axis: { title: y, tickCount: 5 } };
  const offset =
    series.length > 1
      ? { xOffset: { field: "series", sort: series, scale: { paddingInner: 0.4, paddingOuter: 0.6 } } }
      : {};
  const text = points.map(({ at, series: of, value }) => `${of} ${at}: ${value.toFixed(3)}`).join("; ");
  return vegaFigure(`${y}: ${text}`, {
    ...titleOf(title),
    ...{ width, height, data: { values: points } },
    layer: [
      ...(threshold === undefined
        ? []
        : [
            {
              data: { values: [{ threshold }] },
              mark: { type: "rule", strokeDash: [2, 3], color: palette.grey },
              encoding: { y: { field: "threshold", ...vertical } },
            },
          ]),
      {
        mark: { type: "rule", strokeWidth: 2 },
        encoding: { x: channel, ...offset, y: { field: "low", ...vertical }, y2: { field: "high" }, color },
      },
      {
        mark: { type: "point", filled: true, size: 60, opacity: 1 },
        encoding: { x: channel, ...offset, y: { field: "value", ...vertical }, color },
      },
    ],
  });
}
