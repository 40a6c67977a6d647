import { type Coloured, coloured, coloursOf, type Legend, type Reach, scales } from "./colours.js";
import { arrowsBetween, placesOf, radiiOf, roundedUp } from "./gaussians.js";
import { type SlicePicture, slicePicture, unpackedMap } from "./mapVolume.js";
import {
  type Box,
  boxOf,
  type Drawn,
  type FloatVolume,
  type SpheresHandle,
  type Stage,
  type SurfaceHandle,
} from "./stage.js";
import type { DensityMapModel, GaussianViewerModel } from "./viewerModel.js";

const SECOND = [0.95, 0.6, 0.25] as const;
const ADDED = "#e8833a";
const TAKEN = "#5b86c4";

/** Puts the state of a viewer on a stage. Each method draws one part of it anew. */
export class Drawing {
  readonly #stage: Stage;
  readonly #model: GaussianViewerModel;
  readonly #reach: Reach = { displacement: 1, change: 5 };
  readonly #surfaces = new Map<string, { handle: SurfaceHandle; data: Uint16Array }>();
  readonly #volumes = new WeakMap<Uint16Array, FloatVolume>();
  #spheres: { handle: SpheresHandle; count: number } | undefined;
  #second: { handle: SpheresHandle; count: number } | undefined;
  #arrows: Drawn | undefined;
  #slice: Drawn | undefined;
  #shapes: Drawn[] = [];
  #legend: Legend | undefined;
  /** A frame of a path that is shown in place of the state. */
  #frame: Float32Array | undefined;

  constructor(stage: Stage, model: GaussianViewerModel) {
    this.#stage = stage;
    this.#model = model;
  }

  get #box() {
    return { boxSize: this.#model.read("boxSize"), apix: this.#model.read("apix") };
  }

  /** The Gaussians that are on the screen, [5N]. */
  get shown(): Float32Array {
    return this.#frame ?? this.#model.read("gaussians");
  }

  /** Where the spheres are in the buffer that is drawn, [3N] in Å. */
  drawnPositions(): Float32Array {
    return this.#spheres?.handle.drawnPositions() ?? new Float32Array();
  }

  all(): void {
    // Arrows first: they may stretch the scale of the spheres
    this.arrows();
    this.gaussians();
    this.second();
    this.maps();
    this.slice();
    this.shapes();
  }

  /** Shows a frame in place of the state, or the state again. */
  frame(gaussians: Float32Array | undefined): void {
    this.#frame = gaussians;
    this.gaussians();
  }

