import { DOMWidgetModel, type ISerializers } from "@jupyter-widgets/base";
import { numbersOf } from "../typedArrays.js";
import "../../style/latentScatter.css";
import { download, element, onThemeChange } from "../dom.js";
import { FreedView } from "../freedView.js";
import { keepKeys } from "../keepKeys.js";
import { KernelWatch, kernelGoneText } from "../kernelGone.js";
import { Requests } from "../requests.js";
import { exportedFigure, type ScatterTheme, type ShownRanges, scatterFigure } from "./figure.js";
import { type Frame, type Place, pointAt, type Range, reachOver, shortNumber, zoomed } from "./geometry.js";
import { HoverCard } from "./hoverCard.js";
import { type Mode, Overlay, type Tool } from "./overlay.js";
import { endPlot, type Plotly, pngOf } from "./plots.js";
import { drawnIndex, hiddenPoints } from "./points.js";
import { Legend, Sliders } from "./side.js";
import type { Snapshot } from "./snapshot.js";
import { Toolbar } from "./toolbar.js";

export class LatentScatterModel extends DOMWidgetModel {
  static override serializers: ISerializers = {
    ...DOMWidgetModel.serializers,
    pointsX: numbersOf(Float32Array),
    pointsY: numbersOf(Float32Array),
    pointsZ: numbersOf(Float32Array),
    drawnRows: numbersOf(Uint32Array),
    colourNumbers: numbersOf(Float32Array),
    colourCodes: numbersOf(Uint16Array),
    densityCounts: numbersOf(Float32Array),
    selected: numbersOf(Uint8Array),
    selectedBeside: numbersOf(Float32Array),
    anchorPlaces: numbersOf(Float32Array),
    stationPlaces: numbersOf(Float32Array),
    pathLine: numbersOf(Float32Array),
    playedPlaces: numbersOf(Float32Array),
  };

  /** The frame of a motion that a viewer shows in place of the state at the probe; undefined while it does not. */
  playedFrame: number | undefined;

  showPlayed(frame: number | undefined): void {
    if (frame === this.playedFrame) return;
    this.playedFrame = frame;
    this.trigger("e2gmm:played");
  }
}

const NO_WEBGL = "This browser has no WebGL, so that the particles cannot be drawn.";

/** Entries of the state after whose change plotly draws again. */
const drawnEntries: ReadonlySet<string> = new Set([
  "shown",
  "pointsX",
  "pointsY",
  "pointsZ",
  "colouring",
  "colourNumbers",
  "colourCodes",
  "density",
  "densityCounts",
  "selected",
  "selectedBeside",
  "selectedCount",
  "hidden",
  "title",
]);
/** With three axes these are traces too. */
const markEntries: readonly string[] = ["probePlace", "pathLine", "stationPlaces"];

interface PlotAxis {
  _offset: number;
  _length: number;
  range: [number, number];
}
type PlotDiv = HTMLElement & {
  layout?: { scene?: { camera?: object } };
  _fullLayout?: { xaxis?: PlotAxis; yaxis?: PlotAxis };
  on?(event: string, handler: (event: never) => void): void;
};

export class LatentScatterView extends FreedView {
  private plotly: Plotly | undefined;
  private readonly plot: PlotDiv = element("div", { class: "e2gmm-scatter-plotly" });
  private area!: HTMLElement;
  private overlay!: Overlay;
  private toolbar!: Toolbar;
  private legend!: Legend;
  private sliders!: Sliders;
  private card!: HoverCard;
  private requests!: Requests;
  private readonly counts = element("span");
  private readonly message = element("span", { role: "status", class: "e2gmm-scatter-message" });
  private problem = "";
  /** What the axes show; null for all. */
  private range: ShownRanges | null = null;
  private three = false;
  private drawing = false;
  private stale = true;
  private gone = false;
  /** The browser took a context away, as it does when there are many; it is made anew when the view is used. */
  private lost = false;
  private saveZoom: ReturnType<typeof setTimeout> | undefined;
  private hoverFrame = 0;
  private kernel: KernelWatch | undefined;
  private kernelShownGone = false;
  private drawnTheme = "";
  private awaitTheme: ReturnType<typeof setTimeout> | undefined;
  private readonly removal = new AbortController();

  declare model: LatentScatterModel;

  /** What is shown: the model's state, with the probe at the frame that is played. */
  private get state(): Snapshot {
    const state = this.model.attributes as unknown as Snapshot;
    const frame = this.model.playedFrame;
    if (frame === undefined) return state;
    const axes = state.shown?.z ? 3 : 2;
    const place = state.playedPlaces.subarray(axes * frame, axes * (frame + 1));
    return place.length === axes ? { ...state, probePlace: [...place] } : state;
  }

