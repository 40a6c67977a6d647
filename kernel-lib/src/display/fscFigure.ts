import { InputError } from "../errors";
import { type FscCurve, resolutionAt } from "../reconstruction/fsc";
import { checkNumbers, distinctLabels, shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { frequencyAxes } from "./frequencyAxis";
import { dashes, palette, seriesStyle, setColours } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

export interface LabelledFsc {
  label: string;
  curve: FscCurve;
}

export interface FscFigureOptions extends FigureOptions {
  /** Correlations of the dotted lines. Default 0.143 (half maps) and 0.5 (a map against a known one). */
  thresholds?: readonly number[];
  /** The threshold at which the legend gives each curve's resolution. Default 0.143. */
  resolutionAt?: number;
}

/**
 * Fourier shell correlation curves over spatial frequency, with their thresholds.
 * @throws InputError where there is no curve, or one is not of numbers
 */
export function fscFigure(curves: readonly LabelledFsc[], options: FscFigureOptions = {}): Figure {
  if (curves.length === 0) throw new InputError("curves", "at least one curve", "none");
  const {
    title = "Fourier shell correlation",
    thresholds = [0.143, 0.5],
    resolutionAt: at = 0.143,
  } = options;
  for (const { label, curve } of curves) checkNumbers(`FSC of ${label}`, curve.fsc.slice(1));
  const labels = distinctLabels(
    curves.map(({ label, curve }) => `${label}: ${shortNumber(resolutionAt(curve, at))} Å`),
  );
  const values = curves.flatMap(({ curve }, c) =>
    Array.from(curve.fsc.slice(1), (fsc, i) => ({
      frequency: curve.frequency[i + 1]!,
      fsc,
      map: labels[c],
    })),
  );
  const { below, above } = frequencyAxes(Math.max(...values.map((row) => row.frequency)));
  const lowest = Math.min(0, ...values.map((row) => row.fsc));
  const y = { type: "quantitative", scale: { domain: [lowest, 1] } };
  return vegaFigure(`FSC, resolution at ${at}: ${labels.join("; ")}`, {
    ...titleOf(title),
    width: options.width ?? 460,
    height: options.height ?? 260,
    layer: [
      {
        data: { values: thresholds.map((threshold) => ({ threshold })) },
        encoding: { y: { field: "threshold", ...y } },
        layer: [
          { mark: { type: "rule", strokeDash: [2, 3], color: palette.grey } },
          {
            mark: {
              type: "text",
              align: "right",
              baseline: "bottom",
              dy: -2,
              color: "#555555",
              fontSize: 11,
            },
            encoding: {
              x: { value: "width" },
              text: { field: "threshold", type: "quantitative", format: "~r" },
            },
          },
        ],
      },
      {
        data: { values },
        mark: { type: "line", strokeWidth: 2.2 },
        encoding: {
          x: { field: "frequency", ...below },
          y: { field: "fsc", ...y, axis: { title: "Fourier shell correlation", tickCount: 6 } },
          color: {
            field: "map",
            type: "nominal",
            sort: labels,
            scale: { domain: labels, range: setColours },
            legend: { title: `Resolution at FSC ${at}` },
          },
          ...dashChannel(labels, at),
        },
      },
      { data: { values: [{}] }, mark: { type: "rule", opacity: 0 }, encoding: { x: above } },
    ],
    resolve: { axis: { x: "independent" } },
  });
}

/** More curves than there are colours differ in their dashes. */
function dashChannel(labels: readonly string[], at: number): object {
  if (labels.length <= setColours.length) return {};
  const range = labels.map((_, i) => dashes[seriesStyle(i).marker].split(" ").filter(Boolean).map(Number));
  const legend = { title: `Resolution at FSC ${at}` };
  return { strokeDash: { field: "map", type: "nominal", scale: { domain: labels, range }, legend } };
}
