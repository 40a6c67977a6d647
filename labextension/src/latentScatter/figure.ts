import { plotlyText, plotlyText3d } from "../plotlyText.js";
import type { Range } from "./geometry.js";
import { type Points, pointsBeside, selectedPoints, visiblePoints } from "./points.js";
import type { ShownAxis, Snapshot } from "./snapshot.js";

/** The picture as plotly.js takes it. */

export interface ScatterTheme {
  dark: boolean;
  background: string;
  text: string;
  faint: string;
  line: string;
  font: string;
}

export interface ShownRanges {
  x: Range;
  y: Range;
}

type Trace = Record<string, unknown>;

export interface PlotlyFigure {
  data: Trace[];
  layout: Record<string, unknown>;
}

export const SELECTED = "#d55e00";
export const PATH = "#cc79a7";
const plain = (theme: ScatterTheme) => (theme.dark ? "#56b4e9" : "#0072b2");

/** Colours of codes 0, 1, …: plotly's scale with a step for each. */
export function steppedScale(colours: readonly string[]): [number, string][] {
  const n = colours.length;
  return colours.flatMap((colour, i): [number, string][] => [
    [i / n, colour],
    [(i + 1) / n, colour],
  ]);
}

/** Size and strength of points, by how many there are. */
export function pointStyle(count: number, threeAxes: boolean): { size: number; opacity: number } {
  const factor = threeAxes ? 0.7 : 1;
  if (count < 2000) return { size: 6.5 * factor, opacity: 0.85 };
  if (count < 20_000) return { size: 4.5 * factor, opacity: 0.7 };
  return { size: 3 * factor, opacity: 0.5 };
}

function markerColour(state: Snapshot, points: Points, theme: ScatterTheme): Trace {
  const { colouring } = state;
  if (!points.colour || colouring.kind === "none") return { color: plain(theme) };
  if (colouring.kind === "number") {
    return { color: points.colour, colorscale: "Viridis", cmin: colouring.low, cmax: colouring.high };
  }
  return {
    ...markerShape(colouring.categories, points.colour),
    color: points.colour,
    colorscale: steppedScale(colouring.categories.map(({ colour }) => colour)),
    // Codes lie in the middle of their steps.
    cmin: -0.5,
    cmax: colouring.categories.length - 0.5,
  };
}

/** The shapes of points, where not all are circles. */
function markerShape(categories: readonly { marker: string }[], codes: ArrayLike<number>): Trace {
  if (categories.every(({ marker }) => marker === "circle")) return {};
  return { symbol: Array.from(codes, (code) => categories[code]?.marker ?? "circle") };
}

function scatter(points: Points, marker: Trace): Trace {
  return {
    type: points.z ? "scatter3d" : "scattergl",
    mode: "markers",
    x: points.x,
    y: points.y,
    ...(points.z ? { z: points.z } : {}),
    hoverinfo: points.z ? "none" : "skip",
    showlegend: false,
    marker,
  };
}

function densityTrace({ density, densityCounts, shown }: Snapshot, theme: ScatterTheme): Trace[] {
  if (!density || !shown) return [];
  const { cells } = density;
  const width = (shown.x.high - shown.x.low) / cells;
  const height = (shown.y.high - shown.y.low) / cells;
  const [r, g, b] = theme.dark ? [86, 180, 233] : [0, 114, 178];
  return [
    {
      type: "heatmap",
      z: Array.from({ length: cells }, (_, row) =>
        densityCounts.subarray(row * cells, (row + 1) * cells).map((count) => Math.log1p(count)),
      ),
      x0: shown.x.low + width / 2,
      dx: width,
      y0: shown.y.low + height / 2,
      dy: height,
      zmin: 0,
      zmax: Math.log1p(Math.max(density.most, 1)),
      colorscale: [
        [0, `rgba(${r},${g},${b},0)`],
        [1, `rgba(${r},${g},${b},0.75)`],
      ],
      zsmooth: "fast",
      showscale: false,
      hoverinfo: "skip",
    },
  ];
}

function axis(title: string, theme: ScatterTheme, range?: Range): Trace {
  return {
    title: { text: plotlyText(title), standoff: 8, font: { size: 13 } },
    ...(range ? { range: [...range] } : {}),
    gridcolor: theme.faint,
    linecolor: theme.line,
    tickcolor: theme.line,
    showline: true,
    mirror: true,
    ticks: "outside",
    ticklen: 4,
    zeroline: false,
    nticks: 8,
    exponentformat: "power",
    fixedrange: false,
  };
}

/** Probe and path where three axes are drawn, as traces; with two, the overlay has them. */
function threeDimensional(state: Snapshot): Trace[] {
  const axisOf = (places: ArrayLike<number>, d: number) =>
    Array.from({ length: Math.floor(places.length / 3) }, (_, i) => places[3 * i + d]!);
  const line = (places: ArrayLike<number>, more: Trace): Trace => ({
    type: "scatter3d",
    x: axisOf(places, 0),
    y: axisOf(places, 1),
    z: axisOf(places, 2),
    hoverinfo: "skip",
    showlegend: false,
    ...more,
  });
  return [
    line(state.probePlace, {
      mode: "markers",
      marker: { size: 9, color: SELECTED, symbol: "diamond", line: { color: "#ffffff", width: 1.5 } },
    }),
    line(state.pathLine, { mode: "lines", line: { color: PATH, width: 4 } }),
    line(state.stationPlaces, { mode: "markers", marker: { size: 4, color: PATH } }),
  ];
}

