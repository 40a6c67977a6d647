/** Lengths and places in the 3-D view, in Å unless said otherwise. */

/** x, y, z. */
export type Vector = readonly [number, number, number];

/** A direction to look along. */
export type Axis = "x" | "y" | "z";

/** A box with edges along the axes. */
export interface Box {
  /** The corner with the smallest coordinates. */
  lowest: Vector;
  /** The opposite corner. */
  highest: Vector;
}

/** The smallest box around points [3N] (x, y, z of each in turn); undefined without points. */
export function boxOf(points: ArrayLike<number>): Box | undefined {
  const lowest = [Infinity, Infinity, Infinity];
  const highest = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    const axis = i % 3;
    if (points[i]! < lowest[axis]!) lowest[axis] = points[i]!;
    if (points[i]! > highest[axis]!) highest[axis] = points[i]!;
  }
  if (!(lowest[0]! <= highest[0]!)) return undefined;
  return { lowest: lowest as unknown as Vector, highest: highest as unknown as Vector };
}

/** The middle of a box. */
export function middleOf({ lowest, highest }: Box): [number, number, number] {
  return lowest.map((low, axis) => (low + highest[axis]!) / 2) as [number, number, number];
}

/**
 * Radius of a sphere around the middle of a box that is to be in view. It holds half the longest edge, so that a rod fits,
 * and most of the way to the corners, which density rarely fills.
 */
export function radiusOf({ lowest, highest }: Box): number {
  const edges = lowest.map((low, axis) => highest[axis]! - low);
  return Math.max(...edges, 0.88 * Math.hypot(...edges)) / 2;
}

/**
 * Distance of a camera at which a sphere is just in view.
 * @param radius of the sphere, which is in the middle of the view
 * @param fieldOfView vertical, in degrees
 * @param size of the view in pixels; 0 × 0 counts as a square
 */
export function distanceToSee(
  radius: number,
  fieldOfView: number,
  { width, height }: { width: number; height: number },
): number {
  const narrow = width > 0 && height > 0 ? Math.min(1, width / height) : 1;
  return radius / Math.sin(Math.atan(Math.tan((fieldOfView * Math.PI) / 360) * narrow));
}