  override render(): void {
    super.render();
    const { state } = this;
    this.range = state.zoom;
    this.requests = new Requests(this.model);
    this.overlay = new Overlay({
      probe: ([x, y]) => {
        const { shown } = this.state;
        if (shown) this.moveProbe({ [shown.x.name]: x, [shown.y.name]: y });
      },
      probeReleased: () => {},
      origin: () => this.change({ probe: this.state.probe.map(() => 0) }),
      lasso: (polygon, mode) => this.select(mode, { how: "lasso", polygon }),
      box: (low, high, mode) => this.select(mode, { how: "box", low, high }),
      radius: (centre, rim, mode) => this.selectRadius(centre, rim, mode),
      nearest: (centre, mode) => this.selectNearest(centre, mode),
      anchor: (at) => this.ask("anchor", { at }),
    });
    this.toolbar = new Toolbar({
      axis: (which, name) => this.change({ [which]: which === "z" && name === "" ? null : name }),
      tool: (tool) => this.useTool(tool),
      select: (how) => this.select("replace", { how }),
      aroundProbe: () => this.selectAroundProbe(),
      stations: (count) => this.change({ stationCount: Math.min(count, 200) }),
      anchorAtProbe: () => this.ask("anchor", { at: null }),
      anchors: (change) =>
        this.change({ anchors: change === "clear" ? [] : this.state.anchors.slice(0, -1) }),
      zoom: (change) => this.zoom(change),
      png: () => void this.savePng(),
      csv: () => void this.saveCsv(),
    });
    this.legend = new Legend((name, only) => this.toggleCategory(name, only));
    this.sliders = new Sliders((name, value) => this.moveProbe({ [name]: value }));
    this.card = new HoverCard((row) => this.requests.ask("thumbnail", { row }));
    this.area = element("div", { class: "e2gmm-scatter-area" }, this.plot, this.overlay.node, this.card.node);
    this.el.classList.add("e2gmm-scatter");
    this.el.style.setProperty("--e2gmm-scatter-height", `${state.height}px`);
    keepKeys(this.el, this.removal.signal);
    this.el.append(
      this.toolbar.node,
      element("div", { class: "e2gmm-scatter-main" }, this.area, this.legend.node),
      this.sliders.node,
      element("div", { class: "e2gmm-scatter-status" }, this.counts, this.message),
    );
    this.area.addEventListener("pointermove", (event) => this.hovered(event));
    this.area.addEventListener("pointerleave", () => this.card.hide());
    this.area.addEventListener("pointerenter", () => {
      if (this.lost) this.draw();
    });
    this.area.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.listenTo(this.model, "change", () =>
      this.changed(Object.keys(this.model.changedAttributes() || {})),
    );
    this.listenTo(this.model, "e2gmm:played", () => (this.three ? this.draw() : this.updateOverlay(true)));
    this.kernel = new KernelWatch(this.model, () => this.kernelChanged());
    const sizes = new ResizeObserver(() => this.resized());
    sizes.observe(this.area);
    this.removal.signal.addEventListener("abort", () => sizes.disconnect());
    onThemeChange(() => this.themeChanged(), this.removal.signal);
    this.updateControls();
    this.kernelChanged();
    this.useTool("probe");
  }

  override remove(): void {
    this.gone = true;
    this.removal.abort();
    clearTimeout(this.saveZoom);
    clearTimeout(this.awaitTheme);
    cancelAnimationFrame(this.hoverFrame);
    this.kernel?.dispose();
    this.overlay?.end();
    this.card?.hide();
    this.requests?.end();
    this.release();
    super.remove();
  }

  private release(): void {
    if (this.plotly) endPlot(this.plotly, this.plot);
  }

  // --- State

  private change(entries: Record<string, unknown>): void {
    this.model.set(entries);
    this.touch();
  }

  private changed(keys: readonly string[]): void {
    if (keys.includes("zoom") && !sameRanges(this.state.zoom, this.range)) {
      this.range = this.state.zoom;
      this.draw();
    }
    if (keys.some((key) => drawnEntries.has(key) || (this.three && markEntries.includes(key)))) this.draw();
    else this.updateOverlay(keys.includes("probePlace"));
    this.updateControls();
  }

  private updateControls(): void {
    const { state } = this;
    this.toolbar.update(state);
    this.legend.update(state.colouring, state.hidden);
    this.sliders.update(state.sliders, state.sliderValues);
    this.updateStatus();
  }

