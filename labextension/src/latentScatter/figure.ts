import { plotlyText, plotlyText3d } from "../plotlyText.js";
import type { ShownRanges } from "./axisZoom.js";
import type { Range } from "./geometry.js";
import { countedAxis, histogramTraces } from "./histogram.js";
import { pathColour, plainColour, selectedColour } from "./markColours.js";
import { pointStyle } from "./pointStyle.js";
import { coordinates, type Points, pointsBeside, selectedPoints, visiblePoints } from "./points.js";
import type { ShownAxes, ShownAxis, Snapshot } from "./snapshot.js";
import type { ScatterTheme } from "./theme.js";
import type { Trace } from "./trace.js";

/** A figure as plotly.js takes it. */
export interface PlotlyFigure {
  data: Trace[];
  layout: Record<string, unknown>;
}

/** Entries of the state that the picture shows. */
const pictureEntries: ReadonlySet<string> = new Set([
  "shown",
  "pointsX",
  "pointsY",
  "pointsZ",
  "colouring",
  "colourNumbers",
  "colourCodes",
  "density",
  "densityCounts",
  "populationLines",
  "selected",
  "selectedBeside",
  "selectedCount",
  "hidden",
  "colourRange",
  "title",
]);
/** With three axes these are traces too; with two, the overlay draws them. */
const markEntries: ReadonlySet<string> = new Set(["probePlace", "pathLine", "stationPlaces"]);

/** Whether the picture has to be drawn again after entries of the state have changed. */
export function changesPicture(keys: readonly string[], threeAxes: boolean): boolean {
  return keys.some((key) => pictureEntries.has(key) || (threeAxes && markEntries.has(key)));
}

/** A plotly colour scale with one step for each of the codes 0, 1, … */
export function steppedScale(colours: readonly string[]): [number, string][] {
  const n = colours.length;
  return colours.flatMap((colour, i): [number, string][] => [
    [i / n, colour],
    [(i + 1) / n, colour],
  ]);
}

function markerColour(state: Snapshot, points: Points, theme: ScatterTheme): Trace {
  const { colouring } = state;
  if (!points.colour || colouring.kind === "none") return { color: plainColour(theme) };
  if (colouring.kind === "number") {
    return { color: points.colour, colorscale: "Viridis", cmin: colouring.low, cmax: colouring.high };
  }
  return {
    ...markerShape(colouring.categories, points.colour),
    color: points.colour,
    colorscale: steppedScale(colouring.categories.map(({ colour }) => colour)),
    // A code lies in the middle of its step
    cmin: -0.5,
    cmax: colouring.categories.length - 0.5,
  };
}

/** Symbols of points, unless all are circles. */
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

/** Number of all particles per cell, as a heat map below the points. */
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

/** The population without the errors of the places: lines with gaps where a coordinate is not a number. */
function populationTrace({ populationLines, shown }: Snapshot, theme: ScatterTheme): Trace[] {
  if (populationLines.length === 0 || shown?.z) return [];
  const halo = { x: coordinates(populationLines, 0, 2), y: coordinates(populationLines, 1, 2) };
  const line = (color: string, width: number): Trace => ({
    ...{ type: "scattergl", mode: "lines", ...halo, connectgaps: false },
    ...{ hoverinfo: "skip", showlegend: false, line: { color, width } },
  });
  // A line in the colour of the background below keeps it apart from the points.
  return [line(theme.background, 4), line(theme.text, 1.8)];
}

/** Longest line of the vertical axis's title, in characters. */
const longestLine = 36;

