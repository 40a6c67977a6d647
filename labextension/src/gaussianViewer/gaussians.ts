/**
 * Sets of Gaussians as the kernel sends them, [5N]: x, y, z in box units, amplitude, sigma in pixels of the box; and as
 * they are drawn, in Å from the middle of the box.
 */

export interface ModelBox {
  /** Pixels. */
  boxSize: number;
  /** Å per pixel. */
  apix: number;
}

/** Centres in Å, [3N]. */
export function placesOf(gaussians: Float32Array, { boxSize, apix }: ModelBox): Float32Array {
  const count = gaussians.length / 5;
  const edge = boxSize * apix;
  const places = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) places[3 * i + axis] = edge * gaussians[axis * count + i]!;
  }
  return places;
}

/** Radii in Å of spheres of `scale` sigma. */
export function radiiOf(gaussians: Float32Array, apix: number, scale: number): Float32Array {
  const count = gaussians.length / 5;
  return gaussians.slice(4 * count).map((sigma) => Math.max(0.05, sigma * apix * scale));
}

/** How far each Gaussian is from its place in another state, in Å. */
export function distances(from: Float32Array, to: Float32Array, { boxSize, apix }: ModelBox): Float32Array {
  const count = from.length / 5;
  const edge = boxSize * apix;
  const far = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    far[i] =
      edge *
      Math.hypot(
        to[i]! - from[i]!,
        to[count + i]! - from[count + i]!,
        to[2 * count + i]! - from[2 * count + i]!,
      );
  }
  return far;
}

/** The next of 1, 1.5, 2, 3, 5, 7, 10, 15, … at or above a number; so that a scale does not change at every step. */
export function roundedUp(value: number, least = 1): number {
  if (!(value > least)) return least;
  const decade = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7, 10].map((step) => step * decade).find((step) => step >= value * (1 - 1e-6))!;
}

/** Arrows between two states, those of Gaussians that move farther than `least` Å (negative: a tenth of the farthest). */
export function arrowsBetween(
  from: Float32Array,
  to: Float32Array,
  box: ModelBox,
  { scale, least }: { scale: number; least: number },
): { from: Float32Array; to: Float32Array; lengths: Float32Array; limit: number } {
  const far = distances(from, to, box);
  const farthest = far.reduce((most, length) => Math.max(most, length), 0);
  const limit = least < 0 ? farthest / 10 : least;
  const moving = [...far.keys()].filter((i) => far[i]! > 0 && far[i]! >= limit);
  const start = placesOf(from, box);
  const end = placesOf(to, box);
  const tails = new Float32Array(3 * moving.length);
  const heads = new Float32Array(3 * moving.length);
  moving.forEach((i, k) => {
    for (let axis = 0; axis < 3; axis++) {
      const tail = start[3 * i + axis]!;
      tails[3 * k + axis] = tail;
      heads[3 * k + axis] = tail + scale * (end[3 * i + axis]! - tail);
    }
  });
  return { from: tails, to: heads, lengths: Float32Array.from(moving, (i) => far[i]!), limit };
}
