import { InputError } from "../errors";
import { type Axis, projectAlong, section } from "../maps/sections";
import type { Volume } from "../maps/volume";
import type { Figure } from "./figure";
import { type MontageOptions, montageFigure } from "./montageFigure";

export interface MapFigureOptions extends Omit<MontageOptions, "columns"> {
  /** `section`: the plane of voxels through the origin. `projection`: the sum of all. Default section. */
  show?: "section" | "projection";
  /** Axes along which one looks, one column each. Default z, y, x. */
  axes?: readonly Axis[];
}

export interface LabelledMap {
  label: string;
  map: Volume;
}

/**
 * Sections or projections of maps, one row for each map, one column for each axis (named where there are several). By default on one grey scale
 * (`contrast: "shared"`), so that maps can be compared.
 *
 * @throws InputError where there is no map or no axis, or a voxel is not a number
 */
export function mapFigure(maps: readonly LabelledMap[], options: MapFigureOptions = {}): Figure {
  const { show = "section", axes = ["z", "y", "x"], contrast = "shared", ...rest } = options;
  if (maps.length === 0) throw new InputError("maps", "at least one", "none");
  if (axes.length === 0) throw new InputError("axes", "at least one", "none");
  const look = show === "section" ? (map: Volume, axis: Axis) => section(map, axis) : projectAlong;
  return montageFigure(
    maps.flatMap(({ label, map }) =>
      axes.map((axis) => ({
        label: axes.length === 1 ? label : `${label}, along ${axis}`,
        image: look(map, axis),
      })),
    ),
    { ...rest, contrast, columns: axes.length },
  );
}
