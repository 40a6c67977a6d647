import { repeated } from "../stage/colour.js";
import type { Box } from "../stage/geometry.js";
import type { Drawn } from "../stage/scene.js";
import type { SpheresHandle } from "../stage/spheres.js";
import type { Stage } from "../stage/stage.js";
import type { FloatVolume } from "../stage/surface/floatVolume.js";
import type { SurfaceHandle } from "../stage/surface/surface.js";
import { AtomsDrawing } from "./atoms/atomsDrawing.js";
import {
  colourGaussians,
  coloursOf,
  displacementTitle,
  type Legend,
  type ScaleEnds,
  scales,
} from "./colours.js";
import { arrowsBetween, distances, extentOf, positionsOf, radiiOf, roundedUp } from "./gaussians.js";
import { type SlicePicture, slicePicture, unpackedMap } from "./mapVolume.js";
import { ResolutionPaint } from "./resolutionPaint.js";
import { motionAt } from "./surfaceMotion.js";
import { boxOfModel, type MapAccess, mapsOf, originOf, type ViewerAccess } from "./viewerState.js";

const secondColour = [0.95, 0.6, 0.25] as const;
const secondOpacity = 0.4;
const addedColour = "#e8833a";
const subtractedColour = "#5b86c4";
const shapeOpacity = 0.18;

/** Draws the state of a viewer on a stage. Each method draws one part again. */
export class Drawing {
  private readonly surfaces = new Map<string, { handle: SurfaceHandle; data: Uint16Array }>();
  private readonly volumes = new WeakMap<Uint16Array, FloatVolume>();
  private spheres: { handle: SpheresHandle; count: number } | undefined;
  private secondSpheres: { handle: SpheresHandle; count: number } | undefined;
  private drawnArrows: Drawn | undefined;
  private drawnSlice: Drawn | undefined;
  private drawnShapes: Drawn[] = [];
  private legend: Legend | undefined;
  private painting:
    | { from: Float32Array; to: Float32Array; paint: (position: Float32Array) => Float32Array }
    | undefined;
  /** A frame of a path that is shown instead of the state. */
  private shownFrame: Float32Array | undefined;
  private readonly resolutionPaint: ResolutionPaint;
  private readonly atomsDrawing: AtomsDrawing;

  /** Whether large maps too are drawn finely at once, as a movie needs them. */
  finely = false;

  /**
   * @param ends of the colour scales, which two drawings can share
   * @param all  the maps that share a scale of local resolution. Default: those of the viewer
   */
  constructor(
    private readonly stage: Stage,
    private readonly viewer: ViewerAccess,
    private readonly ends: ScaleEnds = { displacement: 1, change: 5 },
    all: () => readonly MapAccess[] = () => mapsOf(viewer),
  ) {
    this.resolutionPaint = new ResolutionPaint(all);
    this.atomsDrawing = new AtomsDrawing(stage, viewer);
  }

  /** The Gaussians [5N] on the screen. */
  get shown(): Float32Array {
    return this.shownFrame ?? this.viewer.read("gaussians");
  }

  /** Centres of the spheres in the buffer that is drawn, [3N] in Å. */
  drawnPositions(): Float32Array {
    return this.spheres?.handle.drawnPositions() ?? new Float32Array();
  }

  /** Draws everything. */
  all(): void {
    // Arrows first: they may extend the colour scale of the spheres
    this.arrows();
    this.gaussians();
    this.second();
    this.maps();
    this.slice();
    this.shapes();
    this.atoms();
  }

  /** Shows a frame of a path, or, given undefined, the state again. */
  frame(gaussians: Float32Array | undefined): void {
    this.shownFrame = gaussians;
    this.gaussians();
    if (this.paintsMotion) this.maps();
    this.atoms();
  }

  /** Draws the atomic model where the Gaussians carry it. */
  atoms(): void {
    this.atomsDrawing.draw(this.shown);
  }

  /** Places of the atomic model's residues as drawn, [3A] in Å. */
  atomPlaces(): Float32Array {
    return this.atomsDrawing.places;
  }

  /** What the colours on the screen mean. */
  get legends(): readonly Legend[] {
    const resolution = this.resolutionPaint.legend(mapsOf(this.viewer));
    const further = [resolution, this.atomsDrawing.legend].filter((legend) => legend !== undefined);
    return [...this.motionLegends, ...further];
  }

  private get motionLegends(): readonly Legend[] {
    const spheres = this.viewer.read("spheresVisible") ? this.legend : undefined;
    const explained = spheres?.kind === "scale" && spheres.scale === scales.motion;
    const { paintsMotion } = this;
    if (!(this.drawnArrows || paintsMotion) || explained) return spheres ? [spheres] : [];
    const motion: Legend = {
      kind: "scale",
      title: paintsMotion ? displacementTitle(originOf(this.viewer).name) : "Motion (Å)",
      scale: scales.motion,
      low: 0,
      high: this.ends.displacement,
    };
    return spheres ? [spheres, motion] : [motion];
  }

