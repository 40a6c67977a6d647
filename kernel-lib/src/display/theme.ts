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

/** The colours in the order in which they are used. */
export const hues: readonly string[] = [
  palette.blue,
  palette.vermilion,
  palette.green,
  palette.purple,
  palette.orange,
  palette.sky,
];

/** Colours of sets, in the order in which they are used. */
export const setColours: readonly string[] = [...hues, palette.ink];

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
