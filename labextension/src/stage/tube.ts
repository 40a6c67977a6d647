import type { Rgb } from "./colour.js";
import type { Drawn, Scene } from "./scene.js";

/** A tube through points, with gaps. */
export interface Tube {
  /** Points [3N] in Å. */
  points: Float32Array;
  /** 1 for each point that is joined with the next one. */
  links: Uint8Array;
  /** Colour of each point. */
  colourOf(point: number): Rgb;
  /** Å. */
  radius: number;
}

/** A surface of triangles. */
export interface TubeMesh {
  /** [3V] in Å. */
  position: Float32Array;
  /** [3V], of length 1. */
  normal: Float32Array;
  /** Three vertices of each triangle. */
  index: Uint32Array;
  /** [3V], red, green, blue, each 0 … 1. */
  color: Float32Array;
}

/** Corners of the tube's cross-section. */
const sides = 8;
/** Pieces between two points. */
const pieces = 4;

/** Draws a tube. */
export function addTube(scene: Scene, tube: Tube): Drawn {
  return scene.add(
    new scene.ngl.MeshBuffer(tubeMesh(tube), { side: "double", roughness: 0.5, metalness: 0 }),
  );
}

/**
 * The surface of a tube: a Catmull–Rom spline through each run of joined points, round in cross-section, without twist (each ring is the
 * one before, turned into the new direction), closed by flat ends. A point without neighbours has none.
 */
export function tubeMesh({ points, links, colourOf, radius }: Tube): TubeMesh {
  const parts: { position: number[]; normal: number[]; index: number[]; color: number[] } = {
    ...{ position: [], normal: [], index: [], color: [] },
  };
  const count = points.length / 3;
  for (let first = 0; first < count; ) {
    let last = first;
    while (last + 1 < count && links[last] === 1) last++;
    if (last > first) addRun(parts, spline(points, first, last), colourOf, first, radius);
    first = last + 1;
  }
  return {
    position: Float32Array.from(parts.position),
    normal: Float32Array.from(parts.normal),
    index: Uint32Array.from(parts.index),
    color: Float32Array.from(parts.color),
  };
}

type Vector = [number, number, number];

/** Places along the spline from one point to another; {@link pieces} after each point but the last. */
function spline(points: Float32Array, first: number, last: number): Vector[] {
  const point = (i: number): Vector => {
    const at = 3 * Math.min(last, Math.max(first, i));
    return [points[at]!, points[at + 1]!, points[at + 2]!];
  };
  const places: Vector[] = [];
  for (let i = first; i < last; i++) {
    const [a, b, c, d] = [point(i - 1), point(i), point(i + 1), point(i + 2)];
    for (let piece = 0; piece < pieces; piece++) {
      const t = piece / pieces;
      places.push(
        b.map((value, k) => {
          const [before, next, after] = [a[k]!, c[k]!, d[k]!];
          const bend = 2 * before - 5 * value + 4 * next - after;
          const twist = 3 * value - before - 3 * next + after;
          return value + 0.5 * t * (next - before + t * (bend + t * twist));
        }) as Vector,
      );
    }
  }
  places.push(point(last));
  return places;
}

function addRun(
  { position, normal, index, color }: Record<"position" | "normal" | "index" | "color", number[]>,
  places: readonly Vector[],
  colourOf: (point: number) => Rgb,
  firstPoint: number,
  radius: number,
): void {
  let across: Vector | undefined;
  for (const [i, place] of places.entries()) {
    const along = unit(minus(places[Math.min(i + 1, places.length - 1)]!, places[Math.max(i - 1, 0)]!));
    // What of the last ring's direction is across the new one
    const before: Vector = across ?? (Math.abs(along[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]);
    across = unit(minus(before, scaled(along, dot(before, along))));
    const up = cross(along, across);
    const colour = colourOf(firstPoint + Math.round(i / pieces));
    const ring = position.length / 3;
    for (let side = 0; side < sides; side++) {
      const angle = (2 * Math.PI * side) / sides;
      const outward = across.map((value, k) => value * Math.cos(angle) + up[k]! * Math.sin(angle));
      position.push(...place.map((value, k) => value + radius * outward[k]!));
      normal.push(...outward);
      color.push(...colour);
    }
    const isEnd = i === 0 || i === places.length - 1;
    for (let side = 1; isEnd && side < sides - 1; side++) index.push(ring, ring + side, ring + side + 1);
    if (i === 0) continue;
    for (let side = 0; side < sides; side++) {
      const next = (side + 1) % sides;
      const [a, b, c, d] = [ring - sides + side, ring - sides + next, ring + side, ring + next];
      index.push(a, b, c, b, d, c);
    }
  }
}

const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const scaled = (a: Vector, factor: number): Vector => [a[0] * factor, a[1] * factor, a[2] * factor];
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const unit = (a: Vector): Vector => scaled(a, 1 / Math.max(1e-9, Math.hypot(...a)));
