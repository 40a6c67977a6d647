import { download, onThemeChange } from "../dom.js";
import { openStage, type Stage } from "../stage/stage.js";
import { contextLostText } from "../stage/stageEvents.js";
import type { SurfaceHandle } from "../stage/surface/surface.js";
import { mount, type View } from "../view.js";
import { boxBeyond, halved, type MapData } from "./mapData.js";
import type { SurfaceModel } from "./surfaceModel.js";
import { surfaceTemplate } from "./surfaceTemplate.js";

/**
 * A map of more voxels than this is shown averaged in blocks while a control moves: the surface of 128³ voxels takes some
 * 50 ms, that of 256³ half a second.
 */
const quickVoxels = 160 ** 3;

/** The surface of a map: the view of its model and the 3-D picture. */
export class SurfacePane {
  private readonly view: View;
  private readonly closing = new AbortController();
  private stage: Stage | undefined;
  private surface: SurfaceHandle | undefined;
  /** The surface of the averaged map, where the map is large. */
  private coarse: SurfaceHandle | undefined;
  private frame = 0;

  constructor(
    private readonly host: HTMLElement,
    private readonly model: SurfaceModel,
  ) {
    const actions = {
      look: (axis: "x" | "y" | "z") => this.stage?.look(axis),
      fit: () => this.fit(),
      fullScreen: () => void this.place.requestFullscreen?.(),
      savePicture: () => void this.savePicture(),
    };
    this.view = mount(host, model, (model) => surfaceTemplate(model, actions));
    model.stateChanged.connect(this.drawSoon, this);
    void this.open();
  }

  private get place(): HTMLElement {
    return this.host.querySelector<HTMLElement>(".e2gmm-mapViewer-stage")!;
  }

  /** Opens the 3-D view once there is room for it. */
  private async open(): Promise<void> {
    const { signal } = this.closing;
    const { place, model } = this;
    await hasSize(place, signal);
    if (signal.aborted) return;
    try {
      const stage = await openStage(place, {
        label: `Surface of ${model.name}`,
        onLost: (lost) => model.setProblem(lost ? contextLostText : undefined),
      });
      if (signal.aborted) stage.dispose();
      else this.drawOn(stage);
    } catch (error) {
      model.setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  private drawOn(stage: Stage): void {
    const { map, level, colour } = this.model;
    this.stage = stage;
    onThemeChange(() => stage.readTheme(), this.closing.signal);
    const add = ({ data, size, voxel, origin }: MapData, visible: boolean) =>
      stage.surface({ data, size, apix: voxel[0], origin }, { level, colour, visible }, () =>
        this.countTriangles(),
      );
    this.surface = add(map, true);
    if (map.data.length > quickVoxels) this.coarse = add(halved(map), false);
    this.fit();
    this.countTriangles();
  }

  /** Shows what is beyond the level, or the whole box if nothing is. */
  private fit(): void {
    if (!this.surface) return;
    const { map, level, isAbove } = this.model;
    this.stage?.fit(boxBeyond(map, level, isAbove) ?? this.surface.box);
  }

  /** Computes at most one surface for each frame, however fast a slider moves. */
  private drawSoon(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const { level, colour, quick } = this.model;
      const isCoarse = quick && this.coarse !== undefined;
      this.surface?.set({ level, colour, visible: !isCoarse });
      this.coarse?.set({ level, colour, visible: isCoarse });
      this.countTriangles();
    });
  }

  private countTriangles(): void {
    if (!this.surface) return;
    const triangles = this.surface.triangles + (this.coarse?.triangles ?? 0);
    // For tests, which read what is drawn
    this.host.dataset["triangles"] = String(triangles);
    this.model.setTriangles(triangles);
  }

  private async savePicture(): Promise<void> {
    const picture = await this.stage?.png();
    if (picture) download(picture, `${this.model.name}.png`);
  }

  /** Closes the 3-D view and stops following the model. */
  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.closing.abort();
    this.model.stateChanged.disconnect(this.drawSoon, this);
    this.view.dispose();
    this.surface?.dispose();
    this.coarse?.dispose();
    this.stage?.dispose();
  }
}

/** Resolves when an element has a size, or the signal aborts. */
function hasSize(element: HTMLElement, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const watch = new ResizeObserver(([entry]) => {
      if (entry && entry.contentRect.width > 0 && entry.contentRect.height > 0) done();
    });
    const done = () => {
      watch.disconnect();
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
    watch.observe(element);
  });
}
