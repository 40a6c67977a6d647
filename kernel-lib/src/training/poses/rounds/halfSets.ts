import { InputError } from "../../../errors";
import { randomHalves } from "../../../particles/halves";
import type { ParticleSet } from "../../../particles/particleSet";
import { evenly } from "../../evidence/sample";

/** Fewest particles of a half. */
const leastHalf = 10;

/** Particles, and the half (1 or 2) of each. */
export interface HalfSets {
  set: ParticleSet;
  halves: Uint8Array;
}

/**
 * The halves of a set: those of its file, else random ones.
 * @param options `perHalf`: most particles of each half, evenly spaced in the file; the set is then that sample
 * @throws InputError for fewer than 10 particles in a half
 */
export function halfSets(
  set: ParticleSet,
  { seed = 1, perHalf }: { seed?: number | undefined; perHalf?: number | undefined },
): HalfSets {
  const halves = set.randomSubset ?? randomHalves(set, seed);
  const members = [1, 2].map((half) => indicesOf(halves, half));
  for (const [h, { length }] of members.entries()) {
    if (length >= leastHalf) continue;
    throw new InputError(
      set.file,
      `at least ${leastHalf} particles in each half set`,
      `${length} in half ${h + 1}`,
    );
  }
  if (perHalf === undefined || members.every(({ length }) => length <= perHalf)) return { set, halves };
  const sample = members.flatMap((half) => [...evenly(half, perHalf)]).sort((a, b) => a - b);
  return { set: set.select(sample), halves: Uint8Array.from(sample, (i) => halves[i]!) };
}

/** The particles of a half, ascending. */
export function indicesOf(halves: Uint8Array, half: number): Int32Array {
  return Int32Array.from(halves.keys()).filter((i) => halves[i] === half);
}
