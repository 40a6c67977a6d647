import { inspect } from "node:util";
import type { WidgetKind } from "tslab-widgets";
import { float, int, json, list, nullable, numbers, text } from "tslab-widgets/traits";
import type { Marker } from "../../display/theme";
import { widgetModule, widgetModuleVersion } from "../module";

/**
 * The protocol between the scatter in the kernel and its views. The kernel has all particles; the traits hold everything a
 * page draws, so that a reloaded page or a second view shows the same.
 */

/** An axis or a colouring that can be chosen. */
export interface ScatterChoice {
  /** Identifies it; shown to the user. */
  name: string;
  kind: "latent" | "component" | "number" | "category" | "sets";
  /** Of a column, if known. */
  unit?: string;
}

/** An axis as it is drawn. */
export interface ShownAxis {
  name: string;
  /** Name with unit, or with the fraction of the variance that a component explains. */
  title: string;
  kind: ScatterChoice["kind"];
  /** Whether it only spreads the particles: probe and path stay at 0 along it. */
  spreads: boolean;
  /** The range of all particles, with a margin. */
  low: number;
  high: number;
}

/** The axes of the published points; the traits `x`, `y` and `z` may already have changed. */
export interface ShownAxes {
  x: ShownAxis;
  y: ShownAxis;
  z: ShownAxis | null;
}

/** An entry of the legend. */
export interface ScatterCategory {
  /** Unique in the legend. */
  name: string;
  /** `#rgb` or `#rrggbb`. */
  colour: string;
  /** Shape of its points. */
  marker: Marker;
  /** Number of its particles, drawn or not. */
  count: number;
}

/** The meaning of the points' colours. */
export type Colouring =
  | { kind: "none" }
  | { kind: "number"; name: string; title: string; low: number; high: number }
  | { kind: "category" | "sets"; name: string; categories: ScatterCategory[] };

/** A two-dimensional histogram of all particles over the range of both axes. */
export interface DensityGrid {
  /** Number of cells along each axis. */
  cells: number;
  /** Particles in the cell with most. */
  most: number;
}

/** A slider that moves the probe along an axis. */
export interface ProbeSlider {
  /** Of the axis. */
  name: string;
  /** What the axis is, with its size. */
  title: string;
  low: number;
  high: number;
}

/** Coordinates that a page asks the probe to take, by names of axes. */
export type ProbeTarget = Record<string, number>;

/** How an axis follows from the latent vector: weights · z + offset. */
export interface AxisFormula {
  /** [latent]. */
  weights: readonly number[];
  offset: number;
}

/** Axes of which all pairs are shown in small plots; empty: none. */
export type PairKind = "" | "latent" | "component";

/** An axis of the pair grid. */
export interface PairAxis extends AxisFormula {
  name: string;
  title: string;
  /** The range of all particles, with a margin. */
  low: number;
  high: number;
}

/** A range of the numbers that colour the particles; null: no end. */
export interface ColourRange {
  low: number | null;
  high: number | null;
}

/** The part of the plane that a view shows. */
export interface ScatterZoom {
  x: readonly [number, number];
  y: readonly [number, number];
}

