import { DataGrid, TextRenderer } from "@lumino/datagrid";

/** Takes the colours and fonts of a grid, which is drawn on a canvas, from JupyterLab's theme. */
export function applyTheme(grid: DataGrid, style: CSSStyleDeclaration): void {
  const colour = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  const isLight = document.body.dataset["jpThemeLight"] !== "false";
  const ink = (opacity: number) =>
    isLight ? `rgba(0, 0, 0, ${opacity})` : `rgba(255, 255, 255, ${opacity})`;
  const background = colour("--jp-layout-color0", "#fff");
  const brand = colour("--jp-brand-color1", "#1976d2");
  const selection = isLight ? "rgba(25, 118, 210, 0.15)" : "rgba(100, 181, 246, 0.25)";
  grid.style = {
    ...DataGrid.defaultStyle,
    voidColor: background,
    backgroundColor: background,
    rowBackgroundColor: (row) => (row % 2 === 0 ? "" : ink(0.03)),
    gridLineColor: ink(0.12),
    headerBackgroundColor: colour("--jp-layout-color2", "#eee"),
    headerGridLineColor: ink(0.12),
    selectionFillColor: selection,
    selectionBorderColor: brand,
    cursorBorderColor: brand,
    headerSelectionFillColor: selection,
    headerSelectionBorderColor: brand,
    scrollShadow: {
      size: 6,
      color1: isLight ? "rgba(0, 0, 0, 0.15)" : "rgba(0, 0, 0, 0.5)",
      color2: isLight ? "rgba(0, 0, 0, 0.05)" : "rgba(0, 0, 0, 0.2)",
      color3: "rgba(0, 0, 0, 0)",
    },
  };
  const text = { font: fontOf(style), textColor: colour("--jp-ui-font-color1", "#222") };
  const strong = { ...text, font: `600 ${text.font}` };
  const faint = { ...text, textColor: colour("--jp-ui-font-color2", "#666") };
  grid.cellRenderers.update({
    body: new TextRenderer(text),
    "column-header": new TextRenderer(strong),
    "corner-header": new TextRenderer(strong),
    "row-header": new TextRenderer({ ...faint, horizontalAlignment: "right" }),
  });
}

/** The font of JupyterLab's interface, as a canvas takes it. */
export function fontOf(style: CSSStyleDeclaration): string {
  const variable = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  return `${variable("--jp-ui-font-size1", "13px")} ${variable("--jp-ui-font-family", "sans-serif")}`;
}