/** @param ranges what two axes show */
export function scatterFigure(state: Snapshot, theme: ScatterTheme, ranges: ShownRanges): PlotlyFigure {
  const { shown } = state;
  const points = visiblePoints(state);
  const style = pointStyle(points.x.length, points.z !== undefined);
  const some = state.selectedCount > 0;
  const data: Trace[] = [
    ...densityTrace(state, theme),
    scatter(points, {
      ...markerColour(state, points, theme),
      size: style.size,
      opacity: some ? 0.35 * style.opacity : style.opacity,
      line: { width: 0 },
    }),
  ];
  if (some) {
    const chosen = selectedPoints(state);
    const beside = pointsBeside(state);
    for (const part of [beside, chosen]) {
      if (part.x.length === 0) continue;
      data.push(
        scatter(part, {
          ...(part.colour ? markerColour(state, part, theme) : { color: SELECTED }),
          size: style.size * 1.15,
          opacity: chosen.x.length > 5000 ? style.opacity : Math.min(1, style.opacity + 0.25),
          line: { width: 0 },
        }),
      );
    }
  }
  const title = { text: plotlyText(state.title), font: { size: 14 }, x: 0.02, xanchor: "left" };
  const common = {
    title,
    autosize: true,
    paper_bgcolor: theme.background,
    plot_bgcolor: theme.background,
    font: { family: theme.font, color: theme.text, size: 12 },
    showlegend: false,
    hovermode: points.z ? "closest" : false,
    margin: { l: 62, r: 14, t: state.title === "" ? 14 : 40, b: 48 },
  };
  if (points.z && shown?.z) {
    const axis3 = ({ name, title: long, kind }: ShownAxis) => ({
      // Long titles do not fit along the edges of a cube.
      title: { text: plotlyText3d(kind === "component" ? name : long) },
      gridcolor: theme.line,
      backgroundcolor: theme.background,
      color: theme.text,
      zeroline: false,
    });
    return {
      data: [...data, ...threeDimensional(state)],
      layout: {
        ...common,
        margin: { l: 0, r: 0, t: state.title === "" ? 0 : 40, b: 0 },
        scene: {
          uirevision: "kept",
          camera: { eye: { x: 1.5, y: 1.5, z: 1 }, center: { x: 0, y: 0, z: -0.12 } },
          aspectmode: "cube",
          xaxis: axis3(shown.x),
          yaxis: axis3(shown.y),
          zaxis: axis3(shown.z),
        },
      },
    };
  }
  return {
    data,
    layout: {
      ...common,
      dragmode: "pan",
      xaxis: axis(shown?.x.title ?? "", theme, ranges.x),
      yaxis: axis(shown?.y.title ?? "", theme, ranges.y),
    },
  };
}

/** The picture with all that is drawn beside plotly's on the page: legend or colour bar, probe, path. */
export function exportedFigure(state: Snapshot, theme: ScatterTheme, ranges: ShownRanges): PlotlyFigure {
  const { data, layout } = scatterFigure(state, theme, ranges);
  const { colouring } = state;
  const twoAxes = state.pointsZ.length === 0;
  const margin = { ...(layout["margin"] as object), r: colouring.kind === "none" ? 14 : 170 };
  const extra: Trace[] = [];
  if (colouring.kind === "number") {
    const first = data.find((trace) => trace["type"] !== "heatmap")!;
    first["marker"] = {
      ...(first["marker"] as object),
      showscale: true,
      colorbar: { title: { text: plotlyText(colouring.title), side: "right" }, thickness: 14 },
    };
  } else if ("categories" in colouring) {
    for (const { name, colour, marker } of colouring.categories) {
      if (state.hidden.includes(name)) continue;
      extra.push({
        type: twoAxes ? "scattergl" : "scatter3d",
        mode: "markers",
        name: plotlyText(name),
        showlegend: true,
        x: [null],
        y: [null],
        ...(twoAxes ? {} : { z: [null] }),
        marker: { size: 9, color: colour, symbol: marker },
      });
    }
  }
  if (twoAxes) {
    const axisOf = (places: ArrayLike<number>, d: number) =>
      Array.from({ length: Math.floor(places.length / 2) }, (_, i) => places[2 * i + d]!);
    const marks = (places: ArrayLike<number>, more: Trace) =>
      extra.push({
        type: "scattergl",
        x: axisOf(places, 0),
        y: axisOf(places, 1),
        showlegend: false,
        ...more,
      });
    marks(state.pathLine, { mode: "lines", line: { color: PATH, width: 2 } });
    marks(state.stationPlaces, { mode: "markers", marker: { size: 6, color: PATH } });
    marks(state.probePlace, {
      mode: "markers",
      marker: { size: 13, color: SELECTED, line: { color: "#ffffff", width: 2 } },
    });
  }
  return {
    data: [...data, ...extra],
    layout: { ...layout, margin, showlegend: "categories" in colouring, legend: { itemsizing: "constant" } },
  };
}
