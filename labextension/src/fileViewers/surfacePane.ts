import { button, download, element, labelled, onThemeChange } from "../dom.js";
import { openStage, type Stage } from "../stage/stage.js";
import { contextLostText } from "../stage/stageEvents.js";
import type { SurfaceHandle } from "../stage/surface.js";
import { formatNumber } from "./headerText.js";
import { boxBeyond, halved, type MapData } from "./mapData.js";

export interface SurfaceStart {
  /** σ above the mean. */
  level: number;
  colour: string;
  /** Name of the file. */
  name: string;
}

/**
 * A map of more voxels than this is shown averaged in blocks while the slider moves: the surface of 128³ voxels takes
 * some 50 ms, that of 256³ half a second.
 */
const quickVoxels = 160 ** 3;

/** Levels of the slider, in σ; the fields beside it take any. */
const sliderSigma = { lowest: -5, highest: 15 };

/** The surface of a map at a level, which is set in σ or in the map's own units. */
export class SurfacePane {
  readonly node = element("section", { class: "e2gmm-mapViewer-surface", "aria-label": "Surface" });
  private readonly view = element("div", { class: "e2gmm-mapViewer-stage" });
  private readonly words = element("p", { class: "e2gmm-mapViewer-words", role: "status", hidden: true });
  private readonly slider = element("input", { type: "range", "aria-label": "Level in standard deviations" });
  private readonly sigma = element("input", {
    type: "number",
    step: "0.1",
    "aria-label": "Level in standard deviations",
  });
  private readonly absolute = element("input", {
    type: "number",
    step: "any",
    "aria-label": "Level in the map's units",
  });
  private readonly colour: HTMLInputElement;
  private readonly closing = new AbortController();
  private readonly visible: Promise<void>;
  private stage: Stage | undefined;
  private surface: SurfaceHandle | undefined;
  /** The surface of the averaged map, where the map is large. */
  private coarse: SurfaceHandle | undefined;
  private frame = 0;
  /** In the units of the map. */
  private level: number;

  constructor(
    private readonly map: MapData,
    private readonly start: SurfaceStart,
  ) {
    const { mean, rms, min, max } = map.statistics;
    this.level = mean + start.level * rms;
    this.colour = element("input", { type: "color", "aria-label": "Colour of the surface" });
    this.colour.value = start.colour;
    const { slider } = this;
    const steps = rms > 0 ? rms : 1;
    slider.min = String(Math.max(sliderSigma.lowest, (min - mean) / steps));
    slider.max = String(Math.min(sliderSigma.highest, (max - mean) / steps));
    slider.step = "any";
    const fromSlider = () => mean + Number(slider.value) * rms;
    slider.addEventListener("input", () => this.setLevel(fromSlider(), this.coarse !== undefined));
    slider.addEventListener("change", () => this.setLevel(fromSlider()));
    this.sigma.addEventListener("change", () => this.setLevel(mean + Number(this.sigma.value) * rms));
    this.absolute.addEventListener("change", () => this.setLevel(Number(this.absolute.value)));
    this.colour.addEventListener("input", () => this.draw(this.coarse !== undefined));
    this.colour.addEventListener("change", () => this.draw());
    this.node.append(this.toolbar(), this.view);
    this.view.append(this.words);
    this.showLevel();
    this.visible = new Promise((resolve) => {
      const watch = new ResizeObserver(([entry]) => {
        if (!entry || entry.contentRect.width === 0 || entry.contentRect.height === 0) return;
        watch.disconnect();
        resolve();
      });
      watch.observe(this.view);
      this.closing.signal.addEventListener("abort", () => watch.disconnect(), { once: true });
    });
    void this.open();
  }

  private toolbar(): HTMLElement {
    const look = (axis: "x" | "y" | "z") =>
      button(axis.toUpperCase(), `Look along ${axis.toUpperCase()} (key ${axis})`, () =>
        this.stage?.look(axis),
      );
    return element(
      "div",
      { class: "e2gmm-fileViewer-toolbar", role: "toolbar", "aria-label": "Surface" },
      labelled("Level", this.slider),
      labelled("σ", this.sigma),
      labelled("absolute", this.absolute),
      labelled("Colour", this.colour),
      element("span", { class: "e2gmm-fileViewer-label" }, "Look along", look("x"), look("y"), look("z")),
      button("Fit", "Show the whole surface", () => this.fit()),
      button(
        "Full screen",
        "Show the surface on the whole screen",
        () => void this.view.requestFullscreen?.(),
      ),
      button("PNG", "Save the picture", () => void this.savePicture()),
    );
  }

  /** Opens the 3-D view once there is room for it. */
  private async open(): Promise<void> {
    const { signal } = this.closing;
    await this.visible;
    if (signal.aborted) return;
    let stage: Stage;
    try {
      const onLost = (lost: boolean) => this.tell(lost ? contextLostText : undefined);
      stage = await openStage(this.view, { label: `Surface of ${this.start.name}`, onLost });
    } catch (error) {
      this.tell(error instanceof Error ? error.message : String(error));
      return;
    }
    if (signal.aborted) {
      stage.dispose();
      return;
    }
    this.stage = stage;
    onThemeChange(() => stage.readTheme(), signal);
    const style = { level: this.level, colour: this.colour.value };
    const add = ({ data, size, voxel, origin }: MapData, visible: boolean) =>
      stage.surface({ data, size, apix: voxel[0], origin }, { ...style, visible });
    this.surface = add(this.map, true);
    if (this.map.data.length > quickVoxels) this.coarse = add(halved(this.map), false);
    this.fit();
    this.tellEmpty();
  }

  /** Shows what is beyond the level, or where that is nothing, the whole box. */
  private fit(): void {
    if (!this.surface) return;
    const { mean } = this.map.statistics;
    this.stage?.fit(boxBeyond(this.map, this.level, this.level >= mean) ?? this.surface.box);
  }

  /** @param quick whether the averaged map will do for now */
  private setLevel(level: number, quick = false): void {
    if (!Number.isFinite(level)) return;
    this.level = level;
    this.showLevel();
    this.draw(quick);
  }

  private showLevel(): void {
    const { mean, rms } = this.map.statistics;
    const sigma = rms > 0 ? (this.level - mean) / rms : 0;
    this.slider.value = String(sigma);
    this.slider.setAttribute("aria-valuetext", `${sigma.toFixed(2)} σ`);
    this.sigma.value = sigma.toFixed(2);
    this.absolute.value = formatNumber(this.level);
  }

  /** At most one surface is computed for each frame, however fast the slider moves. */
  private draw(quick = false): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const style = { level: this.level, colour: this.colour.value };
      this.surface?.set({ ...style, visible: !quick });
      this.coarse?.set({ ...style, visible: quick });
      this.tellEmpty();
    });
  }

  private tellEmpty(): void {
    if (!this.surface) return;
    const { min, max } = this.map.statistics;
    const triangles = this.surface.triangles + (this.coarse?.triangles ?? 0);
    this.node.dataset["triangles"] = String(triangles);
    const range = `${formatNumber(min)} to ${formatNumber(max)}`;
    this.tell(
      this.surface.triangles > 0 ? undefined : `No voxel is beyond this level: the map goes from ${range}.`,
    );
  }

  private tell(text: string | undefined): void {
    this.words.textContent = text ?? "";
    this.words.hidden = text === undefined;
  }

  private async savePicture(): Promise<void> {
    const blob = await this.stage?.png();
    if (blob) download(blob, `${this.start.name}.png`);
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.closing.abort();
    this.surface?.dispose();
    this.coarse?.dispose();
    this.stage?.dispose();
    this.node.remove();
  }
}
