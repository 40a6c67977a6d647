import type { ViewerAnswer } from "e2gmm/messages/gaussianViewer";
import "../../style/gaussianViewer.css";
import { download, element, onThemeChange } from "../dom.js";
import { FreedView } from "../freedView.js";
import { keepKeys } from "../keepKeys.js";
import { KernelWatch, kernelGoneText } from "../kernelGone.js";
import type { Legend } from "./colours.js";
import { button, shortNumber } from "./controls.js";
import { Drawing } from "./drawing.js";
import { distances } from "./gaussians.js";
import { Panel } from "./panel.js";
import { Player } from "./player.js";
import { NoWebGl, openStage, prefersReducedMotion, type Stage } from "./stage.js";
import type { DensityMapModel, GaussianViewerModel } from "./viewerModel.js";

export { DensityMapModel, GaussianViewerModel } from "./viewerModel.js";

/** Pixels of width below which the controls lie over the picture instead of beside it; also in the style sheet. */
const NARROW = 640;
const LOST = "The browser has taken the 3-D picture away; it comes back when the browser gives it back.";

/** The viewer of the Gaussians in a cell's output. */
export class GaussianViewerView extends FreedView {
  declare model: GaussianViewerModel;
  /** The 3-D view, once it is open; for tests, which read what is drawn. */
  stage: Stage | undefined;
  drawing: Drawing | undefined;

  #title!: HTMLElement;
  #canvasPlace!: HTMLElement;
  #legend!: HTMLElement;
  #legendsShown = "[]";
  #scaleBar!: HTMLElement;
  #status!: HTMLElement;
  #panel!: Panel;
  #panelButton!: HTMLButtonElement;
  /** Whether the user has opened or closed the controls; until then they are open where there is room. */
  #panelChosen = false;
  #widths: ResizeObserver | undefined;
  #player!: Player;
  #kernel: KernelWatch | undefined;
  #removed = false;
  readonly #removal = new AbortController();
  #lost = false;
  /** Why there is no picture; what the last action said. */
  #problem = "";
  #said = "";
  #saying: ReturnType<typeof setTimeout> | undefined;
  #maps: readonly DensityMapModel[] = [];
  #pending = new Set<() => void>();
  #frame: number | undefined;
  /** Parts of the files that this view has asked for, by the request. */
  readonly #files = new Map<string, Uint8Array[]>();

  override render(): void {
    super.render();
    this.el.classList.add("e2gmm-viewer");
    keepKeys(this.el, this.#removal.signal);
    Object.assign(this.el, { e2gmmView: this });
    this.#title = element("span", { class: "e2gmm-title" });
    this.#canvasPlace = element("div", { class: "e2gmm-stage" });
    this.#legend = element("div", { class: "e2gmm-legend" });
    this.#scaleBar = element("div", { class: "e2gmm-scalebar" });
    this.#status = element("div", { class: "e2gmm-status", role: "status" });
    this.#panel = new Panel(this.model);
    const close = button("✕", "Close the controls", () => {
      this.#choosePanel(false);
      this.#panelButton.focus();
    });
    this.#panel.node.prepend(element("div", { class: "e2gmm-panel-head" }, "Controls", close));
    this.#player = new Player(this.model, {
      show: (gaussians, frame) => {
        this.drawing?.frame(gaussians);
        this.#showLegends();
        this.model.trigger("e2gmm:frame", frame);
      },
      rested: (frame) => this.model.trigger("e2gmm:rested", frame),
      picture: () =>
        this.stage && {
          canvas: this.stage.canvas,
          background: getComputedStyle(this.#canvasPlace).backgroundColor,
        },
      drawn: () => this.stage?.drawn() ?? Promise.resolve(),
      say: (text) => this.#say(text),
      savePdb: () => {
        const id = `${this.cid}-${Date.now()}`;
        this.#files.set(id, []);
        this.model.send({ kind: "pdb", id }, this.callbacks());
      },
      saveMovie: (movie) => download(movie, `${this.#name}.webm`),
    });
    this.el.append(
      this.#bar(),
      element(
        "div",
        { class: "e2gmm-body" },
        element("div", { class: "e2gmm-picture" }, this.#canvasPlace, this.#legend, this.#scaleBar),
        this.#panel.node,
      ),
      this.#player.node,
      this.#status,
    );
    this.#observe();
    this.#layout();
    this.#tell();
    void this.displayed.then(() => this.#open());
  }

  get #name(): string {
    return this.model.read("title") || "gaussians";
  }

  #bar(): HTMLElement {
    this.#panelButton = button("Controls", "Show or hide the controls", () =>
      this.#choosePanel(this.el.classList.contains("e2gmm-no-panel")),
    );
    this.#showPanel(true);
    const views = (["x", "y", "z"] as const).map((axis) =>
      button(axis, `Look along ${axis}`, () => this.stage?.look(axis)),
    );
    return element(
      "div",
      { class: "e2gmm-bar" },
      this.#title,
      element(
        "span",
        { class: "e2gmm-group" },
        ...views,
        button("Fit", "Show the whole molecule", () => this.#fit(300)),
      ),
      element(
        "span",
        { class: "e2gmm-group" },
        button("PNG", "Save the picture", () => void this.#savePicture()),
        button("Full screen", "Full screen", () => void this.#toggleFullScreen()),
        this.#panelButton,
      ),
    );
  }

  #choosePanel(shown: boolean): void {
    this.#panelChosen = true;
    this.#showPanel(shown);
  }

  #showPanel(shown: boolean): void {
    this.el.classList.toggle("e2gmm-no-panel", !shown);
    this.#panelButton.setAttribute("aria-expanded", String(shown));
  }