  /** Draws the spheres of what is shown. */
  gaussians(): void {
    const { viewer, shown } = this;
    const count = shown.length / 5;
    if (this.spheres && this.spheres.count !== count) {
      this.spheres.handle.dispose();
      this.spheres = undefined;
    }
    if (count === 0) return;
    const box = boxOfModel(viewer);
    const [free, region] = [viewer.read("free"), viewer.read("region")];
    const colourBy = viewer.read("colourBy");
    const { colours, legend } = colourGaussians(
      { ...box, gaussians: shown, origin: originOf(viewer), free, region, colourBy },
      this.ends,
    );
    this.legend = legend;
    const spheres = {
      position: positionsOf(shown, box),
      radius: radiiOf(shown, box.apix, viewer.read("sphereScale")),
      colour: colours,
    };
    if (this.spheres) this.spheres.handle.set(spheres);
    else this.spheres = { handle: this.stage.spheres(spheres, { pickable: true }), count };
    this.spheres.handle.setVisible(viewer.read("spheresVisible"));
  }

  /** Draws the second state. */
  second(): void {
    const gaussians = this.viewer.read("second");
    const count = gaussians.length / 5;
    if (this.secondSpheres && (this.secondSpheres.count !== count || count === 0)) {
      this.secondSpheres.handle.dispose();
      this.secondSpheres = undefined;
    }
    if (count === 0) return;
    const box = boxOfModel(this.viewer);
    const position = positionsOf(gaussians, box);
    const radius = radiiOf(gaussians, box.apix, this.viewer.read("sphereScale"));
    if (this.secondSpheres) this.secondSpheres.handle.set({ position, radius });
    else {
      const spheres = { position, radius, colour: repeated(secondColour, count) };
      this.secondSpheres = { handle: this.stage.spheres(spheres, { opacity: secondOpacity }), count };
    }
    this.secondSpheres.handle.setVisible(this.viewer.read("secondVisible"));
  }

  /** Draws the arrows of motion. */
  arrows(): void {
    this.drawnArrows?.dispose();
    this.drawnArrows = undefined;
    const { viewer } = this;
    const [from, to] = [viewer.read("arrowsFrom"), viewer.read("arrowsTo")];
    if (from.length === 0 || from.length !== to.length || !viewer.read("arrowsVisible")) return;
    const arrows = arrowsBetween(from, to, boxOfModel(viewer), {
      scale: viewer.read("arrowScale"),
      least: viewer.read("arrowLeast"),
    });
    if (arrows.lengths.length === 0) return;
    const longest = roundedUp(arrows.lengths.reduce((most, length) => Math.max(most, length), 0));
    this.ends.displacement = Math.max(this.ends.displacement, longest);
    this.drawnArrows = this.stage.arrows({
      from: arrows.from,
      to: arrows.to,
      radius: new Float32Array(arrows.lengths.length).fill(this.arrowRadius(from)),
      colour: coloursOf(arrows.lengths, scales.motion, { low: 0, high: this.ends.displacement }),
    });
  }

  /** Half the median sigma in Å, so that arrow heads neither vanish beside the spheres nor hide them. */
  private arrowRadius(gaussians: Float32Array): number {
    const sigmas = gaussians.slice((4 * gaussians.length) / 5).sort();
    return 0.5 * sigmas[sigmas.length >> 1]! * this.viewer.read("apix");
  }

  private volume(map: MapAccess): FloatVolume {
    const data = map.read("data");
    const known = this.volumes.get(data);
    if (known) return known;
    const [size, apix, origin] = [map.read("size"), map.read("apix"), map.read("origin")];
    const volume = unpackedMap({ data, size, apix, origin, low: map.read("low"), high: map.read("high") });
    this.volumes.set(data, volume);
    return volume;
  }

  /** Draws the surfaces of the decoded density and of all maps. */
  maps(): void {
    const maps = mapsOf(this.viewer);
    for (const [id, { handle }] of this.surfaces) {
      if (maps.some((map) => map.model_id === id)) continue;
      handle.dispose();
      this.surfaces.delete(id);
    }
    for (const map of maps) this.surface(map);
  }

  private surface(map: MapAccess): void {
    const data = map.read("data");
    if (data.length === 0) return;
    const before = this.surfaces.get(map.model_id);
    const style = {
      level: map.read("level"),
      colour: map.read("colour"),
      paint: this.paintOf(map),
      opacity: map.read("opacity"),
      visible: map.read("visible"),
      dust: map.read("dust"),
      outline: this.viewer.read("outlines"),
      finely: this.finely,
    };
    if (before?.data === data) {
      before.handle.set(style);
      return;
    }
    // The new surface before the old one is removed, so that nothing flickers
    const handle = this.stage.surface(this.volume(map), style);
    before?.handle.dispose();
    this.surfaces.set(map.model_id, { handle, data });
  }