  private updateStatus(): void {
    const { state } = this;
    const number = (value: number) => value.toLocaleString("en");
    const parts = [
      state.selectedCount > 0
        ? `${number(state.selectedCount)} of ${number(state.count)} particles selected`
        : `${number(state.count)} particles`,
    ];
    if (state.drawnRows.length > 0) {
      parts.push(
        `${number(state.drawnRows.length)} of them drawn${state.density ? " above the density of all" : ""}`,
      );
    }
    this.counts.textContent = parts.join(" · ");
    const message = this.kernel?.gone ? kernelGoneText : this.problem || state.status;
    if (this.message.textContent !== message) this.message.textContent = message;
  }

  private kernelChanged(): void {
    const gone = this.kernel?.gone === true;
    // A kernel tells of each of its steps
    if (this.kernelShownGone === gone) return;
    this.kernelShownGone = gone;
    this.el.classList.toggle("e2gmm-scatter-gone", gone);
    if (gone) this.requests.fail(kernelGoneText);
    this.updateStatus();
  }

  private ask(
    kind: string,
    fields: Record<string, unknown>,
    answered: (content: Record<string, unknown>) => void = () => {},
  ): void {
    this.requests.ask(kind, fields).then(
      ({ content }) => {
        answered(content);
        this.say("");
      },
      (error: Error) => this.say(error.message),
    );
  }

  private say(problem: string): void {
    this.problem = problem;
    if (!this.gone) this.updateStatus();
  }

  // --- What the user does

  private useTool(tool: Tool): void {
    this.toolbar.tool = tool;
    this.toolbar.pressed();
    if (tool === "radius" && !(this.toolbar.radius > 0)) {
      const { x, y } = this.ranges();
      const [low, high] = this.state.shown?.x.spreads ? y : x;
      this.toolbar.radius = (high - low) / 10;
    }
    this.updateOverlay();
  }

  private moveProbe(to: Record<string, number>): void {
    this.change({ probeTo: to });
  }

  private select(mode: Mode, fields: Record<string, unknown>): void {
    this.ask("select", { mode, ...fields }, ({ radius }) => {
      if (typeof radius === "number") this.toolbar.radius = radius;
    });
  }

  /** @param rim a place on the border, or null for the radius in the field */
  private selectRadius(centre: Place, rim: Place | null, mode: Mode): void {
    this.select(mode, { how: "radius", centre, radius: rim ?? this.toolbar.radius });
  }

  private selectNearest(centre: Place, mode: Mode): void {
    this.select(mode, { how: "nearest", centre, number: this.toolbar.number });
  }

  private selectAroundProbe(): void {
    const { mode, tool, radius, number } = this.toolbar;
    this.select(mode, tool === "radius" ? { how: "latentRadius", radius } : { how: "latentNearest", number });
  }

  private toggleCategory(name: string, only: boolean): void {
    const { colouring, hidden } = this.state;
    if (!("categories" in colouring)) return;
    const others = colouring.categories.map((category) => category.name).filter((other) => other !== name);
    const alone = others.every((other) => hidden.includes(other)) && !hidden.includes(name);
    const next = only
      ? alone
        ? []
        : others
      : hidden.includes(name)
        ? hidden.filter((other) => other !== name)
        : [...hidden, name];
    this.change({ hidden: next });
  }