  #observe(): void {
    const { model } = this;
    const soon = (keys: string, draw: () => void) => {
      const names = keys.split(" ").map((key) => `change:${key}`);
      this.listenTo(model, names.join(" "), () => this.#soon(draw));
    };
    this.listenTo(model, "change:gaussians", () => {
      this.#player.giveWay();
      this.model.trigger("e2gmm:frame", undefined);
      // At once: to wait for the next frame would show it one frame late
      this.drawing?.frame(undefined);
      this.#showLegends();
    });
    soon("neutral colourBy sphereScale spheresVisible region free", this.#drawGaussians);
    soon("second secondVisible sphereScale", this.#drawSecond);
    soon("arrowsFrom arrowsTo arrowScale arrowLeast arrowsVisible", this.#drawArrows);
    soon("slice", this.#drawSlice);
    soon("shapes", this.#drawShapes);
    this.listenTo(model, "change:maps", () => this.#observeMaps());
    this.listenTo(model, "change:frames", () => this.#player.begin());
    this.listenTo(model, "change:framesPerSecond change:backAndForth", () => this.#player.update());
    this.listenTo(model, "change:title change:height", () => this.#layout());
    this.listenTo(model, "change", () => {
      const keys = Object.keys(model.changedAttributes() || {});
      // A drag changes nothing of the controls
      if (keys.some((key) => key !== "gaussians" && key !== "camera")) this.#soon(this.#updatePanel);
    });
    this.listenTo(model, "change:notice", () => this.#tell());
    this.listenTo(model, "msg:custom", (message: ViewerAnswer, buffers: DataView[]) =>
      this.#answered(message, buffers),
    );
    this.#observeMaps();
    this.#kernel = new KernelWatch(model, () => this.#tell());
    onThemeChange(() => this.stage?.readTheme(), this.#removal.signal);
    this.#widths = new ResizeObserver(() => {
      const { clientWidth } = this.el;
      if (clientWidth > 0 && !this.#panelChosen) this.#showPanel(clientWidth >= NARROW);
    });
    this.#widths.observe(this.el);
  }

  #observeMaps(): void {
    for (const map of this.#maps) this.stopListening(map);
    this.#maps = [this.model.read("density"), ...this.model.read("maps")];
    for (const map of this.#maps) {
      this.listenTo(map, "change", () => {
        this.#soon(this.#drawMaps);
        this.#soon(this.#drawSlice);
        this.#soon(this.#updatePanel);
      });
    }
    this.#soon(this.#drawMaps);
    this.#soon(this.#updatePanel);
  }

  /** Draws before the next frame, once however often it is asked for. */
  #soon(draw: () => void): void {
    this.#pending.add(draw);
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      const due = [...this.#pending];
      this.#pending.clear();
      if (this.#removed) return;
      for (const one of due) one();
    });
  }

  readonly #drawGaussians = () => {
    this.drawing?.gaussians();
    this.#showLegends();
  };
  readonly #drawSecond = () => this.drawing?.second();
  readonly #drawArrows = () => {
    this.drawing?.arrows();
    // Long arrows stretch the scale of the spheres too
    this.#drawGaussians();
  };
  readonly #drawMaps = () => {
    this.drawing?.maps();
    this.#tell();
  };
  readonly #drawSlice = () => {
    const slice = this.drawing?.slice();
    if (slice) {
      this.#say(
        `Slice ${slice.section + 1} across ${this.model.read("slice").axis}, at ${shortNumber(slice.place)} Å.`,
      );
    }
  };
  readonly #drawShapes = () => this.drawing?.shapes();
  readonly #updatePanel = () => this.#panel.update();

  #layout(): void {
    const title = this.model.read("title");
    this.#title.textContent = title || "Gaussians";
    this.el.style.setProperty("--e2gmm-viewer-height", `${this.model.read("height")}px`);
  }

  async #open(): Promise<void> {
    if (this.#removed) return;
    try {
      const stage = await openStage(this.#canvasPlace, {
        label: `${this.model.read("title") || "Gaussian model"} in 3-D. Arrow keys turn it, plus and minus zoom, x, y and z look along an axis.`,
        onLost: (lost) => {
          this.#lost = lost;
          this.#tell();
        },
        onMoved: () => {
          if (this.stage) this.model.change({ camera: this.stage.camera });
        },
        onResized: () => {
          // As near as the new size allows, while nobody has chosen another view
          if (this.model.read("camera").length !== 16) this.#fit(0);
        },
        onDrawn: () => this.#showScale(),
      });
      // The view may have gone while NGL was loading
      if (this.#removed) {
        stage.dispose();
        return;
      }
      this.stage = stage;
    } catch (error) {
      if (!(error instanceof NoWebGl)) throw error;
      this.el.classList.add("e2gmm-no-webgl");
      this.#problem = error.message;
      this.#tell();
      return;
    }
    this.#listenToClicks(this.stage);
    this.drawing = new Drawing(this.stage, this.model);
    this.drawing.all();
    this.#showLegends();
    const camera = this.model.read("camera");
    if (camera.length === 16) this.stage.camera = camera;
    else this.#fit(0);
    this.#tell();
  }

  #fit(duration: number): void {
    if (!this.stage || !this.drawing) return;
    this.stage.fit(this.drawing.extent, prefersReducedMotion() ? 0 : duration, this.drawing.reach);
  }

  /** A click, other than the end of a drag, asks what is there. */
  #listenToClicks(stage: Stage): void {
    let from: { x: number; y: number } | undefined;
    stage.canvas.addEventListener("pointerdown", ({ clientX: x, clientY: y }) => (from = { x, y }));
    stage.canvas.addEventListener("pointerup", ({ clientX, clientY, button }) => {
      if (!from || button !== 0 || Math.hypot(clientX - from.x, clientY - from.y) > 4) return;
      const index = stage.pick(clientX, clientY);
      if (index !== undefined) this.picked(index);
    });
  }

