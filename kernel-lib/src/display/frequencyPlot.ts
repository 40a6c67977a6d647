import type { FigureOptions } from "./figure";
import { palette } from "./theme";

/** Resolutions in Å that ticks may have, from low to high. */
const roundResolutions = [100, 50, 30, 20, 15, 12, 10, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1];

/** Spatial frequencies of ticks at round resolutions, spaced widely enough for their labels. @param highest in 1/Å */
export function resolutionTicks(highest: number): number[] {
  const ticks: number[] = [];
  for (const resolution of roundResolutions) {
    const at = 1 / resolution;
    if (at > highest) break;
    if (at - (ticks.at(-1) ?? 0) >= 0.085 * highest) ticks.push(at);
  }
  return ticks;
}

/** A point of a correlation curve. */
export interface CorrelationPoint {
  /** 1/Å. */
  frequency: number;
  /** −1 to 1. */
  correlation: number;
  /** Label of the curve. */
  curve: string;
}

/** Curves of correlation over spatial frequency. */
export interface FrequencyPlot {
  /** Points of all curves, each curve from low to high frequency. */
  points: readonly CorrelationPoint[];
  /** Title of the vertical axis. */
  title: string;
  /** Heights of dotted lines. */
  thresholds: readonly number[];
  /** Whether the dotted lines have labels. Default false. */
  labelThresholds?: boolean;
  /** Vega-Lite properties of the curves' mark. Default solid lines. */
  mark?: object;
  /** Vega-Lite channels of the curves, such as colour and dashes. */
  channels: object;
}

/** A Vega-Lite specification of curves, with 1/Å below and Å above. */
export function frequencyPlot(
  { points, title, thresholds, labelThresholds = false, mark, channels }: FrequencyPlot,
  { width = 460, height = 260 }: FigureOptions,
): object {
  const highest = Math.max(...points.map(({ frequency }) => frequency));
  const lowest = Math.min(0, ...points.map(({ correlation }) => correlation));
  const { bottom, top } = frequencyAxes(highest);
  const y = { type: "quantitative", scale: { domain: [lowest, 1] } };
  return {
    width,
    height,
    layer: [
      {
        data: { values: thresholds.map((threshold) => ({ threshold })) },
        encoding: { y: { field: "threshold", ...y } },
        layer: [
          { mark: { type: "rule", strokeDash: [2, 3], color: palette.grey } },
          ...(labelThresholds ? [thresholdLabels] : []),
        ],
      },
      {
        data: { values: points },
        mark: { type: "line", strokeWidth: 2.2, ...mark },
        encoding: {
          x: { field: "frequency", ...bottom },
          y: { field: "correlation", ...y, axis: { title, tickCount: 6 } },
          ...channels,
        },
      },
      // Draws the upper axis
      { data: { values: [{}] }, mark: { type: "rule", opacity: 0 }, encoding: { x: top } },
    ],
    resolve: { axis: { x: "independent" } },
  };
}

const thresholdLabels = {
  mark: { type: "text", align: "right", baseline: "bottom", dy: -2, color: "#555555", fontSize: 11 },
  encoding: { x: { value: "width" }, text: { field: "threshold", type: "quantitative", format: "~r" } },
};

/** The two horizontal axes, to be drawn independently. */
function frequencyAxes(highest: number): { bottom: object; top: object } {
  const scale = { domain: [0, highest], nice: false };
  return {
    bottom: { type: "quantitative", scale, axis: { title: "Spatial frequency (1/Å)", tickCount: 6 } },
    top: {
      datum: highest,
      type: "quantitative",
      scale,
      axis: {
        orient: "top",
        title: "Resolution (Å)",
        values: resolutionTicks(highest),
        labelExpr: "format(1 / datum.value, '.3~r')",
        grid: false,
      },
    },
  };
}
