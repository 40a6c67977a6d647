import { type Control, type ControlClass, type WidgetKind, widgetClass } from "tslab-widgets";
import { bool, float, int, list, numbers, type StateOf, text } from "tslab-widgets/traits";
import { widgetModule, widgetModuleVersion } from "../module";

/** A map among those that a viewer shows: its voxels as they are drawn ({@link displayedMap}) and how it looks. */
export const densityMapTraits = {
  name: text(""),
  visible: bool(true),
  /** #rrggbb */
  colour: text("#a8bfd6"),
  /** 0 … 1 */
  opacity: float(1),
  /** Of the surface, in the units of the map. */
  level: float(0),
  size: list(int(0), () => [0, 0, 0], 3),
  /** Å per voxel. */
  apix: float(1),
  /** Place of voxel (0, 0, 0) in Å from the middle of the model's box. */
  origin: list(float(0), () => [0, 0, 0], 3),
  /** Steps of 1/65535 from `low` to `high`, [z][y][x]. */
  data: numbers(Uint16Array),
  low: float(0),
  high: float(0),
  /** Mean and standard deviation of the map's values. */
  mean: float(0),
  sigma: float(0),
  /** What is special about the drawing, in words. */
  note: text(""),
};

export type DensityMapState = StateOf<typeof densityMapTraits>;

export const densityMapKind: WidgetKind<typeof densityMapTraits> = {
  modelName: "DensityMapModel",
  modelModule: widgetModule,
  modelModuleVersion: widgetModuleVersion,
  viewName: null,
  viewModule: widgetModule,
  viewModuleVersion: widgetModuleVersion,
  traits: densityMapTraits,
};

export const DensityMap: ControlClass<typeof densityMapTraits> = widgetClass(densityMapKind);
export type DensityMap = Control<typeof densityMapTraits>;