  private wheel(event: WheelEvent): void {
    if (this.three) return;
    // A notebook is scrolled through; only a plot that is in use takes the wheel.
    if (!event.ctrlKey && !event.metaKey && !this.area.contains(document.activeElement)) return;
    const frame = this.frame();
    if (!frame) return;
    event.preventDefault();
    const box = this.overlay.node.getBoundingClientRect();
    const about: Place = [event.clientX - box.left, event.clientY - box.top];
    this.setRange(zoomed(frame, about, Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 200)));
  }

  private zoom(change: "in" | "out" | "home"): void {
    if (this.three) return;
    if (change === "home") {
      this.setRange(null);
      return;
    }
    const frame = this.frame();
    if (frame)
      this.setRange(zoomed(frame, [frame.width / 2, frame.height / 2], change === "in" ? 1.5 : 1 / 1.5));
  }

  /** Shows a part of the axes; other views follow when it has come to rest. */
  private setRange(range: ShownRanges | null): void {
    this.range = range;
    this.draw();
    clearTimeout(this.saveZoom);
    this.saveZoom = setTimeout(() => this.change({ zoom: range }), 300);
  }

  private hovered(event: PointerEvent): void {
    if (this.three || event.pointerType === "touch") return;
    cancelAnimationFrame(this.hoverFrame);
    const { clientX, clientY, buttons } = event;
    this.hoverFrame = requestAnimationFrame(() => {
      const frame = this.frame();
      if (!frame || buttons !== 0 || this.overlay.busy) {
        this.card.hide();
        return;
      }
      const box = this.overlay.node.getBoundingClientRect();
      const { state } = this;
      const at: Place = [clientX - box.left, clientY - box.top];
      const i = pointAt(frame, state.pointsX, state.pointsY, at, 7, hiddenPoints(state));
      if (i < 0) this.card.hide();
      else this.showCard(i, clientX, clientY);
    });
  }

  private showCard(i: number, clientX: number, clientY: number): void {
    const { state } = this;
    const { shown, colouring } = state;
    if (!shown) return;
    const row = state.drawnRows.length > 0 ? state.drawnRows[i]! : i;
    const lines = [`Particle ${row}`];
    for (const [axis, points] of [
      [shown.x, state.pointsX],
      [shown.y, state.pointsY],
      [shown.z, state.pointsZ],
    ] as const) {
      if (axis && !axis.spreads) lines.push(`${axis.name} ${shortNumber(points[i]!)}`);
    }
    if (colouring.kind === "number") lines.push(`${colouring.name} ${shortNumber(state.colourNumbers[i]!)}`);
    else if ("categories" in colouring) {
      lines.push(`${colouring.name}: ${colouring.categories[state.colourCodes[i]!]?.name ?? ""}`);
    }
    const box = this.area.getBoundingClientRect();
    this.card.show(
      row,
      lines,
      state.thumbnails,
      [clientX - box.left, clientY - box.top],
      [box.width, box.height],
    );
  }

  // --- Drawing

  private ranges(): ShownRanges {
    const { shown } = this.state;
    const all = (axis?: { low: number; high: number }): Range => (axis ? [axis.low, axis.high] : [-1, 1]);
    return this.range ?? { x: all(shown?.x), y: all(shown?.y) };
  }

  /** The plot area as it is on the screen; undefined before there is one. */
  private frame(): Frame | undefined {
    const { xaxis, yaxis } = this.plot._fullLayout ?? {};
    if (this.three || !xaxis || !yaxis) return undefined;
    return { width: xaxis._length, height: yaxis._length, x: xaxis.range, y: yaxis.range };
  }

  private updateOverlay(answered = false): void {
    const frame = this.frame();
    const { shown, probePlace, anchorPlaces, stationPlaces, pathLine } = this.state;
    const { node } = this.overlay;
    node.toggleAttribute("hidden", !frame);
    if (!frame || !shown || shown.z) return;
    const { xaxis, yaxis } = this.plot._fullLayout!;
    node.style.left = `${xaxis!._offset}px`;
    node.style.top = `${yaxis!._offset}px`;
    node.style.width = `${frame.width}px`;
    node.style.height = `${frame.height}px`;
    this.overlay.update(
      {
        frame,
        tool: this.toolbar.tool,
        mode: this.toolbar.mode,
        reach: reachOver(shown.x, shown.y),
        names: [shown.x.name, shown.y.name],
        spreads: [shown.x.spreads, shown.y.spreads],
        probe: [probePlace[0] ?? 0, probePlace[1] ?? 0],
        anchors: anchorPlaces,
        stations: stationPlaces,
        line: pathLine,
      },
      answered,
    );
  }

  private theme(): ScatterTheme {
    const css = getComputedStyle(this.el);
    const colour = (name: string, otherwise: string) => css.getPropertyValue(name).trim() || otherwise;
    return {
      dark: document.body.dataset["jpThemeLight"] === "false",
      background: colour("--jp-layout-color0", "#ffffff"),
      text: colour("--jp-ui-font-color1", "#222222"),
      faint: colour("--jp-border-color3", "#eeeeee"),
      line: colour("--jp-border-color1", "#bdbdbd"),
      font: colour("--jp-ui-font-family", "sans-serif"),
    };
  }

  /** The page says that its theme is another before the colours of that one hold. */
  private themeChanged(tries = 0): void {
    clearTimeout(this.awaitTheme);
    if (this.gone) return;
    if (JSON.stringify(this.theme()) !== this.drawnTheme) this.draw();
    if (tries < 20) this.awaitTheme = setTimeout(() => this.themeChanged(tries + 1), 150);
  }

  private resized(): void {
    if (this.area.clientWidth > 0 && this.area.clientHeight > 0) this.draw();
  }

  /** Draws the latest state; what changes meanwhile is drawn after it, in one go. */
  private draw(): void {
    this.stale = true;
    if (this.drawing || this.gone || this.area.clientWidth === 0 || this.area.clientHeight === 0) return;
    this.drawing = true;
    void this.drawAll().finally(() => {
      this.drawing = false;
    });
  }

  private async drawAll(): Promise<void> {
    try {
      if (!this.plotly && !hasWebgl()) {
        this.say(NO_WEBGL);
        return;
      }
      this.plotly ??= (await import("../plotly.js")).default;
      while (this.stale && !this.gone) {
        this.stale = false;
        const { shown } = this.state;
        if (!shown) return;
        const three = shown.z !== null;
        // The two kinds of picture share nothing, and each would keep its context.
        if (three !== this.three || this.lost) this.release();
        this.three = three;
        this.lost = false;
        const theme = this.theme();
        this.drawnTheme = JSON.stringify(theme);
        const { data, layout } = scatterFigure(this.state, theme, this.ranges());
        layout["width"] = this.area.clientWidth;
        layout["height"] = this.area.clientHeight;
        const first = this.plot._fullLayout === undefined;
        await this.plotly.react(
          this.plot as never,
          data as never,
          layout as never,
          {
            displayModeBar: false,
            doubleClick: false,
            doubleClickDelay: 500,
            scrollZoom: three,
            showTips: false,
            responsive: false,
          } as never,
        );
        if (this.gone) {
          this.release();
          return;
        }
        if (first) this.listen();
        this.updateOverlay();
        this.el.dataset["drawn"] = String(Number(this.el.dataset["drawn"] ?? 0) + 1);
      }
    } catch (error) {
      this.say(`The picture could not be drawn: ${(error as Error).message}`);
    }
  }

  /** Follows what plotly does by itself: its pan, and what the pointer finds among three axes. */
  private listen(): void {
    this.plot.on?.("plotly_relayouting", () => this.updateOverlay());
    this.plot.on?.("plotly_relayout", () => {
      const frame = this.frame();
      if (!frame || sameRanges(frame, this.ranges())) return;
      // A part that was shown before this one is no longer to be told
      clearTimeout(this.saveZoom);
      this.range = { x: [...frame.x], y: [...frame.y] };
      this.updateOverlay();
      this.change({ zoom: this.range });
    });
    this.plot.on?.(
      "plotly_hover",
      (event: { points: { curveNumber: number; pointNumber: number }[]; event: MouseEvent }) => {
        const point = event.points[0];
        if (!this.three || point?.curveNumber !== 0) return;
        const i = drawnIndex(this.state, point.pointNumber);
        if (i >= 0) this.showCard(i, event.event.clientX, event.event.clientY);
      },
    );
    this.plot.on?.("plotly_doubleclick", () => this.zoom("home"));
    this.plot.on?.("plotly_webglcontextlost", () => {
      this.lost = true;
    });
    this.plot.on?.("plotly_unhover", () => this.card.hide());
  }

  // --- Files

  private async savePng(): Promise<void> {
    if (!this.plotly) return;
    try {
      const { data, layout } = exportedFigure(this.state, this.theme(), this.ranges());
      const camera = this.plot.layout?.scene?.camera;
      if (camera && this.three) layout["scene"] = { ...(layout["scene"] as object), camera };
      layout["width"] = Math.max(this.area.clientWidth, 480);
      layout["height"] = Math.max(this.area.clientHeight, 360);
      download(await pngOf(this.plotly, { data, layout }), this.fileName("png"));
    } catch (error) {
      this.say(`The picture could not be saved: ${(error as Error).message}`);
    }
  }

  private async saveCsv(): Promise<void> {
    const what = this.state.selectedCount > 0 ? "selected" : "all";
    try {
      const parts: string[] = [];
      // All pieces are of what was shown when the first was asked for
      let version: { version?: number } = {};
      for (let from: number | null = 0; from !== null; ) {
        const { content } = await this.requests.ask("csv", { what, from, ...version });
        version = { version: content["version"] as number };
        parts.push(content["text"] as string);
        from = content["next"] as number | null;
      }
      download(new Blob(parts, { type: "text/csv" }), this.fileName("csv"));
      this.say("");
    } catch (error) {
      this.say(`The table could not be saved: ${(error as Error).message}`);
    }
  }

  private fileName(ending: string): string {
    const name = this.state.title.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
    return `${name.slice(0, 80) || "latent-space"}.${ending}`;
  }
}

function sameRanges(a: ShownRanges | null, b: ShownRanges | null): boolean {
  if (a === null || b === null) return a === b;
  return (["x", "y"] as const).every((axis) => a[axis][0] === b[axis][0] && a[axis][1] === b[axis][1]);
}

function hasWebgl(): boolean {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}
