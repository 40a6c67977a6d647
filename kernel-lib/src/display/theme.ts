/** Colours of Okabe and Ito (2008), which can be told apart with every kind of colour vision. */
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
 * Colours of sets, categories and curves, in order of use: those of Okabe and Ito, then six found by optimisation. Each has a
 * contrast of at least 2 to the backgrounds of light and dark themes, and any two differ by at least 16 (CIE 1976 ΔE), also
 * for protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes, 2009).
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

/** Shapes of points, in order of use. */
export const markers = ["circle", "square", "diamond", "cross"] as const;
/** One of {@link markers}. */
export type Marker = (typeof markers)[number];

/** Dash patterns of the lines that go with the markers, as SVG attributes; empty: solid. */
export const dashes: Readonly<Record<Marker, string>> = {
  circle: "",
  square: "7 3",
  diamond: "2 2.5",
  cross: "8 3 2 3",
};

/** Markers as SVG path data around the origin. */
export const markerPaths: Readonly<Record<Marker, string>> = {
  circle: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z",
  square: "M-4.5 -4.5h9v9h-9Z",
  diamond: "M0 -6L6 0L0 6L-6 0Z",
  cross: "M-1.8 -5.5h3.6v3.7h3.7v3.6h-3.7v3.7h-3.6v-3.7h-3.7v-3.6h3.7Z",
};

/** Markers as characters, for tables. */
export const markerSigns: Readonly<Record<Marker, string>> = {
  circle: "●",
  square: "■",
  diamond: "◆",
  cross: "✚",
};

/** Colour and marker of a series by its index: colours repeat with the next marker. */
export function seriesStyle(index: number): { colour: string; marker: Marker } {
  const round = Math.floor(index / setColours.length) % markers.length;
  return { colour: setColours[index % setColours.length]!, marker: markers[round]! };
}

/** Vega's colour scheme for numbers; its lightness increases, so that it can be read in grey. */
export const numberScheme = "viridis";

/** Font of all figures, as CSS. */
export const font = "Helvetica, Arial, 'Liberation Sans', sans-serif";

/** Vega-Lite configuration. The background is white, so that figures are readable in dark themes. */
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