  private paintOf(map: MapAccess) {
    if (map.read("colourBy") === "displacement") return this.paintByMotion();
    return this.resolutionPaint.of(map);
  }

  /** Colours a surface by the motion of the Gaussians that are shown; another function whenever they change. */
  private paintByMotion(): (position: Float32Array) => Float32Array {
    const [from, to] = [originOf(this.viewer).state, this.shown];
    if (this.painting?.from === from && this.painting.to === to) return this.painting.paint;
    const box = boxOfModel(this.viewer);
    const farthest = distances(from, to, box).reduce((most, length) => Math.max(most, length), 0);
    this.ends.displacement = Math.max(this.ends.displacement, roundedUp(farthest));
    const range = { low: 0, high: this.ends.displacement };
    const paint = (position: Float32Array) =>
      coloursOf(motionAt(position, from, to, box), scales.motion, range);
    this.painting = { from, to, paint };
    return paint;
  }

  /** Whether a surface that is shown has the colours of the motion. */
  private get paintsMotion(): boolean {
    return mapsOf(this.viewer).some(
      (map) => map.read("visible") && map.read("colourBy") === "displacement" && map.read("data").length > 0,
    );
  }

  /** Triangles of the surface of a map by its name, as drawn; undefined if it is not drawn. */
  triangles(name: string): number | undefined {
    const map = mapsOf(this.viewer).find((one) => one.read("name") === name);
    return map && this.surfaces.get(map.model_id)?.handle.triangles;
  }

  /** Draws the slice. @returns the plane that is shown, if any */
  slice(): SlicePicture | undefined {
    this.drawnSlice?.dispose();
    this.drawnSlice = undefined;
    const { visible, map: name, axis, position } = this.viewer.read("slice");
    if (!visible) return undefined;
    const map =
      name === ""
        ? this.viewer.read("density")
        : this.viewer.read("maps").find((one) => one.read("name") === name);
    if (!map || map.read("data").length === 0) return undefined;
    const [mean, sigma] = [map.read("mean"), map.read("sigma")];
    const picture = slicePicture(this.volume(map), {
      axis,
      position,
      black: mean - sigma,
      // The few strongest voxels may saturate
      white: mean + 0.75 * (map.read("high") - mean),
    });
    this.drawnSlice = this.stage.picture(picture);
    return picture;
  }

  /** Draws the shapes of the region. */
  shapes(): void {
    for (const drawn of this.drawnShapes) drawn.dispose();
    this.drawnShapes = this.viewer.read("shapes").flatMap((shape): Drawn[] => {
      // The colours of the spheres show them
      if (shape.kind === "gaussians") return [];
      const style = {
        colour: shape.mode === "add" ? addedColour : subtractedColour,
        opacity: shapeOpacity,
      };
      if (shape.kind === "sphere") return [this.stage.ball(shape, style)];
      const corner = (side: -1 | 1) =>
        shape.centre.map((c, axis) => c + (side * shape.size[axis]!) / 2) as [number, number, number];
      return [this.stage.box({ lowest: corner(-1), highest: corner(1) }, style)];
    });
  }

  /** Centres [3N] and radii [N] in Å of the spheres of what is shown, whether or not they are drawn. */
  gaussianSpheres(): { places: Float32Array; radii: Float32Array } {
    const box = boxOfModel(this.viewer);
    const radii = radiiOf(this.shown, box.apix, this.viewer.read("sphereScale"));
    return { places: positionsOf(this.shown, box), radii };
  }

  /** The extent of the picture: that of the neutral and the shown model. */
  get extent(): { box: Box; radius: number } {
    const box = boxOfModel(this.viewer);
    const sets = [this.viewer.read("neutral"), this.shown];
    const sphereScale = this.viewer.read("sphereScale");
    return extentOf(
      sets.flatMap((gaussians) => [...positionsOf(gaussians, box)]),
      sets.flatMap((gaussians) => [...radiiOf(gaussians, box.apix, sphereScale)]),
      box.boxSize * box.apix,
    );
  }

  /** Centre of a Gaussian as it is shown, in Å. */
  placeOf(index: number): [number, number, number] {
    return this.place(this.shown, index);
  }

  /** Centre of a Gaussian in the neutral model, on which the region acts, in Å. */
  neutralPlaceOf(index: number): [number, number, number] {
    return this.place(this.viewer.read("neutral"), index);
  }

  private place(gaussians: Float32Array, index: number): [number, number, number] {
    const positions = positionsOf(gaussians, boxOfModel(this.viewer));
    return [...positions.subarray(3 * index, 3 * index + 3)] as [number, number, number];
  }
}
