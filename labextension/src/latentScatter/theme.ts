/** Colours and font of the picture, from JupyterLab's theme. */
export interface ScatterTheme {
  dark: boolean;
  background: string;
  text: string;
  /** Colour of the grid. */
  faint: string;
  /** Colour of the axes. */
  line: string;
  font: string;
}

/** The theme as it applies to an element; JupyterLab's light theme if there is none. */
export function themeOf(element: Element): ScatterTheme {
  const css = getComputedStyle(element);
  const value = (name: string, otherwise: string) => css.getPropertyValue(name).trim() || otherwise;
  return {
    dark: document.body.dataset["jpThemeLight"] === "false",
    background: value("--jp-layout-color0", "#ffffff"),
    text: value("--jp-ui-font-color1", "#222222"),
    faint: value("--jp-border-color3", "#eeeeee"),
    line: value("--jp-border-color1", "#bdbdbd"),
    font: value("--jp-ui-font-family", "sans-serif"),
  };
}
