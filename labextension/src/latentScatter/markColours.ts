import type { ScatterTheme } from "./theme.js";

/** Colour of the probe and of selected particles. */
export const selectedColour = "#d55e00";
/** Colour of the path. */
export const pathColour = "#cc79a7";
/** Colour of particles where nothing colours them. */
export const plainColour = (theme: Pick<ScatterTheme, "dark">): string =>
  theme.dark ? "#56b4e9" : "#0072b2";
