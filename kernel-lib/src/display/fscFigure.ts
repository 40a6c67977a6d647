import { InputError } from "../errors";
import { type FscCurve, resolutionAt } from "../reconstruction/fsc";
import { checkNumbers, distinctLabels, shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { frequencyPlot } from "./frequencyPlot";
import { dashes, seriesStyle, setColours } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/** A curve with its name in the legend. */
export interface LabelledFsc {
  /** In the legend, with the resolution behind it. */
  label: string;
  /** Frequencies in 1/Å and correlations. */
  curve: FscCurve;
}

/** Options of an FSC figure. */
export interface FscFigureOptions extends FigureOptions {
  /** Correlations of the dotted lines. Default 0.143 (half maps) and 0.5 (a map against a known one). */
  thresholds?: readonly number[];
  /** The threshold at which the legend gives the resolution of each curve. Default 0.143. */
  resolutionAt?: number;
}

/**
 * Fourier shell correlation curves over spatial frequency, with thresholds and resolutions.
 *
 * @param options width default 460, height 260
 * @throws InputError if there is no curve, or one has values that are not finite
 *
 * @example
 * ```ts
 * const [a, b] = [await e2.maps.read("half1.mrc"), await e2.maps.read("half2.mrc")];
 * const curve = e2.reconstruction.fsc(a, b);
 * await e2.show(e2.figures.fsc([{ label: "half maps", curve }]));
 * ```
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
  const points = curves.flatMap(({ curve }, c) =>
    Array.from(curve.fsc.slice(1), (correlation, i) => ({
      frequency: curve.frequency[i + 1]!,
      correlation,
      curve: labels[c]!,
    })),
  );
  const plot = frequencyPlot(
    {
      points,
      title: "Fourier shell correlation",
      thresholds,
      labelThresholds: true,
      channels: curveChannels(labels, `Resolution at FSC ${at}`),
    },
    options,
  );
  return vegaFigure(`FSC, resolution at ${at}: ${labels.join("; ")}`, { ...titleOf(title), ...plot });
}

/** Colours of the curves; with more curves than colours, dashes too. */
function curveChannels(labels: readonly string[], legendTitle: string): object {
  const legend = { title: legendTitle };
  const color = {
    field: "curve",
    type: "nominal",
    sort: labels,
    scale: { domain: labels, range: setColours },
    legend,
  };
  if (labels.length <= setColours.length) return { color };
  const range = labels.map((_, i) => dashes[seriesStyle(i).marker].split(" ").filter(Boolean).map(Number));
  return { color, strokeDash: { field: "curve", type: "nominal", scale: { domain: labels, range }, legend } };
}
