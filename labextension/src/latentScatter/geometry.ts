import { shortNumber as figureNumber } from "e2gmm/display/checks";

/** Geometry of the plot area, without DOM or plotly.js. */

/** Low and high end of an axis. */
export type Range = readonly [number, number];

/** x and y, in pixels of the plot area or in the numbers of its axes. */
export type Place = readonly [number, number];

/** The plot area: its size in pixels and what its axes show. */
export interface Frame {
  width: number;
  height: number;
  x: Range;
  y: Range;
}

/** Lowest and highest of all finite numbers; null if there are none. */
export function finiteRange(parts: readonly ArrayLike<number>[]): [number, number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of parts) {
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) continue;
      low = Math.min(low, values[i]!);
      high = Math.max(high, values[i]!);
    }
  }
  return low <= high ? [low, high] : null;
}

/** From the numbers of the axes to pixels from the left and the top of the plot area. */
export function toPixels({ width, height, x, y }: Frame, [u, v]: Place): [number, number] {
  return [((u - x[0]) / (x[1] - x[0])) * width, (1 - (v - y[0]) / (y[1] - y[0])) * height];
}

/** From pixels of the plot area to the numbers of its axes. */
export function toNumbers({ width, height, x, y }: Frame, [px, py]: Place): [number, number] {
  return [x[0] + (px / width) * (x[1] - x[0]), y[0] + (1 - py / height) * (y[1] - y[0])];
}

/** The nearest point within the plot area, in pixels. */
export function clampToArea({ width, height }: Frame, [px, py]: Place): [number, number] {
  return [Math.min(Math.max(px, 0), width), Math.min(Math.max(py, 0), height)];
}

/** Ranges of the axes after magnifying about a fixed point, in pixels. */
export function zoomed(frame: Frame, about: Place, factor: number): { x: Range; y: Range } {
  const [u, v] = toNumbers(frame, about);
  const part = ([low, high]: Range, at: number): Range => [
    at + (low - at) / factor,
    at + (high - at) / factor,
  ];
  return { x: part(frame.x, u), y: part(frame.y, v) };
}

/** Which point is looked for. */
export interface PointSearch {
  /** Place in the plot area, in pixels. */
  at: Place;
  /** Largest distance in pixels. */
  distance: number;
  /** Points that are not to be found. Default: none. */
  skip?: ((i: number) => boolean) | undefined;
}

/** Index of the point nearest to a place in the plot area, on the screen; −1 if none is within the distance. */
export function pointAt(
  frame: Frame,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { at, distance, skip }: PointSearch,
): number {
  const [u, v] = toNumbers(frame, at);
  const perX = frame.width / (frame.x[1] - frame.x[0]);
  const perY = frame.height / (frame.y[1] - frame.y[0]);
  let nearest = -1;
  let least = distance * distance;
  for (let i = 0; i < x.length; i++) {
    const squared = ((x[i]! - u) * perX) ** 2 + ((y[i]! - v) * perY) ** 2;
    if (squared <= least && !skip?.(i)) {
      least = squared;
      nearest = i;
    }
  }
  return nearest;
}

/**
 * How a ball in the latent space looks over the shown axes while its radius is dragged: `circle` over two latent axes or two
 * components; `across` and `up`, a band, where the other axis only spreads the particles; `line` over other pairs of axes,
 * which show no distances.
 */
export type Reach = "circle" | "across" | "up" | "line";

/** How a ball in the latent space looks over two axes. */
export function reachOver(
  x: { kind: string; spreads: boolean },
  y: { kind: string; spreads: boolean },
): Reach {
  const latent = (kind: string) => kind === "latent" || kind === "component";
  if (latent(x.kind) && x.kind === y.kind) return "circle";
  if (y.spreads && latent(x.kind)) return "across";
  if (x.spreads && latent(y.kind)) return "up";
  return "line";
}

/**
 * Outline of a ball in the latent space, as the `d` of an SVG path in pixels.
 * @param from centre, in the numbers of the axes
 * @param to a place on the border
 */
export function reachOutline(frame: Frame, reach: Reach, from: Place, to: Place): string {
  const tenths = (value: number) => Number(value.toFixed(1));
  const [cx, cy] = toPixels(frame, from).map(tenths) as [number, number];
  const [px, py] = toPixels(frame, to).map(tenths) as [number, number];
  const { width, height } = frame;
  switch (reach) {
    case "circle": {
      const radius = Math.hypot(to[0] - from[0], to[1] - from[1]);
      const rx = tenths((radius * width) / (frame.x[1] - frame.x[0]));
      const ry = tenths((radius * height) / (frame.y[1] - frame.y[0]));
      const half = `a${rx} ${ry} 0 1 0`;
      return `M${cx - rx} ${cy}${half} ${2 * rx} 0${half} ${-2 * rx} 0Z`;
    }
    case "across":
      return `M${px} 0V${height}H${2 * cx - px}V0Z`;
    case "up":
      return `M0 ${py}H${width}V${2 * cy - py}H0Z`;
    case "line":
      return `M${cx} ${cy}L${px} ${py}`;
  }
}

/** Step of an arrow key: a hundredth of what the axes show, a tenth for large steps. Null for other keys. */
export function keyStep(frame: Frame, key: string, large: boolean): [number, number] | null {
  const part = large ? 0.1 : 0.01;
  const [dx, dy] = [part * (frame.x[1] - frame.x[0]), part * (frame.y[1] - frame.y[0])];
  switch (key) {
    case "ArrowLeft":
      return [-dx, 0];
    case "ArrowRight":
      return [dx, 0];
    case "ArrowDown":
      return [0, -dy];
    case "ArrowUp":
      return [0, dy];
    default:
      return null;
  }
}

/** A hand-drawn line without the points that are closer than `least` pixels to the last one kept. */
export function thinned(points: readonly Place[], least: number): Place[] {
  const kept: Place[] = [];
  for (const point of points) {
    const last = kept.at(-1);
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= least) kept.push(point);
  }
  return kept;
}

/** The `d` of an open SVG path through places in pixels. */
export function polyline(points: readonly Place[]): string {
  return points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** A number as in the static figures: three significant digits; `none` if it is not finite. */
export function shortNumber(value: number): string {
  return Number.isFinite(value) ? figureNumber(value) : "none";
}
