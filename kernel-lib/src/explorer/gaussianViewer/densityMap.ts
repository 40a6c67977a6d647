import { type Control, type ControlClass, type WidgetKind, widgetClass } from "tslab-widgets";
import { bool, choice, float, int, list, numbers, type StateOf, text } from "tslab-widgets/traits";
import { widgetModule, widgetModuleVersion } from "../module";

/** Meanings of the colour of a surface. */
export const surfaceColourings = ["own colour", "displacement", "local resolution"] as const;
/** One of {@link surfaceColourings}. */
export type SurfaceColouring = (typeof surfaceColourings)[number];

/** Traits of a map in a viewer: its voxels as they are drawn (see `displayedMap`), and how. */
export const densityMapTraits = {
  name: text(""),
  visible: bool(true),
  /** `#rrggbb`. */
  colour: text("#a8bfd6"),
  /**
   * `displacement`: how far the Gaussians at each place of the surface are from the neutral model. `local resolution`: where the map has
   * one (`resolvable`); it is found first.
   */
  colourBy: choice(surfaceColourings, "own colour"),
  /** 0 to 1. */
  opacity: float(1),
  /** Of the isosurface, in units of the map. */
  level: float(0),
  /** Pieces of the surface that are shorter than this along every axis are hidden, in Å; 0: none. */
  dust: float(0),
  /** Voxels along x, y, z. */
  size: list(int(0), () => [0, 0, 0], 3),
  /** Å per voxel. */
  apix: float(1),
  /** Position of voxel (0, 0, 0) in Å from the middle of the model's box. */
  origin: list(float(0), () => [0, 0, 0], 3),
  /** Values in steps of 1/65535 from `low` to `high`, [z][y][x]. */
  data: numbers(Uint16Array),
  low: float(0),
  high: float(0),
  /** Mean and standard deviation of the original map. */
  mean: float(0),
  sigma: float(0),
  /** How the drawn map differs from the original; empty if it does not. */
  note: text(""),
  /** Whether the local resolution is known or can be found. */
  resolvable: bool(false),
  /** On the grid of `data`: 0 where it is not known, else from 1 for `resolutionLow` to 255 for `resolutionHigh`; empty: not found yet. */
  resolution: numbers(Uint8Array),
  /** Å; what is finer counts as this. */
  resolutionLow: float(0),
  /** Å; what is coarser counts as this. */
  resolutionHigh: float(0),
};

/** Values of the traits. */
export type DensityMapState = StateOf<typeof densityMapTraits>;

/** The map as a widget without a view. */
export const densityMapKind: WidgetKind<typeof densityMapTraits> = {
  modelName: "DensityMapModel",
  modelModule: widgetModule,
  modelModuleVersion: widgetModuleVersion,
  viewName: null,
  viewModule: widgetModule,
  viewModuleVersion: widgetModuleVersion,
  traits: densityMapTraits,
};

/** A map in a viewer; its traits are properties. */
export const DensityMap: ControlClass<typeof densityMapTraits> = widgetClass(densityMapKind);
/** An instance of {@link DensityMap}. */
export type DensityMap = Control<typeof densityMapTraits>;
