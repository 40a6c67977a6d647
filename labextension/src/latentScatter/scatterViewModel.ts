import { type ISignal, Signal } from "@lumino/signaling";
import { goneText } from "../kernelGone.js";
import { ViewModel } from "../view.js";
import { AxisZoom, type ShownRanges } from "./axisZoom.js";
import { readCsv } from "./csv.js";
import { changesPicture } from "./figure.js";
import { type Place, pointAt } from "./geometry.js";
import { isHeights } from "./histogram.js";
import { HoverCardModel, type HoverPointer } from "./hoverCardModel.js";
import { type OverlayEvents, OverlayModel, overlayState, type PlotArea } from "./overlayModel.js";
import { PairGridModel } from "./pairs/pairGridModel.js";
import { countsText, describePoint, hiddenPoints, selectionFrame, toggledCategories } from "./points.js";
import { ColourRangeModel } from "./range/colourRangeModel.js";
import type { ScatterLinks } from "./scatterLinks.js";
import type { Snapshot } from "./snapshot.js";
import type { Mode, Tool } from "./tools.js";

/** Largest number of stations that can be asked for; the kernel's own limit. */
const maxStations = 200;
/** Beyond every height of a histogram. */
const endless = 1e30;

/** State and actions of a view of the latent scatter. */
export class ScatterViewModel extends ViewModel {
  readonly card: HoverCardModel;
  readonly overlay: OverlayModel;
  /** Radius of a selection and number of nearest particles, as they are typed. */
  radiusText = "";
  numberText = "100";
  /** The range of colours that is shown. */
  readonly colourRange: ColourRangeModel;
  /** All pairs of axes, to choose one. */
  readonly pairs: PairGridModel;
  /** Name of the slider that is being dragged; the kernel's answers do not move it meanwhile. */
  heldSlider: string | undefined;
  private currentTool: Tool = "probe";
  private currentMode: Mode = "replace";
  private readonly axisZoom: AxisZoom;
  private area: PlotArea | undefined;
  private threeDrawn = false;
  private gone = false;
  private problem = "";
  private readonly redrawSignal = new Signal<this, void>(this);

  constructor(private readonly links: ScatterLinks) {
    super();
    const { widget, ask } = links;
    const state = () => this.links.widget.attributes as Snapshot;
    const change = (entries: Partial<Snapshot>) => this.change(entries);
    this.pairs = new PairGridModel({ state, change });
    this.colourRange = new ColourRangeModel({
      ...{ state, change, say: (text) => this.say(text) },
      redraw: () => {
        this.redraw();
        this.changed();
      },
    });
    this.axisZoom = new AxisZoom(this.state.zoom, {
      changed: () => this.redraw(),
      save: (zoom) => this.change({ zoom }),
    });
    this.card = new HoverCardModel(
      (row) => ask("thumbnail", { row }),
      () => this.changed(),
    );
    this.overlay = new OverlayModel(this.overlayEvents(), () => this.changed());
    this.follow(widget, "change", () => this.widgetChanged(Object.keys(widget.changedAttributes() || {})));
    this.follow(widget, "e2gmm:live");
    this.follow(widget, "e2gmm:played", () => {
      if (this.threeDrawn) this.redraw();
      else this.widgetChanged(["probePlace"]);
    });
  }

  // --- State

  /** The kernel's state, with the probe at the frame that is played, and the range of colours that is dragged. */
  get state(): Snapshot {
    const { attributes, playedFrame } = this.links.widget;
    const { preview } = this.colourRange;
    const state = preview ? { ...(attributes as Snapshot), colourRange: preview } : (attributes as Snapshot);
    if (playedFrame === undefined) return state;
    const axes = state.shown?.z ? 3 : 2;
    const place = state.playedPlaces.subarray(axes * playedFrame, axes * (playedFrame + 1));
    return place.length === axes ? { ...state, probePlace: [...place] } : state;
  }

  /** Emitted when plotly has to draw again. */
  get redrawRequested(): ISignal<this, void> {
    return this.redrawSignal;
  }

  /** What the pointer does in the plot area. */
  get tool(): Tool {
    return this.currentTool;
  }

  /** What a new selection does to the last one. */
  get mode(): Mode {
    return this.currentMode;
  }

  /** Whether three axes are chosen; the picture may not yet have followed. */
  get threeAxes(): boolean {
    return this.state.z !== null;
  }

  /** Whether the picture has three axes. */
  get isThreeDrawn(): boolean {
    return this.threeDrawn;
  }

