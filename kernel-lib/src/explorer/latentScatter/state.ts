import { inspect } from "node:util";
import type { WidgetKind } from "tslab-widgets";
import { float, int, json, list, nullable, numbers, text } from "tslab-widgets/traits";
import type { Marker } from "../../display/theme";
import { widgetModule, widgetModuleVersion } from "../module";

/**
 * What the two sides of the latent scatter share. The kernel holds all particles; this is what the page gets to see of
 * them, complete, so that a reloaded page or a second view shows the same.
 */

/** An axis or colour that can be chosen. */
export interface ScatterChoice {
  name: string;
  kind: "latent" | "component" | "number" | "category" | "sets";
  unit?: string;
}

/** An axis as it is drawn. */
export interface ShownAxis {
  name: string;
  /** What stands beside it: with its unit, and the part of the whole variance that a component has. */
  title: string;
  kind: ScatterChoice["kind"];
  /** Whether it only spreads the particles out: probe and path lie at its foot, at 0, wherever they are dragged. */
  spreads: boolean;
  /** The range that holds all particles, with a margin. */
  low: number;
  high: number;
}

/** The axes that the points of the state belong to; `x`, `y`, `z` of the state may already be ahead of them. */
export interface ShownAxes {
  x: ShownAxis;
  y: ShownAxis;
  z: ShownAxis | null;
}

export interface ScatterCategory {
  name: string;
  colour: string;
  /** Shape of its points. */
  marker: Marker;
  /** Particles of it among all. */
  count: number;
}

/** How the points' colours are to be read. */
export type Colouring =
  | { kind: "none" }
  | { kind: "number"; name: string; title: string; low: number; high: number }
  | { kind: "category" | "sets"; name: string; categories: ScatterCategory[] };

/** A two-dimensional histogram of all particles: `cells` along each axis, between the axes' `low` and `high`. */
export interface DensityGrid {
  cells: number;
  /** Particles in the fullest cell. */
  most: number;
}

/** What a slider moves the probe along. */
export interface ProbeSlider {
  name: string;
  low: number;
  high: number;
}

/** Coordinates that the probe is asked to take, by the axes' names. */
export type ProbeTarget = Record<string, number>;

/** The part of the axes that a view shows; null where it shows all. */
export interface ScatterZoom {
  x: readonly [number, number];
  y: readonly [number, number];
}

export const latentScatterTraits = {
  title: text(""),
  /** All particles. */
  count: int(0),
  /** Dimensions of the latent space. */
  latent: int(1),
  axes: json<readonly ScatterChoice[]>(() => []),
  colours: json<readonly ScatterChoice[]>(() => []),
  x: text(""),
  y: text(""),
  /** A third axis makes the picture three-dimensional. */
  z: nullable(text("")),
  /** Name of what colours the points; empty: nothing. */
  colour: text(""),
  /** Categories and sets whose particles are neither drawn nor selected. */
  hidden: list(text("")),
  zoom: nullable(json<ScatterZoom>(() => ({ x: [0, 1], y: [0, 1] }))),

  shown: json<ShownAxes | null>(() => null),
  /** Coordinates of the points drawn. */
  pointsX: numbers(Float32Array),
  pointsY: numbers(Float32Array),
  /** Empty with two axes. */
  pointsZ: numbers(Float32Array),
  /** Particle rows of the points drawn; empty where all are. */
  drawnRows: numbers(Uint32Array),
  colouring: json<Colouring>(() => ({ kind: "none" })),
  /** Where numbers colour: the number of each point drawn. */
  colourNumbers: numbers(Float32Array),
  /** Where categories or sets do: the index of each point's category. */
  colourCodes: numbers(Uint16Array),
  density: nullable(json<DensityGrid>(() => ({ cells: 0, most: 0 }))),
  /** Particles in each cell, rows of y from below, [cells · cells]. */
  densityCounts: numbers(Float32Array),

  /** 1 for each point drawn that is selected. */
  selected: numbers(Uint8Array),
  /** Selected of all particles. */
  selectedCount: int(0),
  /** Coordinates of selected particles that are not among the points drawn, one after the other; at most 10,000. */
  selectedBeside: numbers(Float32Array),

  /** The probe's place in the latent space, [latent]. */
  probe: list(float(0)),
  /** Its coordinates along the shown axes. */
  probePlace: list(float(0)),
  /** Coordinates along the shown axes of the places of a motion that is played, where the probe is shown meanwhile. */
  playedPlaces: numbers(Float32Array),
  /** What the page asks of the probe. */
  probeTo: json<ProbeTarget>(() => ({})),
  sliders: json<readonly ProbeSlider[]>(() => []),
  sliderValues: list(float(0)),

  /** Points of the latent space that the path goes through. */
  anchors: list(list(float(0))),
  /** Evenly spaced places on the path. */
  stationCount: int(10),
  /** Coordinates of anchors, of stations, and of points close together on the path, along the shown axes. */
  anchorPlaces: numbers(Float32Array),
  stationPlaces: numbers(Float32Array),
  pathLine: numbers(Float32Array),

  /** Whether there are images of particles to be had. */
  thumbnails: json<boolean>(() => false),
  status: text(""),
  /** Height of a view that is the value of a cell, in pixels. */
  height: int(560),
};

export type LatentScatterTraits = typeof latentScatterTraits;

/** Its entries: what `observe` and `get` know. */
export type LatentScatterState = {
  [K in keyof LatentScatterTraits]: ReturnType<LatentScatterTraits[K]["initial"]>;
};

export const MOST_STATIONS = 200;

function check(state: LatentScatterState): void {
  const among = (key: string, name: string, choices: readonly ScatterChoice[]) => {
    if (choices.some((choice) => choice.name === name)) return;
    const names = choices.map((choice) => choice.name).join(", ");
    throw new TypeError(`LatentScatter.${key}: expected one of ${names}, found ${inspect(name)}`);
  };
  among("x", state.x, state.axes);
  among("y", state.y, state.axes);
  if (state.z !== null) among("z", state.z, state.axes);
  if (state.colour !== "") among("colour", state.colour, state.colours);
  for (const [key, points] of [
    ["probe", [state.probe]],
    ["anchors", state.anchors],
  ] as const) {
    const wrong = points.find((point) => point.length !== state.latent);
    if (wrong) {
      throw new TypeError(`LatentScatter.${key}: expected ${state.latent} numbers, found ${wrong.length}`);
    }
  }
  if (state.stationCount < 1 || state.stationCount > MOST_STATIONS) {
    throw new TypeError(
      `LatentScatter.stationCount: expected 1 to ${MOST_STATIONS}, found ${state.stationCount}`,
    );
  }
}

export const latentScatterKind: WidgetKind<LatentScatterTraits> = {
  modelName: "LatentScatterModel",
  modelModule: widgetModule,
  modelModuleVersion: widgetModuleVersion,
  viewName: "LatentScatterView",
  viewModule: widgetModule,
  viewModuleVersion: widgetModuleVersion,
  traits: latentScatterTraits,
  settle: (state) => {
    check(state);
    return {};
  },
};
