import type { Vector } from "../../stage/geometry.js";

/** How places in Å lie in the picture. */
export interface BrushView {
  /** CSS pixels from the upper left corner. */
  project(place: Vector): { x: number; y: number };
  /** Å from the camera along its direction; less is nearer. */
  depth(place: Vector): number;
}

/** A Gaussian is met by a brush within this many CSS pixels of its centre, however small it is drawn. */
const leastReach = 8;

/**
 * The foremost Gaussian under a point of the picture.
 * @param places centres [3N] in Å
 * @param reach of each Gaussian [N] in CSS pixels
 * @returns its index; undefined if there is none
 */
export function frontGaussian(
  places: Float32Array,
  reach: Float32Array,
  view: BrushView,
  at: { x: number; y: number },
): number | undefined {
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  for (let i = 0; i < reach.length; i++) {
    const place = placeOf(places, i);
    const { x, y } = view.project(place);
    if (Math.hypot(x - at.x, y - at.y) > Math.max(leastReach, reach[i]!)) continue;
    const depth = view.depth(place);
    if (depth < least) [best, least] = [i, depth];
  }
  return best < 0 ? undefined : best;
}

/** The Gaussians within a radius in Å of one of them. @param places centres [3N] in Å */
export function gaussiansAround(places: Float32Array, index: number, radius: number): number[] {
  const centre = placeOf(places, index);
  const found: number[] = [];
  for (let i = 0; i < places.length / 3; i++) {
    const place = placeOf(places, i);
    if (Math.hypot(...place.map((value, axis) => value - centre[axis]!)) <= radius) found.push(i);
  }
  return found;
}

const placeOf = (places: Float32Array, i: number): Vector => [
  places[3 * i]!,
  places[3 * i + 1]!,
  places[3 * i + 2]!,
];
