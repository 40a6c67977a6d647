import { onThemeChange } from "../dom.js";
import { exportedFigure } from "./exportedFigure.js";
import { scatterFigure } from "./figure.js";
import type { Place } from "./geometry.js";
import type { PlotArea } from "./overlayModel.js";
import { endPlot, type Plotly, pngOf } from "./plots.js";
import { drawnIndex } from "./points.js";
import { pointerIn } from "./scatterTemplate.js";
import type { ScatterViewModel } from "./scatterViewModel.js";
import { themeOf } from "./theme.js";

interface PlotAxis {
  _offset: number;
  _length: number;
  range: [number, number];
}

/** What plotly.js keeps on its element. */
type PlotElement = HTMLElement & {
  layout?: { scene?: { camera?: object } };
  _fullLayout?: { xaxis?: PlotAxis; yaxis?: PlotAxis };
  on?(event: string, handler: (event: never) => void): void;
};

interface PlotHover {
  points: { curveNumber: number; pointNumber: number }[];
  event: MouseEvent;
}

/** How often and at what interval, in milliseconds, the theme is read again after JupyterLab has announced another. */
const themeReads = { times: 20, interval: 150 };

/** Smallest size of a saved picture, in pixels. */
const minSaved = { width: 480, height: 360 };

/** The plotly.js picture of a view: drawn anew when the model, the size of the area or the theme changes. */
export class ScatterPicture {
  private plotly: Plotly | undefined;
  private readonly plot: PlotElement;
  private readonly removal = new AbortController();
  private drawing = false;
  private stale = true;
  /** The browser has taken a WebGL context away, as it does when there are many. A new one is made on the next use. */
  private lost = false;
  private drawnTheme = "";
  private themeTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param area gives size and theme, and holds the plot
   * @param plot empty element for plotly
   * @param drawn called after each drawing
   */
  constructor(
    private readonly model: ScatterViewModel,
    private readonly area: HTMLElement,
    plot: HTMLElement,
    private readonly drawn: () => void,
  ) {
    this.plot = plot;
    const sizes = new ResizeObserver(() => this.draw());
    sizes.observe(area);
    this.removal.signal.addEventListener("abort", () => sizes.disconnect());
    onThemeChange(() => this.themeChanged(), this.removal.signal);
    model.redrawRequested.connect(this.draw, this);
  }

  /** Draws the latest state. Changes during a drawing are drawn together after it. */
  draw(): void {
    this.stale = true;
    const { clientWidth, clientHeight } = this.area;
    if (this.drawing || this.removed || clientWidth === 0 || clientHeight === 0) return;
    this.drawing = true;
    void this.drawAll().finally(() => {
      this.drawing = false;
    });
  }

  /** Draws again if the browser has taken the WebGL context away. */
  restore(): void {
    if (this.lost) this.draw();
  }

  /** The picture with legend, probe and path as a PNG. @returns a data URL; undefined before the first drawing */
  async png(): Promise<string | undefined> {
    if (!this.plotly) return undefined;
    const { model, area } = this;
    const { data, layout } = exportedFigure(model.state, themeOf(area), model.ranges);
    const camera = this.plot.layout?.scene?.camera;
    if (camera && model.isThreeDrawn) layout["scene"] = { ...(layout["scene"] as object), camera };
    layout["width"] = Math.max(area.clientWidth, minSaved.width);
    layout["height"] = Math.max(area.clientHeight, minSaved.height);
    return pngOf(this.plotly, { data, layout });
  }

  /** Removes the plot and releases its WebGL contexts. */
  dispose(): void {
    this.removal.abort();
    clearTimeout(this.themeTimer);
    this.model.redrawRequested.disconnect(this.draw, this);
    this.release();
  }

  private get removed(): boolean {
    return this.removal.signal.aborted;
  }

  private release(): void {
    if (this.plotly) endPlot(this.plotly, this.plot);
  }

  private async drawAll(): Promise<void> {
    const { model } = this;
    try {
      if (!this.plotly && !hasWebgl()) {
        model.say("The particles cannot be drawn: WebGL is not available.");
        return;
      }
      this.plotly ??= (await import("../plotly.js")).default;
      while (this.stale && !this.removed) {
        this.stale = false;
        if (!model.state.shown) return;
        await this.drawOnce(this.plotly);
      }
    } catch (error) {
      model.say(`The picture could not be drawn: ${(error as Error).message}`);
    }
  }

  private async drawOnce(plotly: Plotly): Promise<void> {
    const { model, area } = this;
    const three = model.state.shown?.z !== null;
    // Plots of two and of three axes share nothing, and each would keep its context
    if (three !== model.isThreeDrawn || this.lost) this.release();
    this.lost = false;
    model.beginDrawing(three);
    const theme = themeOf(area);
    this.drawnTheme = JSON.stringify(theme);
    const { data, layout } = scatterFigure(model.state, theme, model.ranges);
    layout["width"] = area.clientWidth;
    layout["height"] = area.clientHeight;
    const config = {
      displayModeBar: false,
      doubleClick: false,
      doubleClickDelay: 500,
      scrollZoom: three,
      showTips: false,
      responsive: false,
    };
    const isFirst = this.plot._fullLayout === undefined;
    await plotly.react(this.plot as never, data as never, layout as never, config as never);
    if (this.removed) {
      this.release();
      return;
    }
    if (isFirst) this.listen();
    model.setPlotArea(this.plotArea());
    this.drawn();
  }

  /** The plot area as it is on the screen; undefined with three axes. */
  private plotArea(): PlotArea | undefined {
    const { xaxis, yaxis } = this.plot._fullLayout ?? {};
    if (this.model.isThreeDrawn || !xaxis || !yaxis) return undefined;
    const offset: Place = [xaxis._offset, yaxis._offset];
    const frame = { width: xaxis._length, height: yaxis._length, x: xaxis.range, y: yaxis.range };
    return { frame: { ...frame, x: [...frame.x], y: [...frame.y] }, offset };
  }

  /** Follows what plotly does by itself: its pan, and the point under the pointer among three axes. */
  private listen(): void {
    const { plot, model } = this;
    plot.on?.("plotly_relayouting", () => model.setPlotArea(this.plotArea()));
    plot.on?.("plotly_relayout", () => {
      const area = this.plotArea();
      if (area) model.axesMoved(area);
    });
    plot.on?.("plotly_hover", ({ points: [point], event }: PlotHover) => {
      if (!model.isThreeDrawn || point?.curveNumber !== 0) return;
      const i = drawnIndex(model.state, point.pointNumber);
      if (i >= 0) model.showCard(i, pointerIn(this.area, event));
    });
    plot.on?.("plotly_unhover", () => model.card.hide());
    plot.on?.("plotly_doubleclick", () => model.zoom("home"));
    plot.on?.("plotly_webglcontextlost", () => {
      this.lost = true;
    });
  }

  /** JupyterLab announces a theme before its colours apply, so they are read several times. */
  private themeChanged(reads = 0): void {
    clearTimeout(this.themeTimer);
    if (JSON.stringify(themeOf(this.area)) !== this.drawnTheme) this.draw();
    if (reads < themeReads.times) {
      this.themeTimer = setTimeout(() => this.themeChanged(reads + 1), themeReads.interval);
    }
  }
}

function hasWebgl(): boolean {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}
