import type { ViewerAnswer } from "e2gmm/messages/gaussianViewer";
import { nothing, render } from "lit/html.js";
import "../../style/gaussianViewer.css";
import "../../style/region.css";
import { download, onThemeChange } from "../dom.js";
import { FreedView } from "../freedView.js";
import { keepKeys } from "../keepKeys.js";
import { KernelWatch } from "../kernelGone.js";
import type { Vector } from "../stage/geometry.js";
import { NoWebGl, openStage, prefersReducedMotion, type Stage } from "../stage/stage.js";
import { mount, type View } from "../view.js";
import { Brush } from "./brush/brush.js";
import { joinedLegends, type ScaleEnds } from "./colours.js";
import { fourDigits } from "./controls.js";
import { Drawing } from "./drawing.js";
import { distances } from "./gaussians.js";
import { RegionHandles } from "./handles/handles.js";
import { morphedAccess } from "./morph/morphedMap.js";
import { PdbDownloads } from "./pdbDownloads.js";
import { saveMovie, savePicture } from "./savedPictures.js";
import { SideBySide } from "./sideBySide.js";
import { mainAccess } from "./sides.js";
import { type ViewerActions, viewerTemplate } from "./template.js";
import { boxOfModel, type MapAccess, mapsOf, originOf } from "./viewerState.js";
import { GaussianViewerViewModel } from "./viewModel.js";
import type { GaussianViewerModel } from "./widgetModels.js";

export { DensityMapModel, GaussianViewerModel } from "./widgetModels.js";

/** Milliseconds in which "Fit" moves the camera. */
const fitMilliseconds = 300;
/** Largest pointer movement in pixels that still counts as a click. */
const clickPixels = 4;

/** The viewer of the Gaussians in a cell's output. */
export class GaussianViewerView extends FreedView {
  /** The state that all views share. */
  declare model: GaussianViewerModel;
  /** The 3-D view once it is open; tests read what is drawn. */
  stage: Stage | undefined;
  /** What is drawn, once the 3-D view is open. */
  drawing: Drawing | undefined;

  /** The left one of two pictures, while there are two; tests read what is drawn. */
  beside: SideBySide | undefined;

  private viewModel!: GaussianViewerViewModel;
  private opening = false;
  private readonly ends: ScaleEnds = { displacement: 1, change: 5 };
  private view!: View;
  private kernel: KernelWatch | undefined;
  private widths: ResizeObserver | undefined;
  private readonly closing = new AbortController();
  private handles: RegionHandles | undefined;
  private brush: Brush | undefined;
  private readonly downloads = new PdbDownloads();
  private maps: readonly MapAccess[] = [];
  /** What is to be drawn before the next frame. */
  private readonly pending = new Set<() => void>();
  private frame: number | undefined;

  override render(): void {
    super.render();
    this.el.classList.add("e2gmm-viewer");
    keepKeys(this.el, this.closing.signal);
    Object.assign(this.el, { e2gmmView: this });
    this.viewModel = this.createViewModel();
    this.kernel = new KernelWatch(this.model, () => this.viewModel.changed());
    this.listenTo(this.model, "e2gmm:live", () => this.viewModel.changed());
    const actions = this.actions();
    this.view = mount(this.el, this.viewModel, (model) => viewerTemplate(model, actions));
    this.showHeight();
    this.observe();
    void this.displayed.then(() => this.open());
  }

  private createViewModel(): GaussianViewerViewModel {
    return new GaussianViewerViewModel(this.model, {
      kernelGone: () => this.kernel?.gone ?? false,
      reducedMotion: prefersReducedMotion,
      onFrame: (gaussians, frame) => {
        this.drawing?.frame(gaussians);
        this.showLegends();
        this.model.trigger("e2gmm:frame", frame);
      },
      onMorph: () => this.drawMaps(),
      onRest: (frame) => this.model.trigger("e2gmm:rested", frame),
    });
  }

