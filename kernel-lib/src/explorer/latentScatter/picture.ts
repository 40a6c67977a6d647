import { drawnPicture, escapeHtml, type Picture } from "tslab-widgets";
import { shortNumber } from "../../display/checks";
import { font, type Marker, markerPaths, palette } from "../../display/theme";
import { shorten } from "../../shortText";
import { type AxisRange, fraction, pictureFrame, plotHeight, plotWidth } from "./pictureFrame";
import { rampColour, rasterPoints } from "./pictureRaster";
import type { LatentScatterState, ShownAxes } from "./state";

const margin = { left: 64, top: 34, right: 14, bottom: 46 };
const legendWidth = 170;
const maxLegendEntries = 18;
const maxLabelLength = 22;

/** The scatter as a still picture, for pages without a kernel: points as an image, axes and legend around it. */
export function scatterPicture(state: LatentScatterState): Picture {
  const text = [
    state.title || "Latent space",
    `${state.count} particles over ${state.x} and ${state.y}`,
    ...(state.selectedCount > 0 ? [`${state.selectedCount} selected`] : []),
    `probe at (${state.probe.map(shortNumber).join(", ")})`,
    ...(state.probeNote === "" ? [] : [state.probeNote]),
  ].join("; ");
  const { shown } = state;
  if (!shown) return { text, html: `<p>${escapeHtml(text)}</p>` };
  const png = rasterPoints(state);
  const { left, top, right, bottom } = margin;
  const legend = legendEntries(state);
  const width = left + plotWidth + right + (legend.length > 0 ? legendWidth : 0);
  const height = top + plotHeight + bottom;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="max-width:100%;height:auto" role="img" aria-label="${escapeHtml(text)}" font-family="${font}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<image x="${left}" y="${top}" width="${plotWidth}" height="${plotHeight}" href="data:image/png;base64,${png.toString("base64")}"/>`,
    `<rect x="${left}" y="${top}" width="${plotWidth}" height="${plotHeight}" fill="none" stroke="${palette.grey}"/>`,
    label(left, top - 12, state.title || `${state.count} particles`, 'font-weight="600"'),
    ...drawAxes(state, shown),
    ...drawPopulation(state),
    ...drawPath(state),
    ...drawProbe(state),
    ...drawLegend(legend),
    "</svg>",
  ].join("");
  return drawnPicture(text, svg, png);
}

function label(x: number, y: number, text: string, attributes = ""): string {
  return `<text x="${x}" y="${y}" font-size="12" fill="${palette.ink}" ${attributes}>${escapeHtml(text)}</text>`;
}

/** Position in the picture of coordinates along the shown axes. */
function position(state: LatentScatterState): (x: number, y: number) => [number, number] {
  const frame = pictureFrame(state);
  return (x, y) => [
    margin.left + fraction(frame.x, x) * plotWidth,
    margin.top + plotHeight - fraction(frame.y, y) * plotHeight,
  ];
}

function drawAxes(state: LatentScatterState, shown: ShownAxes): string[] {
  const { x, y } = pictureFrame(state);
  const at = position(state);
  const { left, top } = margin;
  const bottom = top + plotHeight;
  return [
    ...ticks(x).map((value) =>
      label(at(value, y.low)[0], bottom + 17, shortNumber(value), 'text-anchor="middle"'),
    ),
    ...ticks(y).map((value) =>
      label(left - 6, at(x.low, value)[1] + 4, shortNumber(value), 'text-anchor="end"'),
    ),
    label(left + plotWidth / 2, bottom + 36, shown.x.title, 'text-anchor="middle"'),
    label(
      0,
      0,
      shown.y.title,
      `text-anchor="middle" transform="translate(16 ${top + plotHeight / 2}) rotate(-90)"`,
    ),
  ];
}

/** The outlines of the population. */
function drawPopulation(state: LatentScatterState): string[] {
  const { populationLines } = state;
  if (populationLines.length === 0) return [];
  const at = position(state);
  let d = "";
  for (let i = 0; i < populationLines.length; i += 2) {
    const [x, y] = at(populationLines[i]!, populationLines[i + 1]!);
    const begins = d === "" || Number.isNaN(populationLines[i - 2]);
    if (!Number.isNaN(x)) d += `${begins ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }
  const { left, top } = margin;
  return [
    `<svg x="${left}" y="${top}" width="${plotWidth}" height="${plotHeight}" viewBox="${left} ${top} ${plotWidth} ${plotHeight}">`,
    `<path d="${d}" fill="none" stroke="${palette.ink}" stroke-width="1.5"/>`,
    "</svg>",
  ];
}

/** The path and its stations; not drawn with three axes. */
function drawPath(state: LatentScatterState): string[] {
  const { pathLine, stationPlaces, shown } = state;
  if (shown?.z || stationPlaces.length < 4) return [];
  const at = position(state);
  const positions = (flat: Float32Array) =>
    Array.from({ length: flat.length / 2 }, (_, i) =>
      at(flat[2 * i]!, flat[2 * i + 1]!).map((value) => value.toFixed(1)),
    );
  const { left, top } = margin;
  return [
    `<svg x="${left}" y="${top}" width="${plotWidth}" height="${plotHeight}" viewBox="${left} ${top} ${plotWidth} ${plotHeight}">`,
    `<polyline points="${positions(pathLine).join(" ")}" fill="none" stroke="${palette.purple}" stroke-width="2"/>`,
    ...positions(stationPlaces).map(
      ([x, y]) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${palette.purple}"/>`,
    ),
    "</svg>",
  ];
}

/** The ring of the probe, if it is in the plotting area. */
function drawProbe(state: LatentScatterState): string[] {
  const { left, top } = margin;
  const [x, y] = position(state)(state.probePlace[0] ?? 0, state.probePlace[1] ?? 0);
  const inside = x >= left && x <= left + plotWidth && y >= top && y <= top + plotHeight;
  if (!inside) return [];
  return [`<circle cx="${x}" cy="${y}" r="7" fill="none" stroke="${palette.ink}" stroke-width="2"/>`];
}

interface LegendEntry {
  colour: string;
  marker?: Marker;
  text: string;
}

function drawLegend(entries: readonly LegendEntry[]): string[] {
  const left = margin.left + plotWidth;
  return entries.map(({ colour, marker = "circle", text }, i) => {
    const y = margin.top + 12 + 20 * i;
    const sign = `<path transform="translate(${left + 22} ${y})" d="${markerPaths[marker]}" fill="${escapeHtml(colour)}"/>`;
    return sign + label(left + 34, y + 4, text);
  });
}

/** Entries of the legend; empty if nothing colours the points. */
function legendEntries({ colouring, hidden }: LatentScatterState): LegendEntry[] {
  if (colouring.kind === "none") return [];
  if (colouring.kind === "number") {
    const { title, low, high } = colouring;
    const colour = (part: number) => `rgb(${rampColour(part).map(Math.round).join(",")})`;
    return [
      { colour: "none", text: title },
      ...[1, 0.5, 0].map((part) => ({ colour: colour(part), text: shortNumber(low + part * (high - low)) })),
    ];
  }
  const categories = colouring.categories.filter(({ name }) => !hidden.includes(name));
  const entries = categories
    .slice(0, maxLegendEntries)
    .map(({ name, colour, marker }) => ({ colour, marker, text: shorten(name, maxLabelLength) }));
  const more = categories.length - entries.length;
  return more > 0 ? [...entries, { colour: "none", text: `and ${more} more` }] : entries;
}

/** About five round numbers within a range. */
function ticks({ low, high }: AxisRange): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough)! * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}
