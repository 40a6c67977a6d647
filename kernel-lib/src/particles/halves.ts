import { Random } from "../random";

/** Division of particles into halves and other parts that must not share an image. */

/** For each particle a number of its image (`ParticleSet.images`); undefined if no two particles share one. */
export type Images = ArrayLike<number> | undefined;

/**
 * Half (1 or 2) of each of `count` particles, 0 for unused ones: the first, third, … used image are in half 1.
 * @param used indices of the used particles
 */
export function alternateHalves(used: ArrayLike<number>, count: number, images?: Images): Uint8Array {
  const halves = new Uint8Array(count);
  const known = new Map<number, number>();
  let distinct = 0;
  for (let n = 0; n < used.length; n++) {
    const particle = used[n]!;
    if (halves[particle] !== 0) continue;
    const half = images ? known.get(images[particle]!) : undefined;
    halves[particle] = half ?? 1 + (distinct++ % 2);
    if (images) known.set(images[particle]!, halves[particle]!);
  }
  return halves;
}

/**
 * Assigns images that are in both of the given halves (1 or 2) to one of them, alternately.
 * @returns the halves, and the number of images that were in both
 */
export function undividedHalves(halves: Uint8Array, images: Images): { halves: Uint8Array; divided: number } {
  if (!images) return { halves, divided: 0 };
  const known = new Map<number, number>();
  const divided = new Map<number, number>();
  for (let i = 0; i < halves.length; i++) {
    const image = images[i]!;
    const half = known.get(image);
    if (half === undefined) known.set(image, halves[i]!);
    else if (half !== halves[i] && !divided.has(image)) divided.set(image, 1 + (divided.size % 2));
  }
  const undivided = halves.map((half, i) => divided.get(images[i]!) ?? half);
  return { halves: undivided, divided: divided.size };
}

/**
 * Splits particles in two: the first `count` in the given order with all that share an image with one of them, and the rest.
 * @param order particle indices, in random order
 * @returns both parts, sorted
 */
export function splitByImage(
  order: ArrayLike<number>,
  count: number,
  images?: Images,
): { first: Int32Array; rest: Int32Array } {
  const imageOf = (particle: number) => images?.[particle] ?? particle;
  const chosen = new Set<number>();
  // Copies of a chosen image are counted, so that the first part is no larger than necessary.
  let taken = 0;
  const sizes = images && sizesOf(order, imageOf);
  for (let n = 0; n < order.length && taken < count; n++) {
    const image = imageOf(order[n]!);
    if (chosen.has(image)) continue;
    // Leave at least one image for the other part.
    if (sizes && chosen.size + 1 === sizes.size) break;
    chosen.add(image);
    taken += sizes?.get(image) ?? 1;
  }
  const first: number[] = [];
  const rest: number[] = [];
  for (let n = 0; n < order.length; n++) (chosen.has(imageOf(order[n]!)) ? first : rest).push(order[n]!);
  return { first: Int32Array.from(first).sort(), rest: Int32Array.from(rest).sort() };
}

/** Random half (1 or 2) of each particle; particles that share an image are in the same half. */
export function randomHalves(
  { count, images }: { count: number; images?: Images },
  seed: number,
): Uint8Array {
  const order = new Random(seed).fork(11).permutation(count);
  const { first } = splitByImage(order, Math.ceil(count / 2), images);
  const halves = new Uint8Array(count).fill(2);
  for (const i of first) halves[i] = 1;
  return undividedHalves(halves, images).halves;
}

function sizesOf(order: ArrayLike<number>, imageOf: (particle: number) => number): Map<number, number> {
  const sizes = new Map<number, number>();
  for (let n = 0; n < order.length; n++) {
    const image = imageOf(order[n]!);
    sizes.set(image, (sizes.get(image) ?? 0) + 1);
  }
  return sizes;
}
