import { finiteRange, shortNumber } from "./geometry.js";
import type { Snapshot } from "./snapshot.js";

/** Coordinates of points, as a plotly trace takes them. */
export interface Points {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  z?: ArrayLike<number>;
  /** Numbers or codes that colour them; undefined if nothing does. */
  colour?: ArrayLike<number>;
}

/** The entries of the state that describe the points. */
export type PointState = Pick<
  Snapshot,
  | "pointsX"
  | "pointsY"
  | "pointsZ"
  | "colouring"
  | "colourNumbers"
  | "colourCodes"
  | "hidden"
  | "colourRange"
  | "selected"
  | "selectedBeside"
>;

/** Predicate for drawn points that the legend hides; undefined if nothing is hidden. */
export function hiddenPoints({
  colouring,
  colourNumbers,
  colourCodes,
  hidden,
  colourRange,
}: PointState): ((i: number) => boolean) | undefined {
  if (colouring.kind === "number" && colourRange) {
    const from = colourRange.low ?? Number.NEGATIVE_INFINITY;
    const to = colourRange.high ?? Number.POSITIVE_INFINITY;
    return (i) => !(colourNumbers[i]! >= from && colourNumbers[i]! <= to);
  }
  if (!("categories" in colouring) || hidden.length === 0) return undefined;
  const out = colouring.categories.map(({ name }) => hidden.includes(name));
  return out.includes(true) ? (i) => out[colourCodes[i]!] === true : undefined;
}

function colours({
  colouring,
  colourNumbers,
  colourCodes,
}: PointState): Float32Array | Uint16Array | undefined {
  if (colouring.kind === "none") return undefined;
  return colouring.kind === "number" ? colourNumbers : colourCodes;
}

function gather(state: PointState, which: readonly number[]): Points {
  const take = (values: Float32Array | Uint16Array) => Float32Array.from(which, (i) => values[i]!);
  const colour = colours(state);
  return {
    x: take(state.pointsX),
    y: take(state.pointsY),
    ...(state.pointsZ.length > 0 ? { z: take(state.pointsZ) } : {}),
    ...(colour ? { colour: take(colour) } : {}),
  };
}

/** All points that are not hidden. */
export function visiblePoints(state: PointState): Points {
  const hidden = hiddenPoints(state);
  if (!hidden) {
    const colour = colours(state);
    return {
      x: state.pointsX,
      y: state.pointsY,
      ...(state.pointsZ.length > 0 ? { z: state.pointsZ } : {}),
      ...(colour ? { colour } : {}),
    };
  }
  return gather(
    state,
    Array.from(state.pointsX.keys()).filter((i) => !hidden(i)),
  );
}

/** Points that are selected and not hidden. */
export function selectedPoints(state: PointState): Points {
  const hidden = hiddenPoints(state);
  return gather(
    state,
    Array.from(state.selected.keys()).filter((i) => state.selected[i] === 1 && !hidden?.(i)),
  );
}

/** Selected particles that are not among the drawn points; they have no colour. */
export function pointsBeside({ selectedBeside, pointsZ }: PointState): Points {
  const dimensions = pointsZ.length > 0 ? 3 : 2;
  const axis = (d: number) => Float32Array.from(coordinates(selectedBeside, d, dimensions));
  return { x: axis(0), y: axis(1), ...(dimensions === 3 ? { z: axis(2) } : {}) };
}

/** The part of the plane in which the selected points lie, with a margin of 5 %; null if none of them is drawn. */
export function selectionFrame(state: PointState): { x: [number, number]; y: [number, number] } | null {
  const parts = [selectedPoints(state), pointsBeside(state)];
  const range = (axis: "x" | "y"): [number, number] | null => {
    const ends = finiteRange(parts.map((part) => part[axis]));
    if (!ends) return null;
    const [low, high] = ends;
    const margin = high > low ? 0.05 * (high - low) : Math.max(Math.abs(high), 1) / 20;
    return [low - margin, high + margin];
  };
  const [x, y] = [range("x"), range("y")];
  return x && y ? { x, y } : null;
}

/** Index of the `k`-th drawn point that is not hidden; −1 if there are fewer. */
export function drawnIndex(state: PointState, k: number): number {
  const hidden = hiddenPoints(state);
  if (!hidden) return k < state.pointsX.length ? k : -1;
  let left = k;
  for (let i = 0; i < state.pointsX.length; i++) if (!hidden(i) && left-- === 0) return i;
  return -1;
}

/** One coordinate of each of several places, which are stored one after the other. */
export function coordinates(places: ArrayLike<number>, axis: number, dimensions: 2 | 3): number[] {
  return Array.from(
    { length: Math.floor(places.length / dimensions) },
    (_, i) => places[dimensions * i + axis]!,
  );
}

/** Row and numbers of a drawn point, as text. */
export function describePoint(state: Snapshot, i: number): { row: number; lines: string[] } {
  const { shown, colouring, drawnRows } = state;
  const row = drawnRows.length > 0 ? drawnRows[i]! : i;
  const lines = [`Particle ${row}`];
  const coordinates = [
    [shown?.x, state.pointsX],
    [shown?.y, state.pointsY],
    [shown?.z, state.pointsZ],
  ] as const;
  for (const [axis, points] of coordinates) {
    if (axis && !axis.spreads) lines.push(`${axis.name} ${shortNumber(points[i]!)}`);
  }
  if (colouring.kind === "number") lines.push(`${colouring.name} ${shortNumber(state.colourNumbers[i]!)}`);
  else if ("categories" in colouring) {
    lines.push(`${colouring.name}: ${colouring.categories[state.colourCodes[i]!]?.name ?? ""}`);
  }
  return { row, lines };
}

/** How many particles there are, how many are selected and how many are drawn. */
export function countsText({ count, selectedCount, drawnRows, density }: Snapshot): string {
  const number = (value: number) => value.toLocaleString("en");
  const all =
    selectedCount > 0
      ? `${number(selectedCount)} of ${number(count)} particles selected`
      : `${number(count)} particles`;
  if (drawnRows.length === 0) return all;
  return `${all} · ${number(drawnRows.length)} of them drawn${density ? " above the density of all" : ""}`;
}

/**
 * Hidden categories after one was clicked in the legend: it is hidden, or shown again.
 * @param only hide all others instead; or show all, where it is the only one that is shown
 */
export function toggledCategories(
  categories: readonly { name: string }[],
  hidden: readonly string[],
  clicked: string,
  only: boolean,
): string[] {
  const isHidden = hidden.includes(clicked);
  if (!only) return isHidden ? hidden.filter((name) => name !== clicked) : [...hidden, clicked];
  const others = categories.map(({ name }) => name).filter((name) => name !== clicked);
  return !isHidden && others.every((name) => hidden.includes(name)) ? [] : others;
}
