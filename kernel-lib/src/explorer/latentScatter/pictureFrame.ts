import type { LatentScatterState, ShownAxis } from "./state";

/** Width of the plotting area in pixels. */
export const plotWidth = 560;
/** Height of the plotting area in pixels. */
export const plotHeight = 420;

/** A part of an axis. */
export interface AxisRange {
  low: number;
  high: number;
}

/** The part of the plane that a picture shows: all of it, or what a view was zoomed to. */
export interface PictureFrame {
  x: AxisRange;
  y: AxisRange;
}

/** @see PictureFrame */
export function pictureFrame({ shown, zoom }: Pick<LatentScatterState, "shown" | "zoom">): PictureFrame {
  const all = (axis?: ShownAxis): AxisRange =>
    axis ? { low: axis.low, high: axis.high } : { low: 0, high: 1 };
  if (!zoom) return { x: all(shown?.x), y: all(shown?.y) };
  const part = ([low, high]: readonly [number, number]): AxisRange => ({ low, high });
  return { x: part(zoom.x), y: part(zoom.y) };
}

/** Position of a value within a range, 0 at `low` and 1 at `high`. */
export function fraction({ low, high }: AxisRange, value: number): number {
  return (value - low) / (high - low);
}