  private actions(): ViewerActions {
    return {
      look: (axis) => this.stage?.look(axis),
      fit: () => this.fit(prefersReducedMotion() ? 0 : fitMilliseconds),
      savePicture: () => this.save(savePicture),
      toggleFullScreen: () => void this.toggleFullScreen(),
      closePanel: () => {
        this.viewModel.showPanel(false);
        this.view.flush();
        this.el.querySelector<HTMLElement>(".e2gmm-bar [aria-expanded]")?.focus();
      },
      saveMovie: () => this.save(saveMovie),
      saveMorph: () => this.saveMorph(),
      savePdb: () => {
        const id = `${this.cid}-${Date.now()}`;
        this.downloads.begin(id);
        this.model.send({ kind: "pdb", id }, this.callbacks());
      },
    };
  }

  private get place(): HTMLElement {
    return this.el.querySelector<HTMLElement>(".e2gmm-stage.e2gmm-mod-main")!;
  }

  private get name(): string {
    return this.model.read("title") || "gaussians";
  }

  /** Draws again what changes of the model concern. */
  private observe(): void {
    const { model } = this;
    const draw = (keys: string, part: () => void) => {
      const events = keys.split(" ").map((key) => `change:${key}`);
      this.listenTo(model, events.join(" "), () => this.drawSoon(part));
    };
    this.listenTo(model, "change:gaussians", () => {
      this.viewModel.player.giveWay();
      this.model.trigger("e2gmm:frame", undefined);
      this.stage?.followMotion();
      // Immediately: the next animation frame would be one frame late
      this.drawing?.frame(undefined);
      this.showLegends();
    });
    draw("neutral mean displacementFrom colourBy sphereScale spheresVisible region free", this.drawGaussians);
    draw("second secondVisible sphereScale", this.drawSecond);
    draw("arrowsFrom arrowsTo arrowScale arrowLeast arrowsVisible", this.drawArrows);
    draw("outlines neutral mean displacementFrom", this.drawMaps);
    draw("slice", this.drawSlice);
    draw("shapes", this.drawShapes);
    draw("atoms atomState atomsVisible", this.drawAtoms);
    this.listenTo(model, "change:maps", () => this.observeMaps());
    this.listenTo(model, "change:camera", () => this.turn());
    this.listenTo(model, "change:height", () => this.showHeight());
    this.listenTo(model, "msg:custom", (answer: ViewerAnswer, buffers: DataView[]) =>
      this.takeAnswer(answer, buffers),
    );
    this.observeMaps();
    onThemeChange(() => {
      this.stage?.readTheme();
      this.beside?.stage.readTheme();
    }, this.closing.signal);
    this.widths = new ResizeObserver(() => this.viewModel.fitPanel(this.el.clientWidth));
    this.widths.observe(this.el);
  }

  private observeMaps(): void {
    for (const map of this.maps) this.stopListening(map);
    this.maps = mapsOf(this.model);
    for (const map of this.maps) {
      this.listenTo(map, "change", () => {
        this.drawSoon(this.drawMaps);
        this.drawSoon(this.drawSlice);
      });
    }
    this.drawSoon(this.drawMaps);
  }

