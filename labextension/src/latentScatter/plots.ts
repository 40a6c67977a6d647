import type { PlotlyFigure } from "./figure.js";

/** The plotly.js module. */
export type Plotly = typeof import("../plotly.js")["default"];

/** Removes a plot and releases its WebGL contexts: browsers have few of them, and plotly.js releases none. */
export function endPlot(plotly: Plotly, plot: HTMLElement): void {
  // The canvas for picking has no context; getContext() would make one
  const canvases = plot.querySelectorAll<HTMLCanvasElement>("canvas:not(.gl-canvas-pick)");
  const contexts = [...canvases].map((canvas) => canvas.getContext("webgl") ?? canvas.getContext("webgl2"));
  plotly.purge(plot as never);
  for (const context of contexts) context?.getExtension("WEBGL_lose_context")?.loseContext();
}

/** The part of plotly's export module that is used here. */
interface PlotlySnapshot {
  getRedrawFunc(plot: HTMLElement): () => unknown;
  getDelay(layout: object): number;
  toSVG(plot: HTMLElement, format: string, scale: number): string;
  svgToImg(options: object): Promise<string>;
}

/**
 * A figure as a PNG, at twice the resolution of the screen. Does what `Plotly.toImage` does, but releases the WebGL contexts
 * of the copy at once; otherwise plots on the page could lose theirs.
 * @returns a data URL
 */
export async function pngOf(plotly: Plotly, { data, layout }: PlotlyFigure): Promise<string> {
  const { Snapshot: snapshot } = plotly as unknown as { Snapshot: PlotlySnapshot };
  const plot = document.createElement("div");
  plot.style.cssText = "position: absolute; left: -5000px";
  document.body.append(plot);
  const { width, height } = layout;
  const scale = 2;
  let svg: string;
  try {
    const config = { staticPlot: true, _exportedPlot: true };
    await plotly.newPlot(plot as never, data as never, layout as never, config as never);
    await snapshot.getRedrawFunc(plot)();
    const delay = snapshot.getDelay((plot as unknown as { _fullLayout: object })._fullLayout);
    await new Promise((resolve) => setTimeout(resolve, delay));
    svg = snapshot.toSVG(plot, "png", scale);
  } finally {
    endPlot(plotly, plot);
    plot.remove();
  }
  return snapshot.svgToImg({
    format: "png",
    svg,
    width,
    height,
    scale,
    canvas: document.createElement("canvas"),
    promise: true,
  });
}
