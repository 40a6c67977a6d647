import { element } from "../dom.js";
import type { PlotlyFigure } from "./figure.js";

export type Plotly = typeof import("../plotly.js")["default"];

/** Takes a plot away and gives its WebGL contexts back, of which browsers have few and plotly.js gives none. */
export function endPlot(plotly: Plotly, plot: HTMLElement): void {
  // The canvas for picking has no context, and asking it for one would make one.
  const canvases = plot.querySelectorAll<HTMLCanvasElement>("canvas:not(.gl-canvas-pick)");
  const contexts = [...canvases].map((canvas) => canvas.getContext("webgl") ?? canvas.getContext("webgl2"));
  plotly.purge(plot as never);
  for (const context of contexts) context?.getExtension("WEBGL_lose_context")?.loseContext();
}

/** What is used here of plotly's module for pictures. */
interface Snapshot {
  getRedrawFunc(plot: HTMLElement): () => unknown;
  getDelay(layout: object): number;
  toSVG(plot: HTMLElement, format: string, scale: number): string;
  svgToImg(options: object): Promise<string>;
}

/**
 * A figure as a PNG, twice as fine as on the screen. What `Plotly.toImage` does, but for the contexts of the copy that it
 * draws: it would keep them until the copy is collected, and the plots on the page might lose theirs for it.
 * @returns a data URL
 */
export async function pngOf(plotly: Plotly, { data, layout }: PlotlyFigure): Promise<string> {
  const { Snapshot: snapshot } = plotly as unknown as { Snapshot: Snapshot };
  const plot = element("div", { style: "position: absolute; left: -5000px" });
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
    canvas: element("canvas"),
    promise: true,
  });
}
