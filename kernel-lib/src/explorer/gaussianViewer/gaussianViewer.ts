import { type ControlClass, widgetClass } from "tslab-widgets";
import { loadRasteriser } from "tslab-widgets/display";
import type { AtomModel } from "../../atoms/atomModel";
import { InputError } from "../../errors";
import type { Volume } from "../../maps/volume";
import { modelDensity } from "../../model/density";
import { copyModel, type GaussianModel } from "../../model/gaussianModel";
import { formatModelPdb } from "../../model/pdb";
import { atomTrace } from "./atomTrace";
import type { DensityMap } from "./densityMap";
import { displayedMap } from "./displayedMap";
import { checkModel, fittedModel } from "./fittedModel";
import { frameIndices, maxMessageBytes, recordFrames } from "./frames";
import { gaussianViewerKind } from "./kind";
import { gaussiansInShapes } from "./maskShapes";
import type { gaussianViewerTraits, ViewerAnswer, ViewerRequest } from "./state";
import { type MapLook, ViewerMaps } from "./viewerMaps";

/** Options of a viewer. */
export interface GaussianViewerOptions {
  /** The neutral model, the reference for displacements and masks. It differs from the decoded model at z = 0. */
  neutral: GaussianModel;
  /** 1 for each Gaussian that training may move. Default all. */
  free?: Uint8Array;
  /** Title above the view. Default none. */
  title?: string;
}

/** Options of a motion. */
export interface PlaybackOptions {
  /** Above 0, at most 60. Default 12. */
  framesPerSecond?: number;
  /** Whether the motion is played backwards after each end, instead of from the start again. Default true. */
  backAndForth?: boolean;
  /** Name of the PDB file that a motion is saved as, without ending. Default `path`. */
  name?: string;
}

/** Arrows from the Gaussians of one model to those of another. */
export interface MotionArrows {
  /** Model at the start of the arrows. */
  from: GaussianModel;
  /** Model at their tips. */
  to: GaussianModel;
  /** Length of the arrows, relative to the motion. Default: unchanged, 1 at first. */
  scale?: number;
}

/** Milliseconds without a new model before its density is computed. */
const densityDelay = 200;

// Declaration files need a named base class to keep the properties
const Base: ControlClass<typeof gaussianViewerTraits> = widgetClass(gaussianViewerKind);

/**
 * Thousands of Gaussians as spheres in 3-D, with maps as surfaces; the value of a cell shows it in JupyterLab.
 *
 * Its traits are properties, among them `colourBy`, `sphereScale`, `maps`, `shapes` (the mask, in Å from the middle of the
 * box) and `region` (1 for each Gaussian whose centre in the neutral model lies in the mask).
 *
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const viewer = new e2.explorer.GaussianViewer({ neutral: run.neutral });
 * viewer.show(run.decode([0.8, 0]));
 * viewer.setMap("consensus", await e2.maps.read("consensus.mrc"));
 * viewer.close();
 * ```
 */
export class GaussianViewer extends Base {
  private readonly neutralModel: GaussianModel;
  private readonly viewerMaps: ViewerMaps;
  private shownModel: GaussianModel;
  /** The last motion with all its models. */
  private motion: { models: readonly GaussianModel[]; name: string } = { models: [], name: "path" };
  private densityTimer: NodeJS.Timeout | undefined;