  /** What the colours mean that are on the screen. */
  get legends(): readonly Legend[] {
    const spheres = this.#model.read("spheresVisible") ? this.#legend : undefined;
    const said = spheres?.kind === "scale" && spheres.scale === scales.motion;
    if (!this.#arrows || said) return spheres ? [spheres] : [];
    const motion: Legend = {
      kind: "scale",
      title: "Motion (Å)",
      scale: scales.motion,
      low: 0,
      high: this.#reach.displacement,
    };
    return spheres ? [spheres, motion] : [motion];
  }

  /** The spheres of what is shown. */
  gaussians(): void {
    const model = this.#model;
    const gaussians = this.shown;
    const count = gaussians.length / 5;
    if (this.#spheres && this.#spheres.count !== count) {
      this.#spheres.handle.dispose();
      this.#spheres = undefined;
    }
    if (count === 0) return;
    const { colours, legend } = this.#colours(gaussians);
    this.#legend = legend;
    const spheres = {
      position: placesOf(gaussians, this.#box),
      radius: radiiOf(gaussians, model.read("apix"), model.read("sphereScale")),
      colour: colours,
    };
    if (this.#spheres) this.#spheres.handle.set(spheres);
    else this.#spheres = { handle: this.#stage.spheres(spheres, { pickable: true }), count };
    this.#spheres.handle.setVisible(model.read("spheresVisible"));
  }

  #colours(gaussians: Float32Array): Coloured {
    const model = this.#model;
    return coloured(
      {
        ...this.#box,
        gaussians,
        neutral: model.read("neutral"),
        free: model.read("free"),
        region: model.read("region"),
        colourBy: model.read("colourBy"),
      },
      this.#reach,
    );
  }

  second(): void {
    const gaussians = this.#model.read("second");
    const count = gaussians.length / 5;
    if (this.#second && (this.#second.count !== count || count === 0)) {
      this.#second.handle.dispose();
      this.#second = undefined;
    }
    if (count === 0) return;
    const position = placesOf(gaussians, this.#box);
    const radius = radiiOf(gaussians, this.#model.read("apix"), this.#model.read("sphereScale"));
    const colour = new Float32Array(3 * count).map((_, i) => SECOND[i % 3]!);
    if (this.#second) this.#second.handle.set({ position, radius });
    else {
      this.#second = { handle: this.#stage.spheres({ position, radius, colour }, { opacity: 0.4 }), count };
    }
    this.#second.handle.setVisible(this.#model.read("secondVisible"));
  }

  arrows(): void {
    this.#arrows?.dispose();
    this.#arrows = undefined;
    const model = this.#model;
    const [from, to] = [model.read("arrowsFrom"), model.read("arrowsTo")];
    if (from.length === 0 || from.length !== to.length || !model.read("arrowsVisible")) return;
    const arrows = arrowsBetween(from, to, this.#box, {
      scale: model.read("arrowScale"),
      least: model.read("arrowLeast"),
    });
    if (arrows.lengths.length === 0) return;
    const high = roundedUp(arrows.lengths.reduce((most, length) => Math.max(most, length), 0));
    this.#reach.displacement = Math.max(this.#reach.displacement, high);
    const thick = this.#arrowRadius(from);
    this.#arrows = this.#stage.arrows({
      from: arrows.from,
      to: arrows.to,
      radius: new Float32Array(arrows.lengths.length).fill(thick),
      colour: coloursOf(arrows.lengths, scales.motion, { low: 0, high: this.#reach.displacement }),
    });
  }

  /** Arrow heads that neither vanish beside the spheres nor hide them. */
  #arrowRadius(gaussians: Float32Array): number {
    const sigmas = gaussians.slice((4 * gaussians.length) / 5).sort();
    return 0.5 * sigmas[sigmas.length >> 1]! * this.#model.read("apix");
  }

  #volume(map: DensityMapModel): FloatVolume {
    const data = map.read("data");
    const known = this.#volumes.get(data);
    if (known) return known;
    const [size, apix, origin] = [map.read("size"), map.read("apix"), map.read("origin")];
    const volume = unpackedMap({ data, size, apix, origin, low: map.read("low"), high: map.read("high") });
    this.#volumes.set(data, volume);
    return volume;
  }

  /** The surfaces of the decoded density and of all maps. */
  maps(): void {
    const maps = [this.#model.read("density"), ...this.#model.read("maps")];
    for (const [id, { handle }] of this.#surfaces) {
      if (maps.some((map) => map.model_id === id)) continue;
      handle.dispose();
      this.#surfaces.delete(id);
    }
    for (const map of maps) this.#surface(map);
  }

  #surface(map: DensityMapModel): void {
    const data = map.read("data");
    const there = this.#surfaces.get(map.model_id);
    if (data.length === 0) return;
    const style = {
      level: map.read("level"),
      colour: map.read("colour"),
      opacity: map.read("opacity"),
      visible: map.read("visible"),
    };
    if (there?.data === data) {
      there.handle.set(style);
      return;
    }
    // The new surface before the old goes, so that nothing flickers
    const handle = this.#stage.surface(this.#volume(map), style);
    there?.handle.dispose();
    this.#surfaces.set(map.model_id, { handle, data });
  }

  /** Triangles of the surface of a map by its name, as drawn; undefined where it is not. */
  triangles(name: string): number | undefined {
    const map = [this.#model.read("density"), ...this.#model.read("maps")].find(
      (one) => one.read("name") === name,
    );
    return map && this.#surfaces.get(map.model_id)?.handle.triangles;
  }

  /** @returns the plane that is shown */
  slice(): SlicePicture | undefined {
    this.#slice?.dispose();
    this.#slice = undefined;
    const { visible, map: name, axis, position } = this.#model.read("slice");
    if (!visible) return undefined;
    const density = this.#model.read("density");
    const map = name === "" ? density : this.#model.read("maps").find((one) => one.read("name") === name);
    if (!map || map.read("data").length === 0) return undefined;
    const [mean, sigma] = [map.read("mean"), map.read("sigma")];
    const picture = slicePicture(this.#volume(map), axis, position, {
      black: mean - sigma,
      // The few strongest voxels may saturate
      white: mean + 0.75 * (map.read("high") - mean),
    });
    this.#slice = this.#stage.image(picture, picture);
    return picture;
  }

  /** The mask's spheres and boxes. */
  shapes(): void {
    for (const drawn of this.#shapes) drawn.dispose();
    this.#shapes = this.#model.read("shapes").map((shape) => {
      const colour = shape.mode === "add" ? ADDED : TAKEN;
      if (shape.kind === "box") {
        const corner = (side: -1 | 1) =>
          shape.centre.map((c, axis) => c + (side * shape.size[axis]!) / 2) as [number, number, number];
        return this.#stage.boxes([{ lowest: corner(-1), highest: corner(1) }], colour, 0.18);
      }
      return this.#stage.ball(shape.centre, shape.radius, colour, 0.18);
    });
  }

  /** The box around the neutral model's Gaussians in Å. */
  get extent(): Box {
    const neutral = this.#model.read("neutral");
    const box = boxOf(placesOf(neutral, this.#box));
    const half = (this.#model.read("boxSize") * this.#model.read("apix")) / 2;
    return box ?? { lowest: [-half, -half, -half], highest: [half, half, half] };
  }

  /** Å from the middle of that box to the farthest Gaussian's edge. */
  get reach(): number {
    const neutral = this.#model.read("neutral");
    const { lowest, highest } = this.extent;
    const places = placesOf(neutral, this.#box);
    const radii = radiiOf(neutral, this.#box.apix, this.#model.read("sphereScale"));
    const middle = lowest.map((low, axis) => (low + highest[axis]!) / 2);
    return radii.reduce(
      (far, radius, i) =>
        Math.max(far, radius + Math.hypot(...middle.map((m, axis) => places[3 * i + axis]! - m))),
      0,
    );
  }

  /** Centre of a Gaussian as it is shown, in Å. */
  placeOf(index: number): [number, number, number] {
    return [...placesOf(this.shown, this.#box).subarray(3 * index, 3 * index + 3)] as [
      number,
      number,
      number,
    ];
  }

  /** Centre of a Gaussian in the neutral model, on which the mask acts, in Å. */
  neutralPlaceOf(index: number): [number, number, number] {
    const places = placesOf(this.#model.read("neutral"), this.#box);
    return [...places.subarray(3 * index, 3 * index + 3)] as [number, number, number];
  }
}
