/** Geometry of small line charts, without DOM. */

/** A curve of a chart. */
export interface Series {
  /** Name in the legend. */
  label: string;
  /** Any CSS colour. */
  colour: string;
  points: readonly (readonly [x: number, y: number])[];
  /** `stroke-dasharray` of SVG. Default: empty, a solid line. */
  dash?: string;
}

/** Low and high end of an axis. */
export interface Range {
  low: number;
  high: number;
}

/** The range of the finite numbers; one of width 0 is widened, and without numbers it is 0 to 1. */
export function rangeOf(values: readonly number[]): Range {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { low: 0, high: 1 };
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  if (high > low) return { low, high };
  const half = Math.abs(low) / 20 || 0.5;
  return { low: low - half, high: high + half };
}

/** About `wanted` round numbers within a range, in steps of 1, 2 or 5 times a power of ten. */
export function ticksOf({ low, high }: Range, wanted: number): number[] {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * (1 - 1e-9))!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Position in pixels of a number on an axis from `from` to `to`. */
export function placeOf(value: number, { low, high }: Range, from: number, to: number): number {
  return from + ((value - low) / (high - low)) * (to - from);
}

/** The `d` of an SVG path through the points; points that are not finite interrupt it. */
export function pathOf(
  points: Series["points"],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let drawing = false;
  for (const [px, py] of points) {
    const finite = Number.isFinite(px) && Number.isFinite(py);
    if (finite) path += `${drawing ? "L" : "M"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`;
    drawing = finite;
  }
  return path;
}