  /** @throws InputError for a model without Gaussians or with numbers that are not finite, and for a wrong number of flags */
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
    this.neutralModel = own;
    this.shownModel = own;
    this.viewerMaps = new ViewerMaps(this, own);
    this.observe("shapes", (shapes) =>
      this.set({ region: shapes.length > 0 ? gaussiansInShapes(own, shapes) : new Uint8Array() }),
    );
    this.density.observe("visible", (visible) => visible && this.computeDensity());
    this.observe("slice", ({ visible, map }) => visible && map === "" && this.computeDensity());
    this.onMessage((content) => this.answer(content as ViewerRequest));
    // Pictures of the viewer include a PNG
    void loadRasteriser();
  }

  private fitted(model: GaussianModel, name: string): GaussianModel {
    return fittedModel(this.neutralModel, model, name);
  }

  /**
   * Shows a model, such as the one decoded at the probe. Sends one message of 20 bytes per Gaussian.
   * @throws InputError for another number of Gaussians than the neutral model has, or a box of another size in Å
   */
  show(model: GaussianModel): void {
    this.shownModel = this.fitted(model, "model");
    this.set({ gaussians: this.shownModel.params });
    if (!this.showsDensity) return;
    clearTimeout(this.densityTimer);
    this.densityTimer = setTimeout(() => this.computeDensity(), densityDelay);
    // A timer of a browser has no such method, and keeps nothing alive
    this.densityTimer.unref?.();
  }

  /**
   * Sets the state at the mean of the particles, from which displacements can be counted (`displacementFrom`); undefined: unknown.
   * @throws InputError for another number of Gaussians than the neutral model has, or a box of another size in Å
   */
  setMean(model: GaussianModel | undefined): void {
    this.set({ mean: model ? this.fitted(model, "mean").params : new Float32Array() });
  }

  private get showsDensity(): boolean {
    return this.density.visible || (this.slice.visible && this.slice.map === "");
  }

  /** The level of the surface is set once and then kept, so that states can be compared. */
  private computeDensity(): void {
    if (this.closed) return;
    const { boxSize } = this.shownModel;
    // Few voxels would give a coarse surface
    const size = boxSize <= 64 ? 2 * boxSize : Math.min(128, boxSize);
    const map = displayedMap(modelDensity(this.shownModel, { boxSize: size }), "decoded density");
    const first = this.density.data.length === 0;
    this.density.set({ ...map, ...(first ? { level: map.mean + 3 * map.sigma } : {}) });
  }

  /** Shows a second model, half transparent; null removes it. @throws InputError as {@link show} */
  overlay(model: GaussianModel | null): void {
    this.set({ second: model ? this.fitted(model, "second state").params : new Float32Array() });
  }

  /** Shows a motion as arrows; null removes them. @throws InputError as {@link show}, and for a scale that is not positive */
  arrows(between: MotionArrows | null): void {
    if (!between) {
      this.set({ arrowsFrom: new Float32Array(), arrowsTo: new Float32Array() });
      return;
    }
    const { from, to, scale } = between;
    if (scale !== undefined && !(scale > 0 && Number.isFinite(scale))) {
      throw new InputError("scale", "a number above 0", String(scale));
    }
    this.set({
      arrowsFrom: this.fitted(from, "from").params,
      arrowsTo: this.fitted(to, "to").params,
      ...(scale === undefined ? {} : { arrowScale: scale }),
    });
  }

  /**
   * Shows a map as an isosurface, voxel ⌊n/2⌋ of each axis on the middle of the model's box. A map with more than 128 voxels
   * along an edge is Fourier-cropped to 128. A map with this name is replaced and keeps its look; null removes it. Given its local
   * resolution, the surface can be coloured by it (`viewer.maps[0].colourBy = "local resolution"`).
   * @throws InputError for a map that cannot be drawn
   */
  setMap(name: string, volume: Volume | null, look: MapLook = {}): void {
    this.viewerMaps.setNamed(name, volume, look);
  }

  /**
   * Shows a map as {@link setMap} does, but never replaces one: a number is appended to a name that is taken.
   * @throws InputError for a map that cannot be drawn
   */
  addMap(name: string, volume: Volume, look: MapLook = {}): DensityMap {
    return this.viewerMaps.add(name, volume, look);
  }

  /** Replaces the volume of a map and keeps its look. @throws InputError for a map that cannot be drawn */
  replaceMap(map: DensityMap, volume: Volume, look: MapLook = {}): void {
    this.viewerMaps.replace(map, volume, look);
  }

  /** Renames a map; a number is appended to a name that is taken. A slice through the map stays. */
  renameMap(map: DensityMap, name: string): void {
    this.viewerMaps.rename(map, name);
  }

  /** Removes a map; no effect if it is not shown. */
  removeMap(map: DensityMap): void {
    this.viewerMaps.remove(map);
  }

  /**
   * Shows the backbone of an atomic model as a tube, which follows the Gaussians: each residue moves with the rigid motion that fits the
   * displacements around it best. Null removes it.
   * @param state in which the atoms lie. Default: the neutral model
   * @throws InputError for a model without a backbone, and for a state that does not fit the neutral model
   */
  setAtoms(atoms: AtomModel | null, state: GaussianModel = this.neutralModel): void {
    if (!atoms) {
      const none = { atoms: new Float32Array(), atomLinks: new Uint8Array(), atomChains: new Uint16Array() };
      this.set({ ...none, atomChainNames: [], atomState: new Float32Array(), atomName: "" });
      return;
    }
    const { params } = this.fitted(state, "state");
    const trace = atomTrace(atoms, this.neutralModel);
    this.set({
      ...trace,
      atomState: params,
      atomName: atoms.file.split(/[/\\]/).at(-1)!,
      atomsVisible: true,
    });
  }

  /**
   * Sets the motion to play, such as the models at the stations of a path. A long one is thinned evenly until it fits a
   * message of 5 MB. An empty list removes the player.
   * @returns indices of the models used as frames
   * @throws InputError for models that do not fit the neutral one, and for an unusable frame rate
   */
  play(models: readonly GaussianModel[], options: PlaybackOptions = {}): number[] {
    const { framesPerSecond = 12, backAndForth = true, name = "path" } = options;
    if (!(framesPerSecond > 0 && framesPerSecond <= 60)) {
      throw new InputError("framesPerSecond", "a number above 0 and at most 60", String(framesPerSecond));
    }
    const fitted = models.map((model, i) => this.fitted(model, `frame ${i + 1}`));
    this.motion = { models: fitted, name };
    const { count } = this.neutralModel;
    const indices = frameIndices(fitted.length, count);
    const frames = indices.map((index) => fitted[index]!);
    const shortened = frames.length < fitted.length;
    this.set({
      ...recordFrames(frames, count),
      framesPerSecond,
      backAndForth,
      notice: shortened ? `The path has ${fitted.length} frames; ${frames.length} are shown.` : "",
    });
    return indices;
  }

  /** Shows a message in the status line; an empty one clears it. */
  refuse(text: string): void {
    this.set({ notice: text });
  }

  /** Sends the motion as PDB text, in parts that fit a message. */
  private answer(request: ViewerRequest): void {
    if (typeof request !== "object" || request === null || request.kind !== "pdb") return;
    const { id } = request;
    const { models, name } = this.motion;
    const send = (answer: ViewerAnswer, buffers: readonly Uint8Array[] = []) => this.send(answer, buffers);
    if (models.length === 0) {
      send({ kind: "problem", id, text: "There is no path to save." });
      return;
    }
    const bytes = new TextEncoder().encode(formatModelPdb(models, { exact: false }));
    const parts = Math.max(1, Math.ceil(bytes.length / maxMessageBytes));
    for (let part = 0; part < parts; part++) {
      const piece = bytes.subarray(part * maxMessageBytes, (part + 1) * maxMessageBytes);
      send({ kind: "answer", id, name: `${name}.pdb`, part, parts }, [piece]);
    }
  }

  /** Closes the viewer and its maps; their views become empty. */
  override close(): void {
    clearTimeout(this.densityTimer);
    this.viewerMaps.close();
    for (const map of [this.density, ...this.maps]) map.close();
    super.close();
  }
}