  /** Brings a path that is played to rest at the frame that is shown, which is told by `e2gmm:rested`. */
  rest(): void {
    this.#player.rest();
  }

  /** A Gaussian was clicked. */
  picked(index: number): void {
    const { drawing, model } = this;
    if (!drawing) return;
    if (this.#panel.mask.clicked(drawing.neutralPlaceOf(index))) return;
    const shown = drawing.shown;
    const count = shown.length / 5;
    const box = { boxSize: model.read("boxSize"), apix: model.read("apix") };
    const far = distances(model.read("neutral"), shown, box)[index]!;
    const place = drawing.placeOf(index).map((value) => value.toFixed(1));
    this.#say(
      `Gaussian ${index + 1}: at (${place.join(", ")}) Å, ${far.toFixed(2)} Å from neutral, ` +
        `amplitude ${shortNumber(shown[3 * count + index]!)}, sigma ${(shown[4 * count + index]! * box.apix).toFixed(2)} Å.`,
    );
  }

  #showLegends(): void {
    const legends = this.drawing?.legends ?? [];
    const text = JSON.stringify(legends);
    if (text === this.#legendsShown) return;
    this.#legendsShown = text;
    this.#legend.replaceChildren(...legends.flatMap((legend) => this.#legendNodes(legend)));
  }