/** Traits of the scatter. */
export const latentScatterTraits = {
  title: text(""),
  /** Number of particles. */
  count: int(0),
  /** Dimensions of the latent space. */
  latent: int(1),
  /** Available axes and colourings. */
  axes: json<readonly ScatterChoice[]>(() => []),
  colours: json<readonly ScatterChoice[]>(() => []),
  x: text(""),
  y: text(""),
  /** A third axis, for a plot in 3-D. */
  z: nullable(text("")),
  /** Name of the axis or column that colours the points, or `sets`; empty for none. */
  colour: text(""),
  /** Categories and sets whose particles are neither drawn nor selected. */
  hidden: list(text("")),
  /** Particles with numbers outside, or without one, are neither drawn nor selected. Null: no limits; also for other colours than numbers. */
  colourRange: nullable(json<ColourRange>(() => ({ low: null, high: null }))),
  /** Null: all is shown. */
  zoom: nullable(json<ScatterZoom>(() => ({ x: [0, 1], y: [0, 1] }))),

  /** Null before there are points. */
  shown: json<ShownAxes | null>(() => null),
  /** Coordinates of the drawn points. */
  pointsX: numbers(Float32Array),
  pointsY: numbers(Float32Array),
  /** Empty with two axes. */
  pointsZ: numbers(Float32Array),
  /** Particle rows of the drawn points; empty if all are drawn. */
  drawnRows: numbers(Uint32Array),
  colouring: json<Colouring>(() => ({ kind: "none" })),
  /** Number of each drawn point; empty unless coloured by numbers. */
  colourNumbers: numbers(Float32Array),
  /** Index of the category of each drawn point; empty unless coloured by categories or sets. */
  colourCodes: numbers(Uint16Array),
  /** Null if all points are drawn, and in 3-D. */
  density: nullable(json<DensityGrid>(() => ({ cells: 0, most: 0 }))),
  /** Particles in each cell, rows of y from below, [cells · cells]. */
  densityCounts: numbers(Float32Array),
  /** Whether the population without the errors of the places is drawn where it can be. */
  population: json<boolean>(() => false),
  /** Whether it can be drawn over the shown axes. */
  populationKnown: json<boolean>(() => false),
  /** Its lines: coordinates along x and y of each point, NaN between lines. */
  populationLines: numbers(Float32Array),

  /** Axes of which all pairs are shown in small plots, one of which can be chosen; empty: none. */
  pairs: json<PairKind>(() => ""),
  /** These axes; empty while no pairs are shown. */
  pairAxes: json<readonly PairAxis[]>(() => []),
  /** Coordinates of some particles along them, [particles · axes]. */
  pairPoints: numbers(Float32Array),
  /** Which of the drawn points these are. */
  pairDrawn: numbers(Uint32Array),

  /** 1 for each drawn point that is selected. */
  selected: numbers(Uint8Array),
  /** Number of selected particles, drawn or not. */
  selectedCount: int(0),
  /** Coordinates of selected particles that are not drawn, [particles · axes]; at most 10,000 particles. */
  selectedBeside: numbers(Float32Array),

  /** Latent vector of the probe, [latent]. */
  probe: list(float(0)),
  /** Its coordinates along the shown axes. */
  probePlace: list(float(0)),
  /** What the state at the probe is like, such as its distance from the mean; empty for nothing. */
  probeNote: text(""),
  /** Coordinates along the shown axes of the frames of a motion; the probe is shown there while it is played. */
  playedPlaces: numbers(Float32Array),
  /** Coordinates to which a page drags the probe. */
  probeTo: json<ProbeTarget>(() => ({})),
  /**
   * Axes and sliders that are linear functions of the latent vector, by their names: along these a page knows by itself where the
   * probe goes.
   */
  formulas: json<Readonly<Record<string, AxisFormula>>>(() => ({})),
  /** Sliders for the directions in which the probe cannot be dragged, and its coordinates along them. */
  sliders: json<readonly ProbeSlider[]>(() => []),
  sliderValues: list(float(0)),

  /** Latent vectors that the path passes through. */
  anchors: list(list(float(0))),
  /** Number of stations at equal distances on the path. */
  stationCount: int(10),
  /** Coordinates along the shown axes of anchors, of stations, and of the points of the line, [points · axes]. */
  anchorPlaces: numbers(Float32Array),
  stationPlaces: numbers(Float32Array),
  pathLine: numbers(Float32Array),

  /** Whether images of particles can be requested. */
  thumbnails: json<boolean>(() => false),
  /** Message in the status line. */
  status: text(""),
  /** Height of a view in the output of a cell, in pixels. */
  height: int(560),
};

/** Type of {@link latentScatterTraits}. */
export type LatentScatterTraits = typeof latentScatterTraits;

/** Values of the traits. */
export type LatentScatterState = {
  [K in keyof LatentScatterTraits]: ReturnType<LatentScatterTraits[K]["initial"]>;
};

const maxStations = 200;

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
  if (!["", "latent", "component"].includes(state.pairs)) {
    throw new TypeError(
      `LatentScatter.pairs: expected latent, component or empty, found ${inspect(state.pairs)}`,
    );
  }
  checkRange(state.colourRange);
  if (state.stationCount < 1 || state.stationCount > maxStations) {
    throw new TypeError(
      `LatentScatter.stationCount: expected 1 to ${maxStations}, found ${state.stationCount}`,
    );
  }
}

function checkRange(range: ColourRange | null): void {
  if (range === null) return;
  const isEnd = (end: unknown) => end === null || Number.isFinite(end);
  const { low, high } = range;
  if (isEnd(low) && isEnd(high) && (low === null || high === null || low <= high)) return;
  throw new TypeError(
    `LatentScatter.colourRange: expected null, or low and high with low below high, found ${inspect(range)}`,
  );
}

/** The scatter as a widget: front-end module, traits, and checks of its state. */
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
