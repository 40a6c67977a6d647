import { type ControlClass, widgetClass } from "tslab-widgets";
import { loadRasteriser } from "tslab-widgets/display";
import { distinctLabels } from "../../display/checks";
import { InputError } from "../../errors";
import { checkSameBoxLength } from "../../maps/grid";
import type { Volume } from "../../maps/volume";
import { modelDensity } from "../../model/density";
import { rescaledModel } from "../../model/edit";
import { boxLengthOf, copyModel, type GaussianModel } from "../../model/gaussianModel";
import { formatModelPdb } from "../../model/pdb";
import { DensityMap } from "./densityMap";
import { displayedMap, quantised } from "./displayedMap";
import { gaussianViewerKind } from "./kind";
import { gaussiansInShapes } from "./maskShapes";
import type { gaussianViewerTraits, ViewerAnswer, ViewerRequest } from "./state";

export interface GaussianViewerOptions {
  /** The neutral model, from which displacements are measured and on which regions are. It is not what z = 0 decodes to. */
  neutral: GaussianModel;
  /** 1 for each Gaussian that training may move; default all. */
  free?: Uint8Array;
  title?: string;
}

export interface MapLook {
  /** #rrggbb; default the next of a row of colours. */
  colour?: string;
  /** Of the surface, in the units of the map; default 3 standard deviations above the mean. */
  level?: number;
}

export interface PlaybackOptions {
  /** Default 12. */
  framesPerSecond?: number;
  /** Whether the path is gone back after each end; default true. Otherwise it starts again. */
  backAndForth?: boolean;
  /** Name of the files that a path is saved as, without ending. Default "path". */
  name?: string;
}

/** Colours of maps, in the order in which they are used. */
const MAP_COLOURS = ["#e3b778", "#8fbf9f", "#c79bc2", "#d98c7a", "#86b6c9", "#b8b86b"];
/** How long the Gaussians must be at rest before their density is computed, in milliseconds. */
const REST = 200;
/** Bytes of frames in one message, and of a part of a text. */
const MOST_BYTES = 5_000_000;

// Named, or a declaration file would lose what makes it a widget
const Base: ControlClass<typeof gaussianViewerTraits> = widgetClass(gaussianViewerKind);

/**
 * Thousands of Gaussians as spheres in 3-D, beside maps, for JupyterLab; the value of a cell shows it.
 *
 * ```ts
 * const viewer = new GaussianViewer({ neutral: run.neutral });
 * viewer.show(run.decode([0.8, 0]));
 * viewer.setMap("consensus", await readMap("consensus.mrc"));
 * viewer.observe("region", (flags) => console.log(flags.reduce((sum, flag) => sum + flag, 0), "Gaussians"));
 * viewer
 * ```
 *
 * Its state can be read and set as properties, among them `colourBy`, `sphereScale`, `shapes` (the mask, Å from the
 * middle of the box) and `region` (1 for each Gaussian whose centre in the neutral model lies in the mask).
 */
export class GaussianViewer extends Base {
  readonly #neutral: GaussianModel;
  #shown: GaussianModel;
  #path: { models: readonly GaussianModel[]; name: string } = { models: [], name: "path" };
  #rest: NodeJS.Timeout | undefined;