  #legendNodes(legend: Legend): HTMLElement[] {
    if (legend.kind === "key") {
      return legend.entries.map(({ colour, text }) => {
        const swatch = element("span", { class: "e2gmm-swatch" });
        swatch.style.background = colour;
        return element("div", { class: "e2gmm-row" }, swatch, text);
      });
    }
    const bar = element("div", { class: "e2gmm-colourbar" });
    bar.style.background = `linear-gradient(to right, ${legend.scale.join(", ")})`;
    const middle = (legend.low + legend.high) / 2;
    const ends = [legend.low, middle, legend.high].map((value) =>
      element("span", {}, String(Number(value.toPrecision(2)))),
    );
    return [element("div", {}, legend.title), bar, element("div", { class: "e2gmm-ends" }, ...ends)];
  }

  /** A bar of a round length, true at the distance of the middle of the view. */
  #showScale(): void {
    const scale = this.stage?.scale ?? 0;
    // A view without a size has no scale
    const known = scale > 0 && Number.isFinite(scale);
    const length = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((one) => one / scale > 50) ?? 1000;
    const text = known ? `${length} Å` : "";
    const width = known ? `${(length / scale).toFixed(2)}px` : "0";
    if (text === this.#scaleBar.textContent && width === this.#scaleBar.style.width) return;
    this.#scaleBar.style.width = width;
    this.#scaleBar.textContent = text;
  }

  /** Says what an action has done, for a while. */
  #say(text: string): void {
    clearTimeout(this.#saying);
    this.#said = text;
    this.#saying = setTimeout(() => {
      this.#said = "";
      this.#tell();
    }, 12_000);
    this.#tell();
  }

  /** The status line: the most important of what is to be said. */
  #tell(): void {
    const { model } = this;
    const notes = this.#maps
      .filter((map) => map.read("visible") && map.read("note"))
      .map((map) => `${map.read("name")}: ${map.read("note")}.`);
    const count = model.read("neutral").length / 5;
    const gone = this.#kernel?.gone ? kernelGoneText : "";
    const text = [
      gone || this.#problem || (this.#lost ? LOST : ""),
      this.#said || model.read("notice"),
      ...notes,
    ].filter((one) => one !== "");
    this.#status.textContent = text.length > 0 ? text.join(" ") : `${count} Gaussians.`;
  }

  #answered(message: ViewerAnswer, buffers: DataView[]): void {
    // Other views of the model have requests of their own
    const pieces = this.#files.get(message.id);
    if (!pieces) return;
    if (message.kind === "problem") {
      this.#files.delete(message.id);
      this.#say(message.text);
      return;
    }
    const [buffer] = buffers;
    if (!buffer) return;
    pieces.push(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice());
    if (pieces.length < message.parts) return;
    this.#files.delete(message.id);
    download(new Blob(pieces as BlobPart[], { type: "chemical/x-pdb" }), message.name);
    this.#say(`${message.name} is saved.`);
  }

  async #savePicture(): Promise<void> {
    if (!this.stage) return;
    download(await this.stage.png(), `${this.#name}.png`);
  }

  async #toggleFullScreen(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (this.el.requestFullscreen) await this.el.requestFullscreen();
    else this.#say("This browser has no full screen.");
  }

  override remove() {
    this.#removed = true;
    this.#removal.abort();
    clearTimeout(this.#saying);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#widths?.disconnect();
    this.#kernel?.dispose();
    this.#player?.dispose();
    this.stage?.dispose();
    this.stage = undefined;
    this.drawing = undefined;
    Object.assign(this.el, { e2gmmView: undefined });
    // JupyterLab's shell keeps the element of what it has closed
    this.el.replaceChildren();
    return super.remove();
  }
}