  /** Draws a part before the next frame, once however often it is called. */
  private drawSoon(part: () => void): void {
    this.pending.add(part);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      const due = [...this.pending];
      this.pending.clear();
      for (const draw of due) draw();
    });
  }

  private readonly drawGaussians = () => {
    this.drawing?.gaussians();
    this.beside?.drawing.gaussians();
    this.showLegends();
  };
  private readonly drawSecond = () => {
    this.drawing?.second();
    this.beside?.drawing.gaussians();
  };
  private readonly drawArrows = () => {
    this.drawing?.arrows();
    // Long arrows extend the colour scale of the spheres too
    this.drawGaussians();
  };
  private readonly drawMaps = () => {
    this.drawing?.maps();
    this.beside?.drawing.maps();
    this.showLegends();
  };
  private readonly drawSlice = () => {
    const slice = this.drawing?.slice();
    this.beside?.drawing.slice();
    if (!slice) return;
    const { axis } = this.model.read("slice");
    this.viewModel.say(`Slice ${slice.section + 1} across ${axis}, at ${fourDigits(slice.place)} Å.`);
  };
  private readonly drawShapes = () => {
    this.drawing?.shapes();
    this.beside?.drawing.shapes();
  };

  private readonly drawAtoms = () => {
    this.drawing?.atoms();
    this.beside?.drawing.atoms();
    this.showLegends();
  };

  private showLegends(): void {
    this.viewModel.setLegends(joinedLegends(this.drawing?.legends ?? [], this.beside?.drawing.legends ?? []));
    this.beside?.keepScale();
  }

  private showHeight(): void {
    this.el.style.setProperty("--e2gmm-viewer-height", `${this.model.read("height")}px`);
  }

  private async open(): Promise<void> {
    let stage: Stage;
    try {
      if (this.closing.signal.aborted) return;
      stage = await openStage(this.place, {
        label: `${this.model.read("title") || "Gaussian model"} in 3-D. Arrow keys turn it, plus and minus zoom, x, y and z look along an axis.`,
        onLost: (lost) => this.viewModel.setContextLost(lost),
        onMoved: () => this.model.change({ camera: stage.camera }),
        onResized: () => {
          // As near as the new size allows, until the user has chosen another view
          if (this.model.read("camera").length !== 16) this.fit(0);
        },
        onDrawn: () => {
          this.viewModel.setScale(stage.scale);
          this.beside?.follow(stage);
          this.handles?.draw();
          this.brush?.draw();
        },
      });
    } catch (error) {
      if (!(error instanceof NoWebGl)) throw error;
      this.viewModel.fail(error.message);
      return;
    }
    if (this.closing.signal.aborted) stage.dispose();
    else this.drawOn(stage);
  }

  private drawOn(stage: Stage): void {
    this.stage = stage;
    this.listenToClicks(stage);
    this.drawing = new Drawing(
      stage,
      morphedAccess(
        mainAccess(this.model, () => this.viewModel.showsTwo),
        () => this.viewModel.morph.position,
      ),
      this.ends,
      () => mapsOf(this.model),
    );
    this.drawing.all();
    const place = this.el.querySelector<HTMLElement>(".e2gmm-handles")!;
    this.handles = new RegionHandles(place, this.viewModel.region, (at) => stage.project(at));
    this.brush = this.brushOn(stage, this.drawing);
    this.showLegends();
    const camera = this.model.read("camera");
    if (camera.length === 16) stage.camera = camera;
    else this.fit(0);
    this.viewModel.stateChanged.connect(() => void this.showSides());
    void this.showSides();
  }

  private brushOn(stage: Stage, drawing: Drawing): Brush {
    const picture = {
      element: this.place,
      get scale() {
        return stage.scale;
      },
      project: (at: Vector) => stage.project(at),
      depth: (at: Vector) => stage.depth(at),
      gaussians: () => drawing.gaussianSpheres(),
    };
    const host = this.el.querySelector<HTMLElement>(".e2gmm-brushes")!;
    const say = (text: string) => this.viewModel.say(text);
    return new Brush(host, picture, this.viewModel.region, say, this.closing.signal);
  }

  /** Opens the left picture, or closes it, as the view model has it. */
  private async showSides(): Promise<void> {
    const { stage, drawing, viewModel } = this;
    if (!stage || !drawing || this.opening || viewModel.showsTwo === (this.beside !== undefined)) return;
    this.opening = true;
    this.view.flush();
    try {
      if (viewModel.showsTwo) {
        const place = this.el.querySelector<HTMLElement>(".e2gmm-stage.e2gmm-mod-left")!;
        const beside = await SideBySide.open(place, this.model, stage, this.ends);
        if (this.closing.signal.aborted) beside.dispose();
        else this.beside = beside;
      } else {
        this.beside?.dispose();
        this.beside = undefined;
      }
    } catch (error) {
      viewModel.sideBySide = false;
      viewModel.say((error as Error).message);
    } finally {
      this.opening = false;
    }
    if (this.closing.signal.aborted) return;
    drawing.second();
    drawing.maps();
    drawing.slice();
    // Half of the width, or all of it again
    this.fit(0);
    void this.showSides();
  }

  /** Takes the orientation of the model: of a kept view, of the kernel, or of another view of the same viewer. */
  private turn(): void {
    const { stage } = this;
    const camera = this.model.read("camera");
    if (!stage || camera.length !== 16) return;
    const shown = stage.camera;
    // What this view has reported itself changes nothing, and would end a motion of the camera.
    if (camera.some((value, i) => Math.abs(value - shown[i]!) > 1e-6 * Math.max(1, Math.abs(value))))
      stage.camera = camera;
  }

  private fit(duration: number): void {
    if (!this.drawing) return;
    const { box, radius } = this.drawing.extent;
    if (!this.stage) return;
    this.stage.fit(box, { duration, radius });
    // Before the left picture is drawn again, from where it would turn this one back
    this.beside?.follow(this.stage);
  }

  /** A click that does not end a drag describes the Gaussian under the pointer. */
  private listenToClicks(stage: Stage): void {
    let from: { x: number; y: number } | undefined;
    stage.canvas.addEventListener("pointerdown", ({ clientX: x, clientY: y }) => (from = { x, y }));
    stage.canvas.addEventListener("pointerup", ({ clientX, clientY, button }) => {
      if (!from || button !== 0 || Math.hypot(clientX - from.x, clientY - from.y) > clickPixels) return;
      const index = stage.pick(clientX, clientY);
      if (index !== undefined) this.picked(index);
    });
  }

  /** Stops a path that is played at the frame that is shown; the model's event `e2gmm:rested` follows. */
  rest(): void {
    this.viewModel.player.rest();
  }

  /** A Gaussian was clicked. */
  picked(index: number): void {
    const { drawing, model } = this;
    if (!drawing || this.viewModel.region.clicked(drawing.neutralPlaceOf(index))) return;
    const { shown } = drawing;
    const count = shown.length / 5;
    const box = boxOfModel(model);
    const origin = originOf(model);
    const moved = distances(origin.state, shown, box)[index]!;
    const place = drawing.placeOf(index).map((value) => value.toFixed(1));
    this.viewModel.say(
      `Gaussian ${index + 1}: at (${place.join(", ")}) Å, ${moved.toFixed(2)} Å from ${origin.name}, ` +
        `amplitude ${fourDigits(shown[3 * count + index]!)}, sigma ${(shown[4 * count + index]! * box.apix).toFixed(2)} Å.`,
    );
  }

  private takeAnswer(answer: ViewerAnswer, buffers: readonly DataView[]): void {
    const taken = this.downloads.take(answer, buffers);
    if (taken === undefined) return;
    if (typeof taken === "string") {
      this.viewModel.say(taken);
      return;
    }
    download(taken.content, taken.name);
    this.viewModel.say(`${taken.name} is saved.`);
  }

  private save(saving: typeof savePicture): void {
    const { stage, beside, name } = this;
    const { backgroundColor: background, color: colour } = getComputedStyle(this.place);
    if (stage) void saving(this.viewModel, { stage, beside, name, background, colour });
  }

  /** With the finest surfaces in each frame. */
  private saveMorph(): void {
    const { drawing } = this;
    if (!drawing) return;
    this.save(async (viewModel, picture) => {
      drawing.finely = true;
      await saveMovie(viewModel, picture, "morph").finally(() => {
        drawing.finely = false;
      });
    });
  }

  private async toggleFullScreen(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (this.el.requestFullscreen) await this.el.requestFullscreen();
    else this.viewModel.say("This browser does not support full screen.");
  }

  override remove() {
    this.closing.abort();
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.widths?.disconnect();
    this.kernel?.dispose();
    this.handles?.dispose();
    this.brush?.dispose();
    this.view?.dispose();
    this.viewModel?.dispose();
    this.beside?.dispose();
    this.beside = undefined;
    this.stage?.dispose();
    this.stage = undefined;
    this.drawing = undefined;
    Object.assign(this.el, { e2gmmView: undefined });
    // JupyterLab's shell keeps the elements of closed widgets
    render(nothing, this.el);
    return super.remove();
  }
}
