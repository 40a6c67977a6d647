import type { Snapshot } from "./snapshot.js";

/** Some of the points drawn, as arrays that a trace takes. */
export interface Points {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  z?: ArrayLike<number>;
  /** Numbers or codes that colour them; undefined where nothing does. */
  colour?: ArrayLike<number>;
}

export type PointState = Pick<
  Snapshot,
  | "pointsX"
  | "pointsY"
  | "pointsZ"
  | "colouring"
  | "colourNumbers"
  | "colourCodes"
  | "hidden"
  | "selected"
  | "selectedBeside"
>;

/** Tells of a point drawn whether the legend hides it; undefined where nothing is hidden. */
export function hiddenPoints({
  colouring,
  colourCodes,
  hidden,
}: PointState): ((i: number) => boolean) | undefined {
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

function taken(state: PointState, which: readonly number[]): Points {
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
  return taken(
    state,
    Array.from(state.pointsX.keys()).filter((i) => !hidden(i)),
  );
}

/** Those that are selected, without those hidden. */
export function selectedPoints(state: PointState): Points {
  const hidden = hiddenPoints(state);
  return taken(
    state,
    Array.from(state.selected.keys()).filter((i) => state.selected[i] === 1 && !hidden?.(i)),
  );
}

/** Selected particles that are not among the points drawn; nothing is known of their colour. */
export function pointsBeside({ selectedBeside, pointsZ }: PointState): Points {
  const dimensions = pointsZ.length > 0 ? 3 : 2;
  const count = selectedBeside.length / dimensions;
  const axis = (d: number) =>
    Float32Array.from({ length: count }, (_, i) => selectedBeside[dimensions * i + d]!);
  return { x: axis(0), y: axis(1), ...(dimensions === 3 ? { z: axis(2) } : {}) };
}

/** The point drawn that is the `k`-th of those not hidden; −1 where there are fewer. */
export function drawnIndex(state: PointState, k: number): number {
  const hidden = hiddenPoints(state);
  if (!hidden) return k < state.pointsX.length ? k : -1;
  let left = k;
  for (let i = 0; i < state.pointsX.length; i++) if (!hidden(i) && left-- === 0) return i;
  return -1;
}
