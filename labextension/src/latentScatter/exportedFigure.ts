import { plotlyText } from "../plotlyText.js";
import type { ShownRanges } from "./axisZoom.js";
import { type PlotlyFigure, scatterFigure } from "./figure.js";
import { pathColour, selectedColour } from "./markColours.js";
import { coordinates } from "./points.js";
import type { Snapshot } from "./snapshot.js";
import type { ScatterTheme } from "./theme.js";
import type { Trace } from "./trace.js";

/** The picture with what the page draws beside it: legend or colour bar, probe, path. */
export function exportedFigure(state: Snapshot, theme: ScatterTheme, ranges: ShownRanges): PlotlyFigure {
  const { data, layout } = scatterFigure(state, theme, ranges);
  const { colouring } = state;
  const twoAxes = state.pointsZ.length === 0;
  if (colouring.kind === "number") addColourBar(data, colouring);
  return {
    data: [...data, ...legendTraces(state, twoAxes), ...(twoAxes ? markTraces(state) : [])],
    layout: {
      ...layout,
      margin: { ...(layout["margin"] as object), r: colouring.kind === "none" ? 14 : 170 },
      showlegend: "categories" in colouring,
      legend: { itemsizing: "constant" },
    },
  };
}

/** Adds the bar to the points; to a trace without points where there are none, as over a histogram. */
function addColourBar(
  data: Trace[],
  { title, low, high }: Extract<Snapshot["colouring"], { kind: "number" }>,
): void {
  let points = data.find((trace) => trace["marker"] !== undefined);
  if (!points) {
    points = {
      ...{ type: "scattergl", mode: "markers", x: [null], y: [null], showlegend: false },
      marker: { color: [low], colorscale: "Viridis", cmin: low, cmax: high },
    };
    data.push(points);
  }
  points["marker"] = {
    ...(points["marker"] as object),
    showscale: true,
    colorbar: { title: { text: plotlyText(title), side: "right" }, thickness: 14 },
  };
}

/** Traces without points, for their entries in the legend. */
function legendTraces({ colouring, hidden }: Snapshot, twoAxes: boolean): Trace[] {
  if (!("categories" in colouring)) return [];
  return colouring.categories
    .filter(({ name }) => !hidden.includes(name))
    .map(({ name, colour, marker }) => ({
      type: twoAxes ? "scattergl" : "scatter3d",
      mode: "markers",
      name: plotlyText(name),
      showlegend: true,
      x: [null],
      y: [null],
      ...(twoAxes ? {} : { z: [null] }),
      marker: { size: 9, color: colour, symbol: marker },
    }));
}

/** Path and probe over two axes. */
function markTraces({ pathLine, stationPlaces, probePlace }: Snapshot): Trace[] {
  const marks = (places: ArrayLike<number>, more: Trace): Trace => ({
    type: "scattergl",
    x: coordinates(places, 0, 2),
    y: coordinates(places, 1, 2),
    showlegend: false,
    ...more,
  });
  return [
    marks(pathLine, { mode: "lines", line: { color: pathColour, width: 2 } }),
    marks(stationPlaces, { mode: "markers", marker: { size: 6, color: pathColour } }),
    marks(probePlace, {
      mode: "markers",
      marker: { size: 13, color: selectedColour, line: { color: "#ffffff", width: 2 } },
    }),
  ];
}