/** A title in lines, divided at the dots between its parts. */
export function titleLines(title: string): string[] {
  const lines: string[] = [];
  for (const part of title.split(" · ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 3 + part.length > longestLine) lines.push(part);
    else lines[lines.length - 1] = `${last} · ${part}`;
  }
  return lines;
}

function axisTitle(lines: readonly string[]): Trace {
  return { text: lines.map(plotlyText).join("<br>"), standoff: 8, font: { size: 13 } };
}

function axis(title: string, theme: ScatterTheme, range?: Range): Trace {
  return {
    title: axisTitle([title]),
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

/** Probe and path as traces, for three axes. With two, the overlay draws them. */
function threeDimensional(state: Snapshot): Trace[] {
  const line = (places: ArrayLike<number>, more: Trace): Trace => ({
    type: "scatter3d",
    x: coordinates(places, 0, 3),
    y: coordinates(places, 1, 3),
    z: coordinates(places, 2, 3),
    hoverinfo: "skip",
    showlegend: false,
    ...more,
  });
  return [
    line(state.probePlace, {
      mode: "markers",
      marker: { size: 9, color: selectedColour, symbol: "diamond", line: { color: "#ffffff", width: 1.5 } },
    }),
    line(state.pathLine, { mode: "lines", line: { color: pathColour, width: 4 } }),
    line(state.stationPlaces, { mode: "markers", marker: { size: 4, color: pathColour } }),
  ];
}

/**
 * The picture of the particles.
 * @param ranges what two axes show; three axes show all
 */
export function scatterFigure(state: Snapshot, theme: ScatterTheme, ranges: ShownRanges): PlotlyFigure {
  const { shown } = state;
  const counted = countedAxis(state);
  const data = [
    ...(counted
      ? histogramTraces(state, theme, counted)
      : [...densityTrace(state, theme), ...pointTraces(state, theme, ranges)]),
    ...populationTrace(state, theme),
  ];
  const title = { text: plotlyText(state.title), font: { size: 14 }, x: 0.02, xanchor: "left" };
  const threeAxes = state.pointsZ.length > 0;
  const common = {
    title,
    autosize: true,
    paper_bgcolor: theme.background,
    plot_bgcolor: theme.background,
    font: { family: theme.font, color: theme.text, size: 12 },
    showlegend: false,
    hovermode: threeAxes ? "closest" : false,
    margin: { l: 62, r: 14, t: state.title === "" ? 14 : 40, b: 48 },
  };
  if (threeAxes && shown?.z) {
    return {
      data: [...data, ...threeDimensional(state)],
      layout: {
        ...common,
        margin: { l: 0, r: 0, t: state.title === "" ? 0 : 40, b: 0 },
        scene: scene(shown, shown.z, theme),
      },
    };
  }
  const vertical = titleLines(shown?.y.title ?? "");
  return {
    data,
    layout: {
      ...common,
      margin: { ...common.margin, l: common.margin.l + 16 * (vertical.length - 1) },
      dragmode: "pan",
      xaxis: axis(shown?.x.title ?? "", theme, ranges.x),
      yaxis: { ...axis("", theme, ranges.y), title: { ...axisTitle(vertical), standoff: 6 } },
    },
  };
}

/** All points, faint where some are selected, and the selected ones above them. */
function pointTraces(state: Snapshot, theme: ScatterTheme, ranges: ShownRanges): Trace[] {
  const points = visiblePoints(state);
  const style = pointStyle(points, points.z ? undefined : ranges);
  const all = (opacity: number) =>
    scatter(points, {
      ...markerColour(state, points, theme),
      size: style.size,
      opacity,
      line: { width: 0 },
    });
  if (state.selectedCount === 0) return [all(style.opacity)];
  const selected = selectedPoints(state);
  const above = [pointsBeside(state), selected].filter(({ x }) => x.length > 0);
  const opacity = selected.x.length > 5000 ? style.opacity : Math.min(1, style.opacity + 0.25);
  return [
    all(Math.max(0.03, 0.35 * style.opacity)),
    ...above.map((part) =>
      scatter(part, {
        ...(part.colour ? markerColour(state, part, theme) : { color: selectedColour }),
        size: style.size * 1.15,
        opacity,
        line: { width: 0 },
      }),
    ),
  ];
}

function scene({ x, y }: ShownAxes, z: ShownAxis, theme: ScatterTheme): Trace {
  const axis3 = ({ name, title, kind }: ShownAxis) => ({
    // Long titles do not fit along the edges of a cube
    title: { text: plotlyText3d(kind === "component" ? name : title) },
    gridcolor: theme.line,
    backgroundcolor: theme.background,
    color: theme.text,
    zeroline: false,
  });
  return {
    uirevision: "kept",
    camera: { eye: { x: 1.5, y: 1.5, z: 1 }, center: { x: 0, y: 0, z: -0.12 } },
    aspectmode: "cube",
    xaxis: axis3(x),
    yaxis: axis3(y),
    zaxis: axis3(z),
  };
}