  /** @throws InputError for a model without Gaussians or with numbers that are not finite, and for flags of another number */
  constructor({ neutral, free, title = "" }: GaussianViewerOptions) {
    checkModel(neutral, "neutral");
    if (free && free.length !== neutral.count) {
      throw new InputError("free", `${neutral.count} flags, one for each Gaussian`, String(free.length));
    }
    const own = copyModel(neutral);
    super({
      title,
      boxSize: own.boxSize,
      apix: own.apix,
      neutral: own.params,
      gaussians: own.params,
      ...(free ? { free: free.slice() } : {}),
    });
    this.#neutral = own;
    this.#shown = own;
    this.observe("shapes", (shapes) =>
      this.set({ region: shapes.length > 0 ? gaussiansInShapes(own, shapes) : new Uint8Array() }),
    );
    this.density.observe("visible", (visible) => visible && this.#computeDensity());
    this.observe("slice", ({ visible, map }) => visible && map === "" && this.#computeDensity());
    // Its picture is a PNG too
    void loadRasteriser();
    this.onMessage((content) => this.#answer(content as ViewerRequest));
  }

  /** The model as it lies in the neutral one's box. */
  #fitted(model: GaussianModel, name: string): GaussianModel {
    checkModel(model, name);
    const { count, boxSize, apix } = this.#neutral;
    if (model.count !== count) {
      throw new InputError(name, `${count} Gaussians like the neutral model`, String(model.count));
    }
    checkSameBoxLength(model, this.#neutral, name, "the neutral model");
    return model.boxSize === boxSize ? { ...copyModel(model), apix } : rescaledModel(model, boxSize, apix);
  }

  /**
   * Shows a state, such as what the probe decodes to. One message with 20 bytes per Gaussian.
   * @throws InputError unless it has the neutral model's number of Gaussians and its physical size
   */
  show(model: GaussianModel): void {
    this.#shown = this.#fitted(model, "model");
    this.set({ gaussians: this.#shown.params });
    if (!this.#wantsDensity) return;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#computeDensity(), REST);
    this.#rest.unref();
  }

  get #wantsDensity(): boolean {
    return this.density.visible || (this.slice.visible && this.slice.map === "");
  }

  /** The density of what is shown; its level stays where it is, so that states can be compared. */
  #computeDensity(): void {
    if (this.closed) return;
    const { boxSize } = this.#shown;
    // A box of few voxels gives a surface of large facets
    const size = boxSize <= 64 ? 2 * boxSize : Math.min(128, boxSize);
    const map = displayedMap(modelDensity(this.#shown, { boxSize: size }), "decoded density");
    const first = this.density.data.length === 0;
    this.density.set({ ...map, ...(first ? { level: map.mean + 3 * map.sigma } : {}) });
  }

  /** Shows a second state over the first, half transparent; null takes it away. */
  overlay(model: GaussianModel | null): void {
    this.set({ second: model ? this.#fitted(model, "second state").params : new Float32Array() });
  }

  /** Shows how the Gaussians move from one state to another; null takes the arrows away. `scale` default 1. */
  arrows(between: { from: GaussianModel; to: GaussianModel; scale?: number } | null): void {
    if (!between) {
      this.set({ arrowsFrom: new Float32Array(), arrowsTo: new Float32Array() });
      return;
    }
    const { from, to, scale } = between;
    if (scale !== undefined && !(scale > 0 && Number.isFinite(scale))) {
      throw new InputError("scale", "a number above 0", String(scale));
    }
    this.set({
      arrowsFrom: this.#fitted(from, "from").params,
      arrowsTo: this.#fitted(to, "to").params,
      ...(scale === undefined ? {} : { arrowScale: scale }),
    });
  }

  /**
   * Shows a map as a surface, in Å beside the Gaussians: the middle voxel ⌊n/2⌋ of each axis lies on the middle of the
   * model's box. One with more than 128 voxels along an edge is drawn with 128, cropped in Fourier space. A map of a
   * name that is there takes its place and keeps its look; null removes it.
   * @throws InputError for a map that cannot be drawn
   */
  setMap(name: string, volume: Volume | null, about: MapLook = {}): void {
    const there = this.maps.find((map) => map.name === name);
    if (!volume) {
      this.set({ maps: this.maps.filter((map) => map !== there) });
      there?.close();
      return;
    }
    if (there) this.replaceMap(there, volume, about);
    else this.addMap(name, volume, about);
  }

  /**
   * Shows a map as {@link setMap} does, beside those that are there even where one of them has the name: then a number is
   * put behind it.
   * @returns the map as it is shown; it is taken away by {@link removeMap}
   * @throws InputError for a map that cannot be drawn
   */
  addMap(name: string, volume: Volume, about: MapLook = {}): DensityMap {
    const look = this.#drawnMap(volume, name, about);
    const uses = (colour: string) => this.maps.filter((map) => map.colour === colour).length;
    const colour = MAP_COLOURS.reduce((best, next) => (uses(next) < uses(best) ? next : best));
    const map = new DensityMap({ name: this.#freeName(name), colour, opacity: 0.5, ...look });
    this.set({ maps: [...this.maps, map] });
    return map;
  }

  /** Shows another volume as a map that is there, with the look that it has. @throws InputError for one that cannot be drawn */
  replaceMap(map: DensityMap, volume: Volume, about: MapLook = {}): void {
    map.set(this.#drawnMap(volume, map.name, about, map));
  }

  /** Gives a map that is shown another name; a slice through it stays. */
  renameMap(map: DensityMap, name: string): void {
    const { slice } = this;
    const before = map.name;
    map.set({ name: this.#freeName(name, map) });
    if (slice.map === before) this.set({ slice: { ...slice, map: map.name } });
  }

  /** Takes a map away that {@link addMap} has shown; one that is gone already is none. */
  removeMap(map: DensityMap): void {
    if (!this.maps.includes(map)) return;
    this.set({ maps: this.maps.filter((other) => other !== map) });
    map.close();
  }

  #freeName(name: string, own?: DensityMap): string {
    const taken = this.maps.filter((map) => map !== own).map((map) => map.name);
    return distinctLabels([...taken, name]).at(-1)!;
  }

  /** The state of a map that shows a volume; one that was there keeps its level in standard deviations. */
  #drawnMap(volume: Volume, name: string, { colour, level }: MapLook, before?: DensityMap) {
    if (colour !== undefined && !/^#[0-9a-f]{6}$/i.test(colour)) {
      throw new InputError("colour", "a colour such as #e3b778", colour);
    }
    const shown = displayedMap(volume, name, boxLengthOf(this.#neutral));
    const sigmas = before && before.sigma > 0 ? (before.level - before.mean) / before.sigma : 3;
    return { ...shown, level: level ?? shown.mean + sigmas * shown.sigma, ...(colour ? { colour } : {}) };
  }

  /**
   * Gives the views a path to play, such as the states at the stations of a line through the latent space. Long ones
   * lose frames evenly until they fit a message of 5 MB. An empty list takes the player away.
   * @returns the indices of the models that are frames
   * @throws InputError for models that do not fit the neutral one
   */
  play(models: readonly GaussianModel[], options: PlaybackOptions = {}): number[] {
    const { framesPerSecond = 12, backAndForth = true, name = "path" } = options;
    if (!(framesPerSecond > 0 && framesPerSecond <= 60)) {
      throw new InputError("framesPerSecond", "a number above 0 and at most 60", String(framesPerSecond));
    }
    const fitted = models.map((model, i) => this.#fitted(model, `frame ${i + 1}`));
    this.#path = { models: fitted, name };
    const { count } = this.#neutral;
    const most = Math.max(2, Math.floor(MOST_BYTES / (10 * count)));
    const indices = Array.from({ length: Math.min(most, fitted.length) }, (_, i) =>
      fitted.length <= most ? i : Math.round((i * (fitted.length - 1)) / (most - 1)),
    );
    const kept = indices.map((index) => fitted[index]!);
    const frames = new Uint16Array(kept.length * 5 * count);
    const low: number[] = [];
    const high: number[] = [];
    for (let row = 0; row < 5; row++) {
      const all = new Float32Array(kept.length * count);
      kept.forEach(({ params }, f) => {
        all.set(params.subarray(row * count, (row + 1) * count), f * count);
      });
      const steps = quantised(all);
      kept.forEach((_, f) => {
        frames.set(steps.data.subarray(f * count, (f + 1) * count), (5 * f + row) * count);
      });
      low.push(steps.low);
      high.push(steps.high);
    }
    this.set({
      frames,
      frameCount: kept.length,
      frameLow: low,
      frameHigh: high,
      framesPerSecond,
      backAndForth,
      notice:
        kept.length < fitted.length ? `The path has ${fitted.length} frames; ${kept.length} are shown.` : "",
    });
    return indices;
  }

  /** Says something in the status line of every view; an empty text takes it away. */
  refuse(text: string): void {
    this.set({ notice: text });
  }

  #answer(request: ViewerRequest): void {
    if (typeof request !== "object" || request === null || request.kind !== "pdb") return;
    const { id } = request;
    const { models, name } = this.#path;
    if (models.length === 0) {
      this.#send({ kind: "problem", id, text: "There is no path to save." });
      return;
    }
    const bytes = Buffer.from(formatModelPdb(models, { exact: false }), "utf8");
    const parts = Math.max(1, Math.ceil(bytes.length / MOST_BYTES));
    for (let part = 0; part < parts; part++) {
      const piece = bytes.subarray(part * MOST_BYTES, (part + 1) * MOST_BYTES);
      this.#send({ kind: "answer", id, name: `${name}.pdb`, part, parts }, [piece]);
    }
  }

  #send(answer: ViewerAnswer, buffers: readonly ArrayBufferView[] = []): void {
    this.send(answer, buffers);
  }

  /** Ends the viewer and the maps in it; its views go blank. */
  override close(): void {
    clearTimeout(this.#rest);
    for (const map of [this.density, ...this.maps]) map.close();
    super.close();
  }
}

function checkModel(model: GaussianModel, name: string): void {
  if (model.count === 0) throw new InputError(name, "at least one Gaussian", "none");
  if (model.params.length !== 5 * model.count) {
    throw new InputError(
      name,
      `${5 * model.count} parameters of ${model.count} Gaussians`,
      String(model.params.length),
    );
  }
  const bad = model.params.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new InputError(
      `${name}: Gaussian ${(bad % model.count) + 1}`,
      "finite numbers",
      String(model.params[bad]),
    );
  }
}