  /** The plot area of two axes; undefined before the first picture and with three axes. */
  get plotArea(): PlotArea | undefined {
    return this.area;
  }

  /** What the two axes show. */
  get ranges(): ShownRanges {
    return this.axisZoom.ranges(this.state.shown);
  }

  /** How many particles there are, are selected and are drawn. */
  get counts(): string {
    return countsText(this.state);
  }

  /** Message to the user: an error of this view, else the kernel's status. */
  get message(): string {
    return (this.gone && goneText(this.links.widget)) || this.problem || this.state.status;
  }

  // --- Called by the view

  /** Takes over whether the kernel is still running. */
  setKernelGone(gone: boolean): void {
    if (this.gone === gone) return;
    this.gone = gone;
    this.changed();
  }

  /** Plotly is about to draw two or three axes. */
  beginDrawing(three: boolean): void {
    this.threeDrawn = three;
    if (three) this.setPlotArea(undefined);
  }

  /** Plotly has drawn, or moved its axes. */
  setPlotArea(area: PlotArea | undefined): void {
    this.area = area;
    this.refreshOverlay();
  }

  /** The user has moved the axes by plotly's own means. */
  axesMoved(area: PlotArea): void {
    this.setPlotArea(area);
    this.axisZoom.moved(area, this.state.shown);
  }

  /** Requests that plotly draws again. */
  redraw(): void {
    if (!this.isDisposed) this.redrawSignal.emit(undefined);
  }

  /** Shows a message to the user; an empty one gives way to the kernel's status. */
  say(problem: string): void {
    this.problem = problem;
    this.changed();
  }

  // --- Actions

  /** Chooses what the pointer does. */
  useTool(tool: Tool): void {
    this.currentTool = tool;
    if (tool === "radius" && !(Number(this.radiusText) > 0)) {
      const { x, y } = this.ranges;
      const [low, high] = this.state.shown?.x.spreads ? y : x;
      this.showRadius((high - low) / 10);
    }
    this.changed();
  }

  /** Chooses what a new selection does to the last one. */
  useMode(mode: Mode): void {
    this.currentMode = mode;
    this.changed();
  }

  /** Takes over the typed radius of a selection. */
  typeRadius(text: string): void {
    this.radiusText = text;
    this.changed();
  }

  /** Takes over the typed number of nearest particles. */
  typeNumber(text: string): void {
    this.numberText = text;
    this.changed();
  }

  /** @param name of the column or axis; for `z` and `colour` empty for none */
  chooseAxis(which: "x" | "y" | "z" | "colour", name: string): void {
    this.change({ [which]: which === "z" && name === "" ? null : name });
  }

  /** Draws the population without the errors of the places, or no longer. */
  togglePopulation(): void {
    this.change({ population: !this.state.population });
  }

  /** Selects all particles, none, or those that are not selected. */
  selectAll(how: "all" | "none" | "invert"): void {
    this.select("replace", { how });
  }

  /** Selects the particles whose number that colours them is in the range. */
  selectRange(): void {
    this.select(this.mode, { how: "range", column: this.state.colour, ...this.colourRange.range });
  }

  /** Selects around the probe, with the radius or number in the fields. */
  selectAroundProbe(): void {
    this.select(
      this.mode,
      this.tool === "radius"
        ? { how: "latentRadius", radius: Number(this.radiusText) }
        : { how: "latentNearest", number: Number(this.numberText) },
    );
  }

  /** Moves the probe along dimensions that are named. */
  moveProbe(to: Record<string, number>): void {
    this.change({ probeTo: to });
  }

  /** Moves the probe to a typed latent coordinate; the others stay. */
  typeProbe(dimension: number, value: number): void {
    this.change({ probe: this.state.probe.map((before, d) => (d === dimension ? value : before)) });
  }

  /** Holds a slider while it is dragged; undefined releases it. */
  holdSlider(name: string | undefined): void {
    this.heldSlider = name;
    this.changed();
  }

  /** Sets the number of stations, unless what was typed is no positive integer. */
  setStations(text: string): void {
    const count = Number(text);
    if (Number.isInteger(count) && count > 0) this.change({ stationCount: Math.min(count, maxStations) });
  }

  /** Adds an anchor to the path where the probe is. */
  addAnchorAtProbe(): void {
    this.request("anchor", { at: null });
  }

  /** Removes the last anchor of the path, or all. */
  changeAnchors(change: "undo" | "clear"): void {
    this.change({ anchors: change === "clear" ? [] : this.state.anchors.slice(0, -1) });
  }

