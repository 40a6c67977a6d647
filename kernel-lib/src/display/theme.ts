/** What all figures look like. Colours are those of Okabe and Ito (2008), told apart with every kind of colour vision. */
export const palette = {
  blue: "#0072B2",
  vermilion: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  orange: "#E69F00",
  sky: "#56B4E9",
  ink: "#222222",
  grey: "#8a8a8a",
  faint: "#e6e6e6",
} as const;

/**
 * Colours of sets, categories and curves, in the order in which they are used: those of Okabe and Ito, then six that were
 * searched for by computer. Each has a contrast of 2 or more to the backgrounds of light and dark themes, and any two of them
 * differ by 16 or more (CIE 1976 ΔE), to normal vision and without each of the three kinds of cones (Machado, Oliveira and
 * Fernandes, 2009).
 */
export const setColours: readonly string[] = [
  palette.blue,
  palette.vermilion,
  palette.green,
  palette.purple,
  palette.orange,
  palette.sky,
  "#aa0077",
  "#3322ee",
  "#774433",
  "#9944dd",
  "#99bb77",
  "#aa1100",
];

/** Shapes of points, in the order in which they are used. */
export const markers = ["circle", "square", "diamond", "cross"] as const;
export type Marker = (typeof markers)[number];

/** Dashes of the lines that go with the shapes, as SVG has them; empty: none. */
export const dashes: Readonly<Record<Marker, string>> = {
  circle: "",
  square: "7 3",
  diamond: "2 2.5",
  cross: "8 3 2 3",
};

/** The shapes as the `d` of SVG paths around 0. */
export const markerPaths: Readonly<Record<Marker, string>> = {
  circle: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z",
  square: "M-4.5 -4.5h9v9h-9Z",
  diamond: "M0 -6L6 0L0 6L-6 0Z",
  cross: "M-1.8 -5.5h3.6v3.7h3.7v3.6h-3.7v3.7h-3.6v-3.7h-3.7v-3.6h3.7Z",
};

/** The shapes as text, for tables. */
export const markerSigns: Readonly<Record<Marker, string>> = {
  circle: "●",
  square: "■",
  diamond: "◆",
  cross: "✚",
};

/** How the series of an index looks beside the others: once all colours are taken they come again, with the next shape. */
export function seriesStyle(index: number): { colour: string; marker: Marker } {
  const round = Math.floor(index / setColours.length) % markers.length;
  return { colour: setColours[index % setColours.length]!, marker: markers[round]! };
}

/** Lightness grows with the number, so that it reads in grey too. */
export const numberScheme = "viridis";

export const font = "Helvetica, Arial, 'Liberation Sans', sans-serif";

/** Configuration of Vega-Lite. The background is white on purpose: figures stay readable in a dark notebook. */
export const vegaConfig = {
  background: "#ffffff",
  padding: 12,
  font,
  aria: false,
  view: { stroke: null },
  title: {
    anchor: "start",
    color: palette.ink,
    fontSize: 15,
    fontWeight: 600,
    subtitleColor: "#555555",
    subtitleFontSize: 12.5,
    subtitlePadding: 4,
    offset: 12,
  },
  axis: {
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: "normal",
    titlePadding: 8,
    labelColor: "#444444",
    titleColor: palette.ink,
    domainColor: palette.grey,
    tickColor: palette.grey,
    gridColor: "#eeeeee",
  },
  legend: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
    labelColor: palette.ink,
    titleColor: palette.ink,
    labelLimit: 320,
    titleLimit: 320,
    symbolOpacity: 1,
  },
  range: { category: setColours },
} as const;
