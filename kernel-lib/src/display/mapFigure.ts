import { InputError } from "../errors";
import { type Axis, projectAlong, section } from "../maps/sections";
import type { Volume } from "../maps/volume";
import type { Figure } from "./figure";
import { type MontageFigureOptions, montageFigure } from "./montageFigure";

/** Options of a figure of maps. */
export interface MapFigureOptions extends Omit<MontageFigureOptions, "columns" | "contrast"> {
  /** `section`: the plane of voxels through the origin. `projection`: the sum along the axis. Default `section`. */
  show?: "section" | "projection";
  /** Viewing axes, one column each. Default z, y, x. */
  axes?: readonly Axis[];
  /**
   * Grey scale: one `shared` by all images, so that maps can be compared, or `each` image its own, for maps of different
   * units. Default `shared`.
   */
  contrast?: "each" | "shared";
}

/** A map with its label. */
export interface LabelledMap {
  /** Above its images. */
  label: string;
  /** The map. */
  map: Volume;
}

/**
 * Sections or projections of maps, a row for each map and a column for each axis.
 *
 * @throws InputError if there is no map or no axis, or a voxel is not finite
 *
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * await e2.show(e2.figures.map([{ label: "consensus", map }], { show: "projection", axes: ["z"] }));
 * ```
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