  /** Hides the particles of a category or shows them. @param only hide all others, or show them again */
  toggleCategory(name: string, only: boolean): void {
    const { colouring, hidden } = this.state;
    if (!("categories" in colouring)) return;
    this.change({ hidden: toggledCategories(colouring.categories, hidden, name, only) });
  }

  /** Magnifies by a step, or shows the selected particles or all of the axes. */
  zoom(change: "in" | "out" | "home" | "selection"): void {
    if (this.threeDrawn) return;
    if (change === "home") this.axisZoom.show(null);
    else if (change === "selection") this.axisZoom.show(selectionFrame(this.state));
    else if (this.area) {
      const { width, height } = this.area.frame;
      this.zoomAt([width / 2, height / 2], change === "in" ? 1.5 : 1 / 1.5);
    }
  }

  /** Magnifies about a place in the plot area, in its pixels. */
  zoomAt(about: Place, factor: number): void {
    if (this.area) this.axisZoom.magnify(this.area, about, factor);
  }

  /** Shows the card of the particle at a place of the plot area, in its pixels; or hides it. */
  hover(at: Place | undefined, where: HoverPointer): void {
    const { state } = this;
    const i =
      at && this.area && !this.overlay.busy
        ? pointAt(this.area.frame, state.pointsX, state.pointsY, {
            at,
            distance: 7,
            skip: hiddenPoints(state),
          })
        : -1;
    if (i < 0) this.card.hide();
    else this.showCard(i, where);
  }

  /** Shows the card of a drawn point. */
  showCard(i: number, where: HoverPointer): void {
    const { state } = this;
    if (!state.shown) return;
    this.card.show({ ...describePoint(state, i), hasImage: state.thumbnails, ...where });
  }

  /** Table of the selected particles, or of all if none is selected, as pieces of a CSV file. */
  readCsv(): Promise<string[]> {
    return readCsv(this.links.ask, this.state.selectedCount > 0 ? "selected" : "all");
  }

  override dispose(): void {
    this.axisZoom.dispose();
    this.overlay.dispose();
    this.card.hide();
    super.dispose();
  }

  // --- Internals

  private overlayEvents(): OverlayEvents {
    return {
      probe: ([x, y]) => {
        const { shown } = this.state;
        if (shown) this.moveProbe({ [shown.x.name]: x, [shown.y.name]: y });
      },
      origin: () => this.change({ probe: this.state.probe.map(() => 0) }),
      lasso: (polygon, mode) => this.select(mode, { how: "lasso", polygon }),
      box: (low, high, mode) => {
        const { shown } = this.state;
        // Over a histogram the range alone counts, whatever part of the heights is shown
        const open = (place: Place, end: number) =>
          [shown?.x, shown?.y].map((axis, d) => (axis && isHeights(axis) ? end : place[d]!));
        this.select(mode, { how: "box", low: open(low, -endless), high: open(high, endless) });
      },
      radius: (centre, rim, mode) =>
        this.select(mode, { how: "radius", centre, radius: rim ?? Number(this.radiusText) }),
      nearest: (centre, mode) =>
        this.select(mode, { how: "nearest", centre, number: Number(this.numberText) }),
      anchor: (at) => this.request("anchor", { at }),
    };
  }

  private change(entries: Partial<Snapshot>): void {
    const { widget } = this.links;
    widget.set(entries);
    widget.save_changes();
  }

  private widgetChanged(keys: readonly string[]): void {
    if (keys.includes("zoom")) this.axisZoom.follow(this.state.zoom);
    if (keys.includes("probePlace")) this.overlay.probeAnswered();
    // The overlay follows when the picture is drawn, so that both always show the same axes
    if (changesPicture(keys, this.threeDrawn)) this.redraw();
    else this.refreshOverlay();
    this.changed();
  }

  private refreshOverlay(): void {
    this.overlay.update(overlayState(this.state, this.area));
    this.changed();
  }

  private select(mode: Mode, fields: Record<string, unknown>): void {
    this.request("select", { mode, ...fields }, ({ radius }) => {
      if (typeof radius === "number") this.showRadius(radius);
    });
  }

  private showRadius(radius: number): void {
    this.radiusText = String(Number(radius.toPrecision(3)));
  }

  private request(
    kind: string,
    fields: Record<string, unknown>,
    answered: (content: Record<string, unknown>) => void = () => {},
  ): void {
    this.links.ask(kind, fields).then(
      ({ content }) => {
        answered(content);
        this.say("");
      },
      (error: Error) => this.say(error.message),
    );
  }
}
