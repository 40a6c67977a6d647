import { type Box, boxOf, middleOf, radiusOf } from "../stage/geometry.js";

/**
 * Sets of Gaussians as the kernel sends them, [5N]: all x, y, z in box units, amplitudes, then sigma in pixels of the box.
 * They are drawn in Å from the middle of the box.
 */

/** The box of a model. */
export interface ModelBox {
  /** Pixels. */
  boxSize: number;
  /** Å per pixel. */
  apix: number;
}

/** Centres [3N] in Å. */
export function positionsOf(gaussians: Float32Array, { boxSize, apix }: ModelBox): Float32Array {
  const count = gaussians.length / 5;
  const boxLength = boxSize * apix;
  const positions = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let axis = 0; axis < 3; axis++) positions[3 * i + axis] = boxLength * gaussians[axis * count + i]!;
  }
  return positions;
}

/** Radii [N] in Å of spheres of `scale` sigma, at least 0.05. */
export function radiiOf(gaussians: Float32Array, apix: number, scale: number): Float32Array {
  const count = gaussians.length / 5;
  return gaussians.slice(4 * count).map((sigma) => Math.max(0.05, sigma * apix * scale));
}

/** Distance [N] of each Gaussian between two states in Å. */
export function distances(from: Float32Array, to: Float32Array, { boxSize, apix }: ModelBox): Float32Array {
  const count = from.length / 5;
  const boxLength = boxSize * apix;
  const lengths = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const dx = to[i]! - from[i]!;
    const dy = to[count + i]! - from[count + i]!;
    const dz = to[2 * count + i]! - from[2 * count + i]!;
    // Math.hypot guards against overflow, which takes ten times as long
    lengths[i] = boxLength * Math.sqrt(dx * dx + dy * dy + dz * dz);
  }
  return lengths;
}

/**
 * The box in Å around the centres of spheres, and the distance from its middle to the farthest edge of a sphere.
 * @param positions [3N], Å
 * @param radii [N], Å
 * @param boxLength Å; without spheres the box is that of the model
 */
export function extentOf(
  positions: ArrayLike<number>,
  radii: readonly number[],
  boxLength: number,
): { box: Box; radius: number } {
  const half = boxLength / 2;
  const box = boxOf(positions) ?? { lowest: [-half, -half, -half], highest: [half, half, half] };
  const middle = middleOf(box);
  const radius = radii.reduce((farthest, radius, i) => {
    const distance = Math.hypot(...middle.map((m, axis) => positions[3 * i + axis]! - m));
    return Math.max(farthest, radius + distance);
  }, 0);
  return { box, radius: radii.length > 0 ? radius : radiusOf(box) };
}

/** The next of 1, 1.5, 2, 3, 5, 7, 10, 15, … at or above a number, so that the end of a scale does not change at every step. */
export function roundedUp(value: number, least = 1): number {
  if (!(value > least)) return least;
  const decade = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7, 10].map((step) => step * decade).find((step) => step >= value * (1 - 1e-6))!;
}

/** Which arrows are drawn, and how long. */
export interface ArrowOptions {
  /** Length of an arrow over that of the motion. */
  scale: number;
  /** Å of motion below which a Gaussian has no arrow; negative: a tenth of the longest. */
  least: number;
}

/** Arrows between two states. */
export interface MotionArrows {
  /** Tails [3M] in Å. */
  from: Float32Array;
  /** Tips [3M] in Å. */
  to: Float32Array;
  /** Of the motion [M] in Å, unscaled. */
  lengths: Float32Array;
  /** Å of motion below which there are none. */
  limit: number;
}

/** Arrows from the Gaussians [5N] of one state to those of another. */
export function arrowsBetween(
  from: Float32Array,
  to: Float32Array,
  box: ModelBox,
  { scale, least }: ArrowOptions,
): MotionArrows {
  const lengths = distances(from, to, box);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const limit = least < 0 ? longest / 10 : least;
  const moving = [...lengths.keys()].filter((i) => lengths[i]! > 0 && lengths[i]! >= limit);
  const start = positionsOf(from, box);
  const end = positionsOf(to, box);
  const tails = new Float32Array(3 * moving.length);
  const tips = new Float32Array(3 * moving.length);
  moving.forEach((i, k) => {
    for (let axis = 0; axis < 3; axis++) {
      const tail = start[3 * i + axis]!;
      tails[3 * k + axis] = tail;
      tips[3 * k + axis] = tail + scale * (end[3 * i + axis]! - tail);
    }
  });
  return { from: tails, to: tips, lengths: Float32Array.from(moving, (i) => lengths[i]!), limit };
}
